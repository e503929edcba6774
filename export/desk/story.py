"""Service. Everything that became of one release, in one look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from custody.ledger.entries import publication_behind
from custody.ledger.tables import CustodyEventRow
from evidence.attention import calls_to
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.messages import JOB_SEND, waits_for_a_person
from evidence.mailbox.tables import MessageRow
from evidence.paging import Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require
from evidence.people.tables import PersonRow
from export.delivery.tables import CollectionRow, DownloadRow, HandoffRow, LinkRow, ReceiptRow
from export.desk.releases import second_due
from export.feedback.feedback import latest_answer
from export.feedback.tables import FeedbackRow
from export.holdings.tables import ExhibitFileRow
from export.release.contents import carried_of
from export.release.decisions import CORRECTED
from export.release.notices import ReleaseLetter, has_mailbox
from export.release.releases import Releases, label
from export.release.states import ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow

SHOWN = 20
"""Events, and letters, that a page shows."""
_TOLD = (ReleaseState.PROPOSED, ReleaseState.REFUSED, ReleaseState.WITHDRAWN)


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
class EventSeen:
    """One custody event of a release, as its page names it."""

    n: int
    """Its number in the record, from 0."""
    name: str
    at: datetime


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
    messages: Page[MessageRow]
    """A page of the letters about it, the newest first."""
    lost: bool
    """Whether a letter did not arrive, as far as we know, and nobody has settled it."""
    handoffs: tuple[HandoffRow, ...]
    events: tuple[EventSeen, ...]
    """Some custody events of the release, the newest first."""
    counts: Mapping[str, int]
    """How many events of each name there are in all."""
    attention: tuple[str, ...]
    log_behind: str
    """Why the log signs nothing newer, while a sealing may wait for it; empty: it does."""
    feedback: FeedbackRow | None
    """What its recipient said last of whether it helped; None: nothing."""
    replaces: str
    """The proposal in whose place this one was made, by its name; empty: none."""
    replaced_by: str
    """The proposal that was made in its place, by its name; empty: none."""
    proposer_has_mailbox: bool
    """Whether whoever proposed it is told by a letter how it ends, while that is of interest."""
    releasers_written: int
    """How many releasers were written to that it waits, while it does."""
    corrected: tuple[str, ...]
    """What a person must look at because an exhibit of it was corrected."""
    outdated: Sequence[tuple[str, datetime]]
    """Exhibits, by reference, that were corrected after it was sealed, and when the last time."""

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
        return self.counts.get(event, 0)

    @property
    def older(self) -> int | None:
        """The number of the last event that is shown, if there are older ones."""
        return self.events[-1].n if self.events and self.events[-1].n else None


class Stories:
    """Tells what became of releases; decides and writes nothing."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases

    def story(
        self,
        session: Session,
        name: str,
        *,
        by: Subject,
        before: int | None = None,
        cursor: Cursor | None = None,
    ) -> Story:
        """Return everything that became of one release: of events and letters, one page.

        ``before`` is the number of the event that the page of events ends at, ``cursor`` the place
        where the page of letters begins.

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
        calls, messages = calls_to(session, row.id), _messages(session, row.id, cursor)
        return Story(
            row=row,
            recipient=self._releases.recipient(session, row),
            people=_names(session, row, handoffs, messages.rows),
            files=carried_of(session, row, self._releases.exhibits(session, row.id)),
            steps={step.step: step for step in steps},
            links=links,
            messages=messages,
            lost=JOB_SEND in {one.job for one in calls}
            or any(map(waits_for_a_person, messages.rows)),
            handoffs=handoffs,
            events=_events(session, row.id, before),
            counts=_counts(session, row.id),
            attention=tuple(one.words for one in calls),
            log_behind=publication_behind(session) if row.state == ReleaseState.SEALING else "",
            feedback=latest_answer(session, row.id),
            corrected=tuple(one.words for one in calls if one.job == CORRECTED),
            outdated=_outdated(session, row.id),
            **_replacing(session, row),
            proposer_has_mailbox=row.state in _TOLD and has_mailbox(session, row.proposed_by),
            releasers_written=_written(session, row),
        )


def _outdated(session: Session, release: UUID) -> Sequence[tuple[str, datetime]]:
    rows = session.exec(
        select(ExhibitRow.reference, ReleaseExhibitRow.corrected_at)
        .join(ReleaseExhibitRow, col(ReleaseExhibitRow.exhibit) == ExhibitRow.id)
        .where(
            ReleaseExhibitRow.release == release, col(ReleaseExhibitRow.corrected_at).is_not(None)
        )
        .order_by(col(ExhibitRow.reference))
    )
    return [(reference, at) for reference, at in rows if at is not None]


def _replacing(session: Session, row: ReleaseRow) -> dict[str, str]:
    """Return the names of the proposals before and after one that was edited."""
    beside = or_(col(ReleaseRow.id) == row.replaces, col(ReleaseRow.replaces) == row.id)
    named = {"replaces": "", "replaced_by": ""}
    for one in session.exec(select(ReleaseRow).where(beside)):
        named["replaces" if one.id == row.replaces else "replaced_by"] = label(one)
    return named


def _written(session: Session, row: ReleaseRow) -> int:
    if row.state != ReleaseState.PROPOSED:
        return 0
    kind = ReleaseLetter.APPROVAL_NEEDED.value
    letters = select(func.count()).where(MessageRow.about == row.id, MessageRow.kind == kind)
    return session.exec(letters).one()


def _links(session: Session, release: UUID) -> tuple[LinkStory, ...]:
    of_release = select(LinkRow.id).where(LinkRow.release == release)
    links = session.exec(
        select(LinkRow).where(LinkRow.release == release).order_by(col(LinkRow.number))
    ).all()
    # A collection has one receipt at most.
    collections: Sequence[tuple[UUID, ReceiptRow | None]] = session.exec(
        select(CollectionRow.link, ReceiptRow)
        .join(ReceiptRow, col(ReceiptRow.collection) == CollectionRow.id, isouter=True)
        .where(col(CollectionRow.link).in_(of_release))
        .order_by(col(ReceiptRow.confirmed_at))
    ).all()
    downloads = session.exec(
        select(DownloadRow)
        .where(col(DownloadRow.link).in_(of_release))
        .order_by(col(DownloadRow.authorised_at))
    ).all()
    return tuple(
        LinkStory(
            row,
            collections=sum(link == row.id for link, _ in collections),
            downloads=tuple(one for one in downloads if one.link == row.id),
            receipts=tuple(one for link, one in collections if one is not None and link == row.id),
        )
        for row in links
    )


def _names(
    session: Session,
    row: ReleaseRow,
    handoffs: Sequence[HandoffRow],
    letters: Sequence[MessageRow],
) -> dict[UUID, str]:
    wanted = {row.proposed_by, row.approved_by, row.seconded_by, row.ended_by, row.taken_by}
    wanted |= {handoff.person for handoff in handoffs} | {one.settled_by for one in letters}
    return names_of(session, wanted)


def _messages(session: Session, release: UUID, cursor: Cursor | None) -> Page[MessageRow]:
    statement = select(MessageRow).where(MessageRow.about == release)
    at, identifier = col(MessageRow.queued_at), col(MessageRow.id)
    return page_of(
        lambda place: session.exec(beyond(statement, at, identifier, place, most=SHOWN)).all(),
        lambda row: (row.queued_at, row.id),
        cursor,
        most=SHOWN,
    )


def _events(session: Session, release: UUID, before: int | None) -> tuple[EventSeen, ...]:
    """Return a page of events: their numbers have no gaps, so that each is a place in the list."""
    n = col(CustodyEventRow.n)
    statement = select(n, CustodyEventRow.event, CustodyEventRow.at).where(
        CustodyEventRow.record == release
    )
    if before is not None:
        statement = statement.where(n < before)
    return tuple(EventSeen(*row) for row in session.exec(statement.order_by(n.desc()).limit(SHOWN)))


def _counts(session: Session, release: UUID) -> Mapping[str, int]:
    of = select(CustodyEventRow.event, func.count()).where(CustodyEventRow.record == release)
    return dict(session.exec(of.group_by(CustodyEventRow.event)).all())
