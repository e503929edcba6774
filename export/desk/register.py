"""Service. The disclosure register, in the words of the Information Commissioner's guidance.

When, to whom, at which organisation, why and how: one entry for each way in which a package really
went out, and one, marked as such, for a link that was offered and never followed.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.people.tables import PersonRow
from export.delivery.tables import CollectionRow, DownloadRow, HandoffRow, LinkRow, ReceiptRow
from export.holdings.files import MASTER
from export.holdings.tables import ExhibitFileRow
from export.release.contents import goes
from export.release.releases import label
from export.release.tables import ReleaseExhibitRow, ReleaseFileRow, ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow

ERASED = "erased"
"""What stands where a name was, once it may no longer be kept."""
_AT_ONCE = 1000
_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""How a cell begins that a spreadsheet would run (the last four are the wide forms)."""


class How(StrEnum):
    """How a package went out."""

    LINK = "secure link"
    HANDOFF = "hand-off"
    STAFF = "collected by staff"
    OFFERED = "offered by secure link, not collected"

    @property
    def happened(self) -> bool:
        """Whether anything was disclosed."""
        return self is not How.OFFERED


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One entry of the register."""

    at: datetime
    how: How
    release: str
    """The reference, which leads to everything else: BAR-7K4M-2XQ9-J-R1."""
    person: str
    email: str
    organisation: str
    kind: str
    why: str
    basis: str
    exhibits: tuple[str, ...]
    """Each with what of it went: ``JS/1 with master``."""
    files: int
    sha256: str
    """Of the whole package, as it was sealed."""
    approved_by: tuple[str, ...]
    detail: str
    """The other system and its reference, or who of the staff collected it."""
    receipt: datetime | None
    """When the recipient confirmed, by its digest, that it arrived whole."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days of which entries are wanted, both included, in the council's own time."""

    first: date | None = None
    last: date | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether a moment lies in the period."""
        start, end = self._start(), self._end()
        return (start is None or at >= start) and (end is None or at < end)

    def _start(self) -> datetime | None:
        return None if self.first is None else datetime.combine(self.first, time(), LONDON)

    def _end(self) -> datetime | None:
        if self.last is None:
            return None
        return datetime.combine(self.last + timedelta(days=1), time(), LONDON)


def parse_period(first: str, last: str) -> Period:
    """Read two dates as ``2026-11-21``; empty: no limit.

    Raises:
        InvalidError: no date, or the last day lies before the first.
    """
    period = Period(_day("first", first), _day("last", last))
    if period.first and period.last and period.last < period.first:
        raise InvalidError("last", "the last day lies before the first")
    return period


def _day(name: str, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or not 1970 <= day.year < 2200:  # noqa: PLR2004 - nobody meant another year
        raise InvalidError(name, "this is no date: write it like 2026-11-21")
    return day


@dataclass(frozen=True, slots=True)
class _Fact:
    """That something left, or was offered, before it is told in full."""

    at: datetime
    how: How
    release: UUID
    detail: str = ""
    person: UUID | None = None


class Register:
    """Tells what was disclosed."""

    def entries(self, session: Session, period: Period, *, by: Subject) -> list[Disclosure]:
        """Return the entries of a period, the newest first.

        Raises:
            AccessRefusedError: ``by`` may not read the register.
        """
        require(Action.READ_REGISTER, by)
        facts = [fact for fact in _facts(session) if period.holds(fact.at)]
        facts.sort(key=lambda fact: (fact.at, str(fact.release), fact.how), reverse=True)
        known = _Known(session, sorted({fact.release for fact in facts}))
        return [known.tell(fact) for fact in facts]


def _facts(session: Session) -> Iterator[_Fact]:
    """Yield what left the house, and what was only offered."""
    out: set[UUID] = set()
    first = func.min(DownloadRow.authorised_at)
    downloads = session.exec(
        select(LinkRow.release, first)
        .join(DownloadRow, col(DownloadRow.link) == LinkRow.id)
        .group_by(col(LinkRow.release))
    )
    for release, at in downloads:
        out.add(release)
        yield _Fact(at, How.LINK, release)
    for handoff in session.exec(select(HandoffRow)):
        out.add(handoff.release)
        detail = f"{handoff.system}, reference {handoff.reference}"
        yield _Fact(handoff.at, How.HANDOFF, handoff.release, detail)
    taken = select(ReleaseRow.id, ReleaseRow.taken_at, ReleaseRow.taken_by)
    for release, taken_at, person in session.exec(
        taken.where(col(ReleaseRow.taken_at).is_not(None))
    ):
        assert taken_at is not None
        out.add(release)
        yield _Fact(taken_at, How.STAFF, release, person=person)
    issued = select(LinkRow.release, func.min(LinkRow.issued_at)).group_by(col(LinkRow.release))
    for release, at in session.exec(issued):
        if release not in out:
            yield _Fact(at, How.OFFERED, release)


class _Known:
    """Everything that entries tell of some releases, read in a few statements."""

    def __init__(self, session: Session, releases: Sequence[UUID]) -> None:
        self._releases = {
            row.id: row for row in _rows(session, select(ReleaseRow), ReleaseRow.id, releases)
        }
        self._sealed = {
            row.release: row.facts.get("sha256", "")
            for row in _rows(session, select(SealStepRow), SealStepRow.release, releases)
            if row.step == SealStep.CHECK
        }
        self._receipts = dict(_receipts(session, releases))
        self._exhibits = _grouped(
            (row.release, row.exhibit)
            for row in _rows(
                session, select(ReleaseExhibitRow), ReleaseExhibitRow.release, releases
            )
        )
        self._chosen = _grouped(
            (row.release, row.file)
            for row in _rows(session, select(ReleaseFileRow), ReleaseFileRow.release, releases)
        )
        ids = sorted({exhibit for some in self._exhibits.values() for exhibit in some})
        self._references = {
            row.id: row.reference for row in _rows(session, select(ExhibitRow), ExhibitRow.id, ids)
        }
        self._files: dict[UUID, list[ExhibitFileRow]] = defaultdict(list)
        for file in _rows(session, select(ExhibitFileRow), ExhibitFileRow.exhibit, ids):
            self._files[file.exhibit].append(file)
        rows = self._releases.values()
        people = {row.recipient for row in rows} | {
            person
            for row in rows
            for person in (row.approved_by, row.seconded_by, row.taken_by)
            if person is not None
        }
        self._people = {
            row.id: row for row in _rows(session, select(PersonRow), PersonRow.id, sorted(people))
        }

    def tell(self, fact: _Fact) -> Disclosure:
        """Return the entry of a fact."""
        row = self._releases[fact.release]
        recipient = self._people.get(row.recipient)
        exhibits = [self._exhibit(row, exhibit) for exhibit in self._exhibits[row.id]]
        approvers = [person for person in (row.approved_by, row.seconded_by) if person is not None]
        return Disclosure(
            at=fact.at,
            how=fact.how,
            release=label(row),
            person=recipient.name if recipient else ERASED,
            email=recipient.email if recipient else ERASED,
            organisation=row.organisation,
            kind=row.kind,
            why=row.purpose,
            basis=row.basis,
            exhibits=tuple(sorted(words for words, _ in exhibits)),
            files=sum(count for _, count in exhibits),
            sha256=self._sealed.get(row.id, ""),
            approved_by=tuple(self._name(person) for person in approvers),
            detail=fact.detail or (self._name(fact.person) if fact.person else ""),
            receipt=self._receipts.get(row.id) if fact.how is How.LINK else None,
        )

    def _exhibit(self, row: ReleaseRow, exhibit: UUID) -> tuple[str, int]:
        """Return an exhibit with the word whether a master of it went, and how many files went."""
        files, chosen = self._files[exhibit], frozenset(self._chosen[row.id])
        gone = [f for f in files if goes(f, files, chosen, with_master=row.with_master)]
        master = any(file.kind == MASTER for file in gone)
        word = "with master" if master else "without master"
        return f"{self._references[exhibit]} {word}", len(gone)

    def _name(self, person: UUID) -> str:
        row = self._people.get(person)
        return row.name if row else ERASED


def _rows(session: Session, statement: Any, column: Any, keys: Sequence[UUID]) -> Iterator[Any]:  # noqa: ANN401 - any table
    """Yield the rows of some keys; as many at once as one statement carries well."""
    for start in range(0, len(keys), _AT_ONCE):
        yield from session.exec(statement.where(col(column).in_(keys[start : start + _AT_ONCE])))


def _receipts(session: Session, releases: Sequence[UUID]) -> Iterator[tuple[UUID, datetime]]:
    statement = (
        select(LinkRow.release, func.min(ReceiptRow.confirmed_at))
        .join(CollectionRow, col(CollectionRow.link) == LinkRow.id)
        .join(ReceiptRow, col(ReceiptRow.collection) == CollectionRow.id)
        .group_by(col(LinkRow.release))
    )
    yield from _rows(session, statement, LinkRow.release, releases)


def _grouped(pairs: Iterator[tuple[UUID, UUID]]) -> Mapping[UUID, list[UUID]]:
    groups: dict[UUID, list[UUID]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


COLUMNS = (
    "Date and time",
    "Disclosed",
    "Person",
    "E-mail",
    "Organisation",
    "Kind",
    "Why",
    "Legal basis",
    "How",
    "Detail",
    "Reference",
    "What",
    "Files",
    "SHA-256 of the package",
    "Approved by",
    "Receipt confirmed",
)


def format_register(entries: Sequence[Disclosure]) -> str:
    """Write entries as CSV (RFC 4180) that a spreadsheet opens as it is and runs nothing of.

    It begins with a byte order mark, without which names with accents would be spoilt. Times are
    ISO 8601 on the council's clock, with their offset from UTC.
    """
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([defused(cell) for cell in _cells(entry)])
    return text.getvalue()


def _cells(entry: Disclosure) -> tuple[str, ...]:
    return (
        _local(entry.at),
        "yes" if entry.how.happened else "no",
        entry.person,
        entry.email,
        entry.organisation,
        entry.kind,
        entry.why,
        entry.basis,
        entry.how.value,
        entry.detail,
        entry.release,
        "; ".join(entry.exhibits),
        str(entry.files),
        entry.sha256,
        "; ".join(entry.approved_by),
        _local(entry.receipt) if entry.receipt else "",
    )


def _local(at: datetime) -> str:
    return at.astimezone(LONDON).isoformat(timespec="seconds")


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, whatever somebody typed."""
    shown = cell.lstrip(" \u00a0")
    return f"'{cell}" if shown[:1] in _FORMULA and shown else cell
