"""Service. What is done about the clock: a look once an hour, and the word of a person.

Alarms and people's word are events; that the clock is right again is seen in the events after it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlmodel import Session, func, select

from custody.formats.events import RecordKind
from custody.ledger.houseclock import APART_EVENT, HouseClock, house_clock
from custody.ledger.ledger import Ledger, Values
from custody.ledger.tables import CustodyEventRow, LogStampRow
from custody.stamping.clock import Judgement, Standing
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.wording import check_words

CONFIRMED = "clock.confirmed"
EVERY = timedelta(hours=1)
_MOST = 2000
_MS = timedelta(milliseconds=1)

AskServer = Callable[[], timedelta | None]
"""Return how far the clock is ahead of a time server; None: it did not answer."""


class Timekeeping:
    """Watches the clock that everything is recorded by."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        house: HouseClock,
        server: AskServer | None,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._house = house
        self._server = server
        self._clock = clock

    def look(self) -> Judgement:
        """Hold the clock against all that is known of the time; an alarm is an event, once."""
        offset = None if self._server is None else self._server()
        with self._begin() as session:
            row = house_clock(session, lock=True)
            now = self._clock()
            if offset is not None:
                row.offset_ms, row.measured = round(offset / _MS), now
            found = self._house.judge(session, offset=offset)
            known, row.alarm = row.alarm, found.words
            if found.standing is not Standing.STOPPED:
                row.seen = now
            session.flush()
            if found.words and not known:
                self._record_alarm(session, found, at=now)
        return found

    def take_as_it_is(self, session: Session) -> None:
        """Record by the clock as it is, in this process alone (`HouseClock.take_as_it_is`)."""
        self._house.take_as_it_is(session)

    def look_hourly(self) -> None:
        """Look if an hour is over, or while there is an alarm."""
        with self._begin() as session:
            row = house_clock(session)
            now = self._clock()
            rests = row.seen is not None and timedelta(0) <= now - row.seen < EVERY
            if rests and not row.alarm:
                return
        self.look()

    def confirm(self, session: Session, *, by: Subject, reason: str) -> None:
        """Say that the clock is right: what was recorded with other times is not held against it.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
        """
        role = require(Action.CONFIRM_CLOCK, by)
        said = check_words("reason", reason, most=_MOST, lines=True)
        row = house_clock(session, lock=True)
        row.after_seq = session.exec(select(func.max(CustodyEventRow.seq))).one() or 0
        row.after_size = session.exec(select(func.max(LogStampRow.size))).one() or 0
        now = self._clock()
        row.seen, row.alarm = now, ""
        session.flush()
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        values: Values = {"actor": as_person(by), "role": role.value, "reason": said}
        self._ledger.append(session, record, CONFIRMED, values, at=now)

    def _record_alarm(self, session: Session, found: Judgement, *, at: datetime) -> None:
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        values: Values = {"against": found.against, "ahead_ms": round(found.ahead / _MS)}
        self._ledger.append(session, record, APART_EVENT, values, at=at, whatever_the_clock=True)
