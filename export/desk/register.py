"""Service. The disclosure register, in the words of the Information Commissioner's guidance.

When, to whom, at which organisation, why and how, by whom and in which role: one entry for each
time that a package went out, and one, marked as such, for a link that was offered and never
followed. An entry's place among the others is its moment, and the identifier of its row.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, union_all
from sqlmodel import Session, col

from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.exhibits.tables import ExhibitRow
from evidence.paging import MOST_COUNTED, Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.people.tables import PersonRow
from export.desk.departures import Departure, departures
from export.desk.disclosures import Disclosure, How, Period
from export.holdings.files import MASTER, files_among
from export.release.contents import goes
from export.release.releases import label
from export.release.tables import ReleaseExhibitRow, ReleaseFileRow, ReleaseRow
from export.sealing.steps import SealStep
from export.sealing.tables import SealStepRow

ERASED = "erased"
"""What stands where a name was, once it may no longer be kept."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Counted:
    """How many entries there are, each counted up to one more than `MOST_COUNTED`."""

    disclosed: int
    offered: int
    """What was offered by a link, and never collected."""


class Register:
    """Tells what was disclosed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def page(
        self,
        session: Session,
        period: Period,
        *,
        by: Subject,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[Disclosure]:
        """Return a page of the entries of a period, the newest first.

        Raises:
            AccessRefusedError: ``by`` may not read the register.
        """
        require(Action.READ_REGISTER, by)
        ways = departures(period)

        def read(at: Cursor | None) -> Sequence[Departure]:
            # A page of each way, by its own index, and of these the page of them all.
            ends = [beyond(one.statement, one.at, one.id, at, most=most) for one in ways]
            facts = union_all(*(select(one.subquery()) for one in ends)).subquery()
            place = facts.c.at, facts.c.id
            return [
                Departure(*row)
                for row in session.execute(beyond(select(facts), *place, at, most=most))
            ]

        found = page_of(read, lambda fact: (fact.at, fact.id), cursor, most=most)
        return found.of(_told(session, found.rows))

    def entries(self, session: Session, period: Period, *, by: Subject) -> Iterator[Disclosure]:
        """Yield every entry of a period, the newest first, as of one moment.

        They are read some hundred at a time, as long as the transaction lasts.

        Raises:
            AccessRefusedError: ``by`` may not read the register.
        """
        require(Action.READ_REGISTER, by)
        return self._entries(session, period)

    def _entries(self, session: Session, period: Period) -> Iterator[Disclosure]:
        facts = union_all(*(one.statement for one in departures(period))).subquery()
        # One statement, so that nothing that moves meanwhile is missed or told twice.
        rows = session.execute(
            select(facts).order_by(facts.c.at.desc(), facts.c.id.desc()),
            execution_options={"yield_per": _AT_ONCE},
        )
        for some in rows.partitions():
            yield from _told(session, [Departure(*row) for row in some])

    def export(
        self, session: Session, period: Period, *, by: Subject, at: datetime
    ) -> Iterator[Disclosure]:
        """Yield every entry of a period, as `entries`, to be taken out as a file: that is an event.

        Raises:
            AccessRefusedError: ``by`` may not read the register.
        """
        role = require(Action.READ_REGISTER, by)
        first, last = (day.isoformat() if day else "" for day in (period.first, period.last))
        days = f"{first or 'the first day'} to {last or 'today'}"
        values: Values = {
            "actor": as_person(by),
            "role": role.value,
            "what": f"disclosure register, {days}",
        }
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        self._ledger.append(session, record, "register.exported", values, at=at)
        return self._entries(session, period)

    def counts(self, session: Session, period: Period, *, by: Subject) -> Counted:
        """Return how many entries a period has.

        Raises:
            AccessRefusedError: ``by`` may not read the register.
        """
        require(Action.READ_REGISTER, by)
        ways = departures(period)
        counts = [
            select(func.count())
            .select_from(one.statement.limit(MOST_COUNTED + 1).subquery())
            .scalar_subquery()
            for one in ways
        ]
        found = dict(zip(ways, session.execute(select(*counts)).one(), strict=True))
        disclosed = sum(count for one, count in found.items() if one.how.happened)
        offered = sum(count for one, count in found.items() if not one.how.happened)
        return Counted(min(disclosed, MOST_COUNTED + 1), offered)


def _told(session: Session, facts: Sequence[Departure]) -> list[Disclosure]:
    takers = {fact.person for fact in facts}
    known = _Known(session, {fact.release for fact in facts}, takers)
    return [known.tell(fact) for fact in facts]


class _Known:
    """Everything that entries tell of some releases, read in a few statements."""

    def __init__(
        self, session: Session, releases: Collection[UUID], takers: Collection[UUID | None]
    ) -> None:
        rows = session.scalars(select(ReleaseRow).where(col(ReleaseRow.id).in_(releases)))
        self._releases = {row.id: row for row in rows}
        sealed = select(col(SealStepRow.release), col(SealStepRow.facts)["sha256"].astext).where(
            col(SealStepRow.step) == SealStep.CHECK.value, col(SealStepRow.release).in_(releases)
        )
        self._sealed = _pairs(session, sealed)
        self._exhibits = _grouped(
            session,
            select(col(ReleaseExhibitRow.release), col(ExhibitRow.id), col(ExhibitRow.reference))
            .join(ExhibitRow, col(ExhibitRow.id) == ReleaseExhibitRow.exhibit)
            .where(col(ReleaseExhibitRow.release).in_(releases)),
        )
        self._chosen = _grouped(
            session,
            select(col(ReleaseFileRow.release), col(ReleaseFileRow.file)).where(
                col(ReleaseFileRow.release).in_(releases)
            ),
        )
        exhibits = {exhibit for some in self._exhibits.values() for exhibit, _ in some}
        self._files = files_among(session, exhibits)
        people = set(takers)
        for row in self._releases.values():
            people |= {row.recipient, row.approved_by, row.seconded_by}
        found = session.scalars(select(PersonRow).where(col(PersonRow.id).in_(people - {None})))
        self._people = {row.id: row for row in found}

    def tell(self, fact: Departure) -> Disclosure:
        """Return the entry of a fact."""
        row, how = self._releases[fact.release], How(fact.how)
        recipient = self._people.get(row.recipient)
        exhibits = [self._exhibit(row, *exhibit) for exhibit in self._exhibits[row.id]]
        approvers = [person for person in (row.approved_by, row.seconded_by) if person is not None]
        return Disclosure(
            at=fact.at,
            how=how,
            release=label(row),
            person=recipient.name if recipient else ERASED,
            email=recipient.email if recipient else ERASED,
            organisation=row.organisation,
            kind=row.kind,
            why=row.purpose,
            basis=row.basis,
            exhibits=tuple(sorted(words for words, _ in exhibits)),
            files=sum(count for _, count in exhibits),
            sha256=self._sealed.get(row.id) or "",
            approved_by=tuple(self._name(person) for person in approvers),
            taken_by=self._name(fact.person) if fact.person else "",
            role=fact.role,
            detail=fact.detail,
            receipt=fact.receipt,
        )

    def _exhibit(self, row: ReleaseRow, exhibit: UUID, reference: str) -> tuple[str, int]:
        """Return an exhibit with the word whether a master of it went, and how many files went."""
        files = self._files.get(exhibit, [])
        chosen = frozenset(file for (file,) in self._chosen.get(row.id, ()))
        gone = [f for f in files if goes(f, files, chosen, with_master=row.with_master)]
        master = any(file.kind == MASTER for file in gone)
        word = "with master" if master else "without master"
        return f"{reference} {word}", len(gone)

    def _name(self, person: UUID) -> str:
        row = self._people.get(person)
        return row.name if row else ERASED


def _pairs(session: Session, statement: Any) -> Mapping[UUID, Any]:  # noqa: ANN401 - a select of two columns
    return {key: value for key, value in session.execute(statement)}  # noqa: C416 - rows are no pairs


def _grouped(session: Session, statement: Any) -> Mapping[UUID, list[tuple[Any, ...]]]:  # noqa: ANN401 - any select
    """Return the rows by their first column, without it."""
    groups: dict[UUID, list[tuple[Any, ...]]] = {}
    for key, *rest in session.execute(statement):
        groups.setdefault(key, []).append(tuple(rest))
    return groups
