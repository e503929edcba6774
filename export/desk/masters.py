"""Service. When the files of each exhibit were last read and compared: a list, and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, func, select

from custody.ledger.tables import RecordKeyRow
from evidence import attention
from evidence.attention import NOT_AS_STORED, Call, calls_among
from evidence.exhibits.tables import ExhibitRow
from evidence.paging import Cursor, Page, page_of, soonest
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.holdings.fixity import LAST_READ

_HAS_KEY = col(RecordKeyRow.record) == ExhibitRow.id
"""What was erased or disposed of has none, and nothing to be read."""


class MasterGroup(StrEnum):
    """Which exhibits are looked at."""

    ALL = ""
    OVERDUE = "overdue"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class ListedMaster:
    """One exhibit, and when its files were read."""

    row: ExhibitRow
    overdue: bool
    damaged: Sequence[Call]
    """What was found wrong with them, when they were read last."""


@dataclass(frozen=True, slots=True)
class MasterFigures:
    """How it stands with all of them."""

    exhibits: int
    oldest: datetime | None
    """When the one was read, or came, that was read longest ago; None: there is none."""
    overdue: int
    damaged: int


class MasterList:
    """Shows when files were read; changes nothing."""

    def __init__(self, *, days: int) -> None:
        """``days``: within so many each is to be read again."""
        self.days = days
        self._period = timedelta(days=days)

    def page(
        self,
        session: Session,
        group: MasterGroup,
        *,
        by: Subject,
        at: datetime,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[ListedMaster]:
        """Return a page of exhibits, what was read longest ago first.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_EXHIBIT, by)
        before = at - self._period
        statement = select(ExhibitRow).join(RecordKeyRow, _HAS_KEY)
        if group is MasterGroup.OVERDUE:
            statement = statement.where(before >= LAST_READ)
        if group is MasterGroup.DAMAGED:
            called = attention.calls(NOT_AS_STORED)
            statement = statement.join(called, called.c.subject == ExhibitRow.id)
        found = page_of(
            lambda place: session.exec(
                soonest(statement, LAST_READ, col(ExhibitRow.id), place, most=most)
            ).all(),
            lambda row: (row.read_at or row.received_at, row.id),
            cursor,
            most=most,
        )
        calls = calls_among(session, [row.id for row in found.rows])
        return found.of(
            [
                ListedMaster(
                    row,
                    overdue=(row.read_at or row.received_at) <= before,
                    damaged=[one for one in calls.get(row.id, ()) if one.job == NOT_AS_STORED],
                )
                for row in found.rows
            ]
        )

    def figures(self, session: Session, *, by: Subject, at: datetime) -> MasterFigures:
        """Return how many there are, are overdue and are damaged, and the oldest reading.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_EXHIBIT, by)
        overdue = func.count().filter(at - self._period >= LAST_READ)
        counted = select(func.count(), func.min(LAST_READ), overdue).select_from(ExhibitRow)
        exhibits, oldest, late = session.exec(counted.join(RecordKeyRow, _HAS_KEY)).one()
        damaged = session.exec(attention.how_many(NOT_AS_STORED)).one()
        return MasterFigures(exhibits, oldest, late, damaged)
