"""Service. Everything that became of one release, in one look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from custody.tables import CustodyEventRow
from evidence.attention import calls_to
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require
from evidence.people.tables import PersonRow
from export.delivery.tables import CollectionRow, DownloadRow, HandoffRow, LinkRow, ReceiptRow
from export.desk.releases import second_due
from export.holdings.tables import ExhibitFileRow
from export.release.contents import carried_of
from export.release.decisions import CORRECTED
from export.release.releases import Releases, label
from export.release.tables import ReleaseExhibitRow, ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow


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
        return sum(name == event for name, _ in self.events)


class Stories:
    """Tells what became of releases; decides and writes nothing."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases

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
        calls = calls_to(session, row.id)
        return Story(
            row=row,
            recipient=self._releases.recipient(session, row),
            people=_names(session, row, handoffs),
            files=carried_of(session, row, self._releases.exhibits(session, row.id)),
            steps={step.step: step for step in steps},
            links=links,
            messages=tuple(messages),
            handoffs=handoffs,
            events=_events(session, row.id),
            attention=tuple(one.words for one in calls),
            corrected=tuple(one.words for one in calls if one.job == CORRECTED),
            outdated=_outdated(session, row.id),
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


def _links(session: Session, release: UUID) -> tuple[LinkStory, ...]:
    of_release = select(LinkRow.id).where(LinkRow.release == release)
    links = session.exec(
        select(LinkRow).where(LinkRow.release == release).order_by(col(LinkRow.number))
    ).all()
    collections = session.exec(
        select(CollectionRow.id, CollectionRow.link).where(col(CollectionRow.link).in_(of_release))
    ).all()
    downloads = session.exec(
        select(DownloadRow)
        .where(col(DownloadRow.link).in_(of_release))
        .order_by(col(DownloadRow.authorised_at))
    ).all()
    receipts = session.exec(
        select(ReceiptRow, CollectionRow.link)
        .join(CollectionRow, col(CollectionRow.id) == ReceiptRow.collection)
        .where(col(CollectionRow.link).in_(of_release))
        .order_by(col(ReceiptRow.confirmed_at))
    ).all()
    return tuple(
        LinkStory(
            row,
            collections=sum(link == row.id for _, link in collections),
            downloads=tuple(one for one in downloads if one.link == row.id),
            receipts=tuple(receipt for receipt, link in receipts if link == row.id),
        )
        for row in links
    )


def _names(session: Session, row: ReleaseRow, handoffs: Sequence[HandoffRow]) -> dict[UUID, str]:
    wanted = {row.proposed_by, row.approved_by, row.seconded_by, row.ended_by, row.taken_by}
    wanted |= {handoff.person for handoff in handoffs}
    return names_of(session, wanted)


def _events(session: Session, release: UUID) -> tuple[tuple[str, datetime], ...]:
    rows = session.exec(
        select(CustodyEventRow.event, CustodyEventRow.at)
        .where(CustodyEventRow.record == release)
        .order_by(col(CustodyEventRow.n))
    )
    return tuple((event, at) for event, at in rows)
