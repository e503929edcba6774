"""Service. Requests as they come in: submitted once, with their number and the call to preserve.

Everything stands or falls together: the record, its first three events, the rows, and the letter
that tells the number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.formats.canonical import format_time
from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Person, Values
from custody.ledger.tables import CustodyEventRow
from evidence.cameras.coverage import Found
from evidence.cameras.retention import overwritten_at
from evidence.errors import StateError, UnknownError
from evidence.exhibits.references import make_urn, parse_urn
from evidence.fees.fees import lock_fees
from evidence.mailbox.codes import Gates
from evidence.mailbox.messages import Messages
from evidence.people.people import People
from evidence.people.tables import PersonRow
from evidence.requests.asked import Asked, asked_json, parse_asked
from evidence.requests.coverage.register import CoverageRegister
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.letters import RequestLetter
from evidence.requests.recorded import REQUESTER, Moved, record_step, requester_of, requester_words
from evidence.requests.states import RequestState
from evidence.requests.tables import RequestFactsRow, RequestRow

MAILBOX = "mailbox"
"""What gates call the counting of one mailbox."""
MOST_AN_HOUR = 20
"""Requests of one mailbox."""
_PROVEN = "mailbox.proven"
_HOUR = timedelta(hours=1)
Covers = Callable[[Session, RequestRow, Found, datetime], None]
"""Moves a request that the register decides: what the room above gives."""


@dataclass(frozen=True, slots=True)
class NumberMaker:
    """How the council's numbers are drawn."""

    prefix: str
    choose: Callable[[str], str]


class Submissions:
    """Takes requests whose mailbox was proven."""

    def __init__(
        self,
        ledger: Ledger,
        people: People,
        gates: Gates,
        messages: Messages,
        numbers: NumberMaker,
        register: CoverageRegister,
        covers: Covers,
        duplicates: Duplicates,
        moved: Moved,
        *,
        retention_days: int,
    ) -> None:
        self._register = register
        self._covers = covers
        self._ledger = ledger
        self._people = people
        self._gates = gates
        self._messages = messages
        self._numbers = numbers
        self._duplicates = duplicates
        self._moved = moved
        self._retention_days = retention_days

    def submit(self, session: Session, asked: Asked, mailbox: str, *, at: datetime) -> RequestRow:
        """Take a request of whoever proved ``mailbox`` just now, and call for preservation.

        Raises:
            StateError: too many came from this mailbox within the hour.
        """
        at = at.replace(microsecond=0)
        person = self._person(session, asked, mailbox, at=at)
        recent = select(func.count()).where(
            RequestRow.person == person, col(RequestRow.submitted_at) > at - _HOUR
        )
        if session.exec(recent).one() >= MOST_AN_HOUR:
            raise StateError(
                f"{MOST_AN_HOUR} requests came from this mailbox within the hour: what you typed "
                "is kept, so send it later, or telephone us"
            )
        return self.enter(session, asked, person, mailbox, at=at)

    def enter(
        self, session: Session, asked: Asked, person: UUID, mailbox: str, *, at: datetime
    ) -> RequestRow:
        """Take a request of somebody whose mailbox was proven before, and call for preservation."""
        at = at.replace(microsecond=0)
        due = overwritten_at(asked.start, self._retention_days)
        row = RequestRow(
            id=self._ledger.open_record(session, RecordKind.REQUEST),
            urn=make_urn(self._numbers.prefix, self._numbers.choose),
            path=asked.path.value,
            state=RequestState.SUBMITTED.value,
            person=person,
            submitted_at=at,
            overwrite_due_at=due,
        )
        facts = asked_json(asked)
        session.add(row)
        session.flush()
        session.add(RequestFactsRow(request=row.id, facts=facts))
        self._duplicates.note(session, row.id, asked, mailbox)
        who = Person(person, requester_words(person, mailbox))
        told: Values = {"person": who, "kind": row.path, "facts": facts}
        self._ledger.append(session, row.id, "request.submitted", told, at=at)
        self._ledger.append(session, row.id, "urn.issued", {"urn": row.urn}, at=at)
        self.call_to_preserve(session, row, at=at)
        self._moved(session, row, at)
        self._messages.queue(
            session,
            RequestLetter.URN_ISSUED,
            person=person,
            about=row.id,
            once=f"urn:{row.id}",
            private={"preserve": format_time(due)},
            at=at,
        )
        self.look_up(session, row, asked, at=at)
        return row

    def look_up(self, session: Session, row: RequestRow, asked: Asked, *, at: datetime) -> None:
        """Ask the register of cameras about a request, and move it if that decides it."""
        found = self._register.look_up(session, row, asked, at=at)
        if found is not None:
            self._covers(session, row, found, at)

    def call_to_preserve(self, session: Session, row: RequestRow, *, at: datetime) -> None:
        """Call the control room to preserve what a request asks for, before anything is paid."""
        row.preserved_at, row.warned = None, 0
        record_step(
            session,
            self._ledger,
            row.id,
            "preservation.requested",
            {"role": REQUESTER, "until": format_time(row.overwrite_due_at)},
            by=requester_of(session, row),
            at=at,
        )

    def _person(self, session: Session, asked: Asked, mailbox: str, *, at: datetime) -> UUID:
        """Return the one person of a mailbox, which was proven now."""
        # Locked by the mailbox: two who submit at once are one person.
        self._gates.open(session, self._gates.name(MAILBOX, mailbox), at=at)
        person = person_of(session, mailbox)
        if person is None:
            person = self._people.add(session, asked.contact, email=mailbox)
        self._ledger.append(session, person, _PROVEN, {}, at=at)
        return person


def person_of(session: Session, mailbox: str) -> UUID | None:
    """Return the one person of a mailbox that was proven; None: it never was."""
    statement = (
        select(PersonRow.id)
        .join(CustodyEventRow, col(CustodyEventRow.record) == PersonRow.id)
        .where(
            PersonRow.email == mailbox,
            col(PersonRow.issuer).is_(None),
            CustodyEventRow.event == _PROVEN,
        )
    )
    return session.exec(statement.limit(1)).first()


class Requests:
    """Knows every request."""

    def find(self, session: Session, name: str, *, lock: bool = False) -> RequestRow:
        """Return the request of this number, however it is typed, or of this identifier.

        Raises:
            UnknownError, InvalidError: there is none, or there can be none.
        """
        try:
            statement = select(RequestRow).where(RequestRow.id == UUID(name))
        except ValueError:
            statement = select(RequestRow).where(RequestRow.urn == parse_urn(name))
        row = session.exec(statement).first()
        if row is None:
            raise UnknownError(f"there is no request {name[:60]!r}")
        if lock:
            # Fees first: whoever writes down a payment holds its fee, and then moves the request.
            lock_fees(session, row.id)
            session.refresh(row, with_for_update=True)
        return row

    def under(self, session: Session, urn: str) -> RequestRow | None:
        """Return the request of a number in its plain form; None: it is no request's."""
        return session.exec(select(RequestRow).where(RequestRow.urn == urn)).first()

    def asked(self, session: Session, request: UUID) -> Asked | None:
        """Return what is asked; None: it was erased."""
        row = session.get(RequestFactsRow, request)
        return None if row is None else parse_asked(row.facts)
