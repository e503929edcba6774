"""Service. The clock of the house: held against what is known before anything is recorded by it.

Each process holds it at its first event and whenever it leaps; the worker once an hour, which asks
a time server where one is set, and writes what it found into the ledger.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Session, SQLModel, col, select

from custody.check.cms import parse_timestamp
from custody.errors import ClockError
from custody.ledger.tables import CustodyEventRow, LogStampRow
from custody.stamping.clock import APART, Judgement, Known, Passed, Standing, judge
from storage.columns import big_integer, utc_column

APART_EVENT = "clock.apart"
OFFSET_HOLDS = timedelta(hours=2)
"""For so long a time server's answer is taken for how the clock is."""
_MS = timedelta(milliseconds=1)


class HouseClockRow(SQLModel, table=True):
    """The one row of what was found of the clock."""

    __tablename__: ClassVar[Any] = "house_clock"
    id: int = Field(primary_key=True)
    seen: datetime | None = utc_column(nullable=True)
    """When it was last found right, or a little apart."""
    offset_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    """How far it was ahead of the time server, in milliseconds; None: none has answered."""
    measured: datetime | None = utc_column(nullable=True)
    alarm: str = ""
    after_seq: int = big_integer()
    """Events up to this one are not held against it: somebody said that the clock is right."""
    after_size: int = big_integer()
    """Neither are timestamps up to this size of the log."""


class HouseClock:
    """Reads the clock, and refuses to record by one that cannot be right."""

    def __init__(self, clock: Callable[[], datetime], steady: Callable[[], float]) -> None:
        """``steady`` counts seconds, whatever is done to ``clock``."""
        self._clock = clock
        self._steady = steady
        self._held: tuple[datetime, float, int] | None = None

    def require(self, session: Session) -> None:
        """Let pass what is to be recorded now.

        Raises:
            ClockError: the clock is days apart from what is known; the sentence says what to do.
        """
        if self._held is not None and abs(self._leapt()) < APART:
            return
        found = self.judge(session)
        if found.standing is Standing.STOPPED:
            raise ClockError(found.words)

    def take_as_it_is(self, session: Session) -> None:
        """Hold the clock for right in this process, until it leaps, however long the house stood.

        For a restore, as nobody can confirm the clock of a house that does not start yet, and for
        whoever confirms it.
        """
        self._held = self._clock(), self._steady(), house_clock(session).after_seq

    def judge(self, session: Session, *, offset: timedelta | None = None) -> Judgement:
        """Hold the clock against what is recorded; from then on, against its own course, too."""
        row = house_clock(session)
        now = self._clock()
        if offset is None and row.measured is not None and abs(now - row.measured) < OFFSET_HOLDS:
            offset = (row.offset_ms or 0) * _MS
        same = self._held is not None and self._held[2] == row.after_seq
        known = Known(
            passed=_passed(session, row),
            seen=row.seen,
            offset=offset,
            leapt=self._leapt() if same else timedelta(0),
        )
        found = judge(now, known)
        if found.standing is not Standing.STOPPED:
            self._held = now, self._steady(), row.after_seq
        return found

    def _leapt(self) -> timedelta:
        if self._held is None:
            return timedelta(0)
        then, began, _ = self._held
        return self._clock() - then - timedelta(seconds=self._steady() - began)


def house_clock(session: Session, *, lock: bool = False) -> HouseClockRow:
    """Return what was found of the clock so far."""
    return session.get_one(HouseClockRow, 1, with_for_update=lock, populate_existing=True)


def measured_offset(session: Session, *, at: datetime) -> int | None:
    """Return how many ms the clock was ahead of a time server lately; None: that is not known."""
    row = house_clock(session)
    if row.measured is None or abs(at - row.measured) > OFFSET_HOLDS:
        return None
    return row.offset_ms


def _passed(session: Session, row: HouseClockRow) -> list[Passed]:
    """Return the last event and the last timestamp, in the order in which they were written."""
    passed = []
    event = session.exec(
        select(CustodyEventRow.at)
        # That the clock was wrong was written by the wrong clock.
        .where(col(CustodyEventRow.seq) > row.after_seq, CustodyEventRow.event != APART_EVENT)
        .order_by(col(CustodyEventRow.seq).desc())
        .limit(1)
    ).first()
    if event is not None:
        passed.append(Passed("the last event of the record", event))
    tsr = session.exec(
        select(LogStampRow.tsr)
        .where(col(LogStampRow.size) > row.after_size)
        .order_by(col(LogStampRow.size).desc())
        .limit(1)
    ).first()
    if tsr is not None:
        passed.append(Passed("the last timestamp of the time authority", parse_timestamp(tsr).at))
    return passed
