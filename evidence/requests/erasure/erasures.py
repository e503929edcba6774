"""Service. Requests that ended long ago lose what is personal, on record, and can be counted yet.

Three steps, each of which may be the last one that a process does: that it begins is an event; what
lies elsewhere is removed by those who keep it; then, in one transaction, the last event is written,
rows and letters go, and the key of the record is destroyed. Whoever was killed in between is found
again, and goes on. A request that is open, whose money is on its way, or whose footage is under a
legal hold, keeps everything, and is looked at again the next day.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from custody.ledger.erasure import destroy, hold
from custody.ledger.ledger import Ledger
from evidence.people.access import Subject
from evidence.people.people import THE_CLOCK, People
from evidence.requests.documents.documents import destroy_all as destroy_documents
from evidence.requests.erasure import traces
from evidence.requests.erasure.owed import is_unsettled
from evidence.requests.recorded import SYSTEM, record_step, reviewed_exhibits, steps_of
from evidence.requests.states import ENDS, TRANSITIONS
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow, RequestStepRow

BEGUN, ERASED = "request.erasure_begun", "request.erased"
ENDING = frozenset(one.event for one in TRANSITIONS if one.then in ENDS)
"""The events by which requests end."""
AGAIN = timedelta(days=1)
"""After which it is looked once more whether a request can be erased."""
_AT_ONCE = 100


class Erasures:
    """Erases what is due. Run every minute."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        requests: Requests,
        people: People,
        *,
        days: int,
        held: Callable[[Session, Collection[UUID]], bool],
        elsewhere: Sequence[Callable[[UUID], None]] = (),
    ) -> None:
        """``days`` after its end a request is erased; ``held`` tells whether exhibits are held.

        ``elsewhere``: each removes what its room keeps of a request outside of these rows, however
        often it is asked to. An error leaves the erasure begun; the next day goes on with it.
        """
        self._begin = begin
        self._ledger = ledger
        self._requests = requests
        self._people = people
        self._period = timedelta(days=days)
        self._basis = f"{days} days after the request ended (requests.erase_days in council.toml)"
        self._held = held
        self._elsewhere = elsewhere

    def run(self, *, at: datetime) -> None:
        """Erase what is due, one request after another."""
        for _ in range(_AT_ONCE):
            with self._begin() as session:
                request = self._next(session, at)
            if request is None:
                return
            self.erase(request, at=at)

    def erase(self, request: UUID, *, at: datetime, basis: str = "") -> bool:
        """Erase one request that has ended; return whether it is erased now.

        ``basis`` says why, if it is not because its time is over.

        Raises:
            UnknownError: there is none.
            StorageError: what lies elsewhere could not be removed; the erasure stays begun.
        """
        with self._begin() as session:
            row = self._free(session, request)
            if row is None:
                return False
            if not any(step.event == BEGUN for step in steps_of(session, request)):
                self._record(session, row, BEGUN, basis, at)
        self.elsewhere(request)
        with self._begin() as session:
            row = self._free(session, request)
            if row is None:  # a hold came meanwhile, or somebody else was faster
                return False
            self._finish(session, row, basis or self._basis, at.replace(microsecond=0))
        return True

    def elsewhere(self, request: UUID) -> None:
        """Remove what others keep of a request that is erased."""
        for remove in self._elsewhere:
            remove(request)

    def _next(self, session: Session, at: datetime) -> UUID | None:
        """Return the next request whose time is over, and look at it no more for a day."""
        over = at - self._period
        ended = select(RequestStepRow.number).where(
            RequestStepRow.request == RequestRow.id,
            col(RequestStepRow.event).in_(sorted(ENDING)),
            col(RequestStepRow.at) <= over,
        )
        due = col(RequestRow.erase_at)
        wanted = (
            select(RequestRow)
            .where(
                col(RequestRow.erased_at).is_(None),
                col(RequestRow.submitted_at) <= over,
                col(RequestRow.state).in_(sorted(ENDS)),
                # What a wrong clock put off for years is looked at by the right one.
                or_(due.is_(None), due <= at, due > at + AGAIN),
                ended.exists(),
            )
            .order_by(col(RequestRow.submitted_at))
            .limit(1)
        )
        row = session.exec(wanted.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        # One that cannot be erased, or whose erasure breaks down, holds up no other.
        row.erase_at = at + AGAIN
        return row.id

    def _free(self, session: Session, request: UUID) -> RequestRow | None:
        """Return a request, locked, if nothing speaks against erasing it now."""
        row = self._requests.find(session, str(request), lock=True)
        if row.state not in ENDS or row.erased_at is not None:
            return None
        found = reviewed_exhibits(steps_of(session, request))
        if is_unsettled(session, request) or self._held(session, found):
            return None
        return row

    def _finish(self, session: Session, row: RequestRow, basis: str, at: datetime) -> None:
        clock = self._clock(session)
        reason = "its request is erased"
        destroy_documents(session, self._ledger, row, by=clock, role=SYSTEM, at=at, reason=reason)
        self._record(session, row, ERASED, basis, at)
        person = row.person
        traces.clear_request(session, row)
        traces.clear_fees(session, row.id)
        destroy(session, row.id, person)
        row.erased_at = at
        session.flush()
        hold(session, person)  # whoever asks anew from that mailbox comes before, or after
        if not traces.is_needed(session, person):
            self._people.erase(session, person, basis=basis, at=at)

    def _record(
        self, session: Session, row: RequestRow, event: str, basis: str, at: datetime
    ) -> None:
        told = {"role": SYSTEM, "basis": basis or self._basis}
        record_step(session, self._ledger, row.id, event, told, by=self._clock(session), at=at)

    def _clock(self, session: Session) -> Subject:
        return self._people.subject(session, self._people.known(session, THE_CLOCK), ())
