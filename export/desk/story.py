"""Service. Where releases stand: the list of them, and everything that became of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, true
from sqlmodel import Session, col, func, select

from custody.tables import CustodyEventRow
from evidence.attention import calls_to
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.people.tables import PersonRow
from export.delivery.tables import CollectionRow, DownloadRow, HandoffRow, LinkRow, ReceiptRow
from export.holdings.tables import ExhibitFileRow
from export.release.contents import carried
from export.release.decisions import SECOND_WITHIN
from export.release.releases import Releases, label
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow

PAGE = 20
"""Releases on one page of the list."""


class Group(StrEnum):
    """Which releases a list shows."""

    WAITING = "waiting"
    """For an approval: the first, or the second of an urgent one."""
    SEALING = "sealing"
    OUT = "out"
    ENDED = "ended"
    ALL = "all"


_STATES: Mapping[Group, tuple[ReleaseState, ...]] = {
    Group.SEALING: (ReleaseState.APPROVED, ReleaseState.SEALING),
    Group.OUT: (ReleaseState.SEALED, ReleaseState.EXPIRED),
    Group.ENDED: (ReleaseState.REFUSED, ReleaseState.REVOKED),
}
_OVER = (ReleaseState.PROPOSED, *_STATES[Group.ENDED])


@dataclass(frozen=True, slots=True)
class Listed:
    """One release, as a list shows it."""

    row: ReleaseRow
    recipient: str
    exhibits: tuple[str, ...]

    @property
    def label(self) -> str:
        """How people call it."""
        return label(self.row)

    @property
    def second_due(self) -> datetime | None:
        """By when a second person must confirm it; None: nobody must."""
        return second_due(self.row)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list."""

    releases: tuple[Listed, ...]
    found: int
    counts: Mapping[Group, int]


@dataclass(frozen=True, slots=True)
class LinkStory:
    """One link, and what came of it."""

    row: LinkRow
    collections: int
    """How often somebody entered the right code."""
    downloads: tuple[DownloadRow, ...]
    receipts: tuple[ReceiptRow, ...]

    def state(self, at: datetime) -> str:
        """Return where the link stands: works, used up, expired or ended."""
        if self.row.revoked_at is not None:
            return "ended"
        if self.row.expires_at <= at:
            return "expired"
        return "used up" if len(self.downloads) >= self.row.downloads_allowed else "works"


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that became of one release."""

    row: ReleaseRow
    recipient: PersonRow
    people: Mapping[UUID, str]
    """The names of whoever decided, by their identifier."""
    files: Sequence[tuple[ExhibitRow, Sequence[ExhibitFileRow]]]
    steps: Mapping[str, SealStepRow]
    links: tuple[LinkStory, ...]
    messages: tuple[MessageRow, ...]
    handoffs: tuple[HandoffRow, ...]
    events: tuple[tuple[str, datetime], ...]
    """The custody events of the release, in their order."""
    attention: tuple[str, ...]

    @property
    def label(self) -> str:
        """How people call it."""
        return label(self.row)

    @property
    def second_due(self) -> datetime | None:
        """By when a second person must confirm it; None: nobody must."""
        return second_due(self.row)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the sealed package; empty while there is none."""
        checked = self.steps.get(SealStep.CHECK)
        return str(checked.facts["sha256"]) if checked else ""

    @property
    def size(self) -> int:
        """The size of the package in bytes."""
        archive = self.steps.get(SealStep.ARCHIVE)
        return int(archive.facts["size"]) if archive else 0

    @property
    def downloads(self) -> int:
        """How many downloads were authorised, of all links."""
        return sum(len(link.downloads) for link in self.links)

    def name(self, person: UUID | None) -> str:
        """Return a name, or that it was erased."""
        return "" if person is None else self.people.get(person, "erased")

    def count(self, event: str) -> int:
        """Return how often an event happened."""
        return sum(name == event for name, _ in self.events)


def second_due(row: ReleaseRow) -> datetime | None:
    """Return by when a second person must confirm an urgent release; None: nobody must."""
    if not row.urgent or row.approved_at is None or row.seconded_at is not None:
        return None
    return None if row.state in _OVER else row.approved_at + SECOND_WITHIN


class Stories:
    """Reads where releases stand; decides and writes nothing."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases

    def page(
        self, session: Session, group: Group, *, words: str = "", number: int = 1, by: Subject
    ) -> Listing:
        """Return a page of the list, the newest first; ``words`` are of a name or a reference.

        Raises:
            AccessRefusedError: ``by`` may see no release.
        """
        require(Action.SHOW_RELEASE, by)
        match = _matches(words)
        joined = select(ReleaseRow, PersonRow.name).join(
            PersonRow, col(ReleaseRow.recipient) == PersonRow.id
        )
        rows = session.exec(
            joined.where(match, _is_in(group))
            .order_by(col(ReleaseRow.proposed_at).desc(), col(ReleaseRow.id))
            .offset((number - 1) * PAGE)
            .limit(PAGE)
        ).all()
        counts = {one: _count(session, match, one) for one in Group}
        return Listing(
            tuple(
                Listed(
                    row,
                    name,
                    tuple(one.reference for one in self._releases.exhibits(session, row.id)),
                )
                for row, name in rows
            ),
            counts[group],
            counts,
        )

    def story(self, session: Session, name: str, *, by: Subject) -> Story:
        """Return everything that became of one release.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: there is nothing to tell.
        """
        require(Action.SHOW_RELEASE, by)
        row = self._releases.find(session, name)
        links = _links(session, row.id)
        handoffs = tuple(
            session.exec(
                select(HandoffRow).where(HandoffRow.release == row.id).order_by(col(HandoffRow.at))
            )
        )
        steps = session.exec(select(SealStepRow).where(SealStepRow.release == row.id))
        messages = session.exec(
            select(MessageRow)
            .where(MessageRow.about == row.id)
            .order_by(col(MessageRow.queued_at), col(MessageRow.id))
        )
        return Story(
            row=row,
            recipient=self._releases.recipient(session, row),
            people=_names(session, row, handoffs),
            files=[
                (exhibit, carried(session, row, exhibit.id))
                for exhibit in self._releases.exhibits(session, row.id)
            ],
            steps={step.step: step for step in steps},
            links=links,
            messages=tuple(messages),
            handoffs=handoffs,
            events=_events(session, row.id),
            attention=tuple(one.words for one in calls_to(session, row.id)),
        )


def _is_in(group: Group) -> ColumnElement[bool]:
    if group is Group.ALL:
        return true()
    if group is not Group.WAITING:
        return col(ReleaseRow.state).in_(_STATES[group])
    unconfirmed = and_(
        col(ReleaseRow.urgent).is_(True),
        col(ReleaseRow.seconded_at).is_(None),
        col(ReleaseRow.state).not_in(_OVER),
    )
    return or_(col(ReleaseRow.state) == ReleaseState.PROPOSED, unconfirmed)


def _matches(words: str) -> ColumnElement[bool]:
    """Return the condition that every word stands in a name, an organisation or a reference."""
    conditions: list[ColumnElement[bool]] = [true()]
    for word in words.split()[:10]:
        columns = (ReleaseRow.organisation, ReleaseRow.urn, PersonRow.name, PersonRow.email)
        called = func.concat(ReleaseRow.urn, "-R", ReleaseRow.number)
        conditions.append(
            or_(
                called.icontains(word, autoescape=True),
                *(col(column).icontains(word, autoescape=True) for column in columns),
            )
        )
    return and_(*conditions)


def _count(session: Session, match: ColumnElement[bool], group: Group) -> int:
    statement = (
        select(func.count())
        .select_from(ReleaseRow)
        .join(PersonRow, col(ReleaseRow.recipient) == PersonRow.id)
        .where(match, _is_in(group))
    )
    return session.exec(statement).one()


def _links(session: Session, release: UUID) -> tuple[LinkStory, ...]:
    rows = session.exec(
        select(LinkRow).where(LinkRow.release == release).order_by(col(LinkRow.number))
    ).all()
    return tuple(_link(session, row) for row in rows)


def _link(session: Session, row: LinkRow) -> LinkStory:
    collections = session.exec(select(CollectionRow.id).where(CollectionRow.link == row.id)).all()
    downloads = session.exec(
        select(DownloadRow)
        .where(DownloadRow.link == row.id)
        .order_by(col(DownloadRow.authorised_at))
    )
    receipts = session.exec(
        select(ReceiptRow)
        .where(col(ReceiptRow.collection).in_(collections))
        .order_by(col(ReceiptRow.confirmed_at))
    )
    return LinkStory(row, len(collections), tuple(downloads), tuple(receipts))


def _names(session: Session, row: ReleaseRow, handoffs: Sequence[HandoffRow]) -> dict[UUID, str]:
    wanted = {row.proposed_by, row.approved_by, row.seconded_by, row.ended_by, row.taken_by}
    wanted |= {handoff.person for handoff in handoffs}
    people = [person for person in wanted if person is not None]
    rows = session.exec(select(PersonRow).where(col(PersonRow.id).in_(people)))
    return {person.id: person.name for person in rows}


def _events(session: Session, release: UUID) -> tuple[tuple[str, datetime], ...]:
    rows = session.exec(
        select(CustodyEventRow.event, CustodyEventRow.at)
        .where(CustodyEventRow.record == release)
        .order_by(col(CustodyEventRow.n))
    )
    return tuple((event, at) for event, at in rows)
