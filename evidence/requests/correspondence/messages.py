"""Service. Messages on a request: the staff write, whoever asked answers, somebody reads it.

Each is a step of the request, with its event, which commits to the digest of the words; the words
lie in a row that can be erased. The letter about one says only that it is there: mail is read by
others, and what it says is for whoever proves the mailbox. An answer waits for a person until
somebody of the staff writes back, or says that it is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col, func

from custody.ledger.ledger import Ledger
from evidence import attention
from evidence.errors import StateError
from evidence.limits import Limits
from evidence.mailbox.messages import Messages
from evidence.paging import Cursor, Page, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require
from evidence.requests.correspondence.tables import RequestMessageRow
from evidence.requests.letters import RequestLetter
from evidence.requests.recorded import REQUESTER, record_step, requester_of
from evidence.requests.states import ENDS
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow, RequestStepRow
from evidence.wording import check_words

SENT, RECEIVED, READ = "correspondence.sent", "correspondence.received", "correspondence.read"
ANSWERED = "request.answered"
"""Under which name a person is called to an answer."""
MOST_WORDS = 4000
MOST_SENT, MOST_RECEIVED = 60, 10
"""Messages on one request within an hour, from the staff and from whoever asked."""
MOST_OF_ONE = 200
"""Messages on one request from whoever asked, ever."""
TWICE = timedelta(minutes=10)
"""Within it the same words again, with nothing between, are the same message: a second press."""
_MOST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Written:
    """A message, as both sides read it."""

    number: int
    at: datetime
    words: str
    ours: bool
    """Whether the staff wrote it."""
    by: str
    """Who of the staff did; empty: whoever asked."""


@dataclass(frozen=True, slots=True)
class Thread:
    """What the steps of a request tell of its messages."""

    messages: int
    """How many were written, both ways."""
    waits: bool
    """Whether whoever asked has written, and nobody has answered or read it."""


class Correspondence:
    """Takes messages to and from whoever asked."""

    def __init__(
        self, ledger: Ledger, requests: Requests, messages: Messages, limits: Limits
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._messages = messages
        self._limits = limits

    def send(
        self, session: Session, name: str, words: str, *, by: Subject, at: datetime
    ) -> RequestRow:
        """Write to whoever asked; a letter tells them that there is something to read.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was sent.
        """
        role = require(Action.WRITE_MESSAGE, by)
        words = _plain(words)
        row = self._requests.find(session, name, lock=True)
        if row.erased_at is not None:
            raise StateError(f"request {row.urn} was erased: nobody knows any more who asked")
        if _said_before(session, row, SENT, words, at):
            return row
        self._count(session, row, SENT, MOST_SENT, at)
        number = self._write(session, row, SENT, words, role.value, by, at)
        self._messages.queue(
            session,
            RequestLetter.MESSAGE,
            person=row.person,
            about=row.id,
            once=f"message:{row.id}:{number}",
            private={},
            at=at,
        )
        attention.settle(session, row.id, ANSWERED)
        return row

    def answer(self, session: Session, request: UUID, words: str, *, at: datetime) -> RequestRow:
        """Take a message of whoever asked, whose mailbox was proven, and call a person to it.

        Raises:
            InvalidError, StateError, UnknownError: nothing was sent.
        """
        words = _plain(words)
        row = self._requests.find(session, str(request), lock=True)
        if row.state in ENDS:
            raise StateError(
                f"request {row.urn} has ended, and takes no messages any more: write to us or "
                "telephone us, and give its reference"
            )
        if _said_before(session, row, RECEIVED, words, at):
            return row
        if _received(session, row.id) >= MOST_OF_ONE:
            raise StateError(
                f"{MOST_OF_ONE} messages came on this request, and it takes no more: write to us "
                "or telephone us, and give its reference"
            )
        self._count(session, row, RECEIVED, MOST_RECEIVED, at)
        by = requester_of(session, row)
        self._write(session, row, RECEIVED, words, REQUESTER, by, at)
        called = f"whoever asked for {row.urn} has written"
        attention.call_once(session, row.id, ANSWERED, called, at=at)
        return row

    def mark_read(self, session: Session, name: str, *, by: Subject, at: datetime) -> RequestRow:
        """Say that what came was read, and needs no answer; where nothing waits, nothing happens.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
        """
        role = require(Action.WRITE_MESSAGE, by)
        row = self._requests.find(session, name, lock=True)
        if any(one.job == ANSWERED for one in attention.calls_to(session, row.id)):
            record_step(session, self._ledger, row.id, READ, {"role": role.value}, by=by, at=at)
            attention.settle(session, row.id, ANSWERED)
        return row

    def page(
        self,
        session: Session,
        name: str,
        *,
        by: Subject,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[Written]:
        """Return messages on a request for the staff, the newest first.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: there is none, or not for ``by``.
        """
        require(Action.SHOW_REQUEST, by)
        request = self._requests.find(session, name).id
        return self.own(session, request, cursor=cursor, most=most)

    def own(
        self, session: Session, request: UUID, *, cursor: Cursor | None = None, most: int
    ) -> Page[Written]:
        """Return messages on a request for whoever asked and proved it, the newest first."""
        found = page_of(
            lambda place: _read(session, request, place, most),
            lambda row: (row.at, UUID(int=row.number)),
            cursor,
            most=most,
        )
        names = names_of(session, [row.person for row in found.rows if row.event == SENT])
        return found.of([_written(row, names.get(row.person, "")) for row in found.rows])

    def _write(
        self,
        session: Session,
        row: RequestRow,
        event: str,
        words: str,
        role: str,
        by: Subject,
        at: datetime,
    ) -> int:
        """Write a message as a step of its request; return the number of that step."""
        told = {"role": role, "message": words_digest(words)}
        number = record_step(session, self._ledger, row.id, event, told, by=by, at=at)
        session.add(RequestMessageRow(request=row.id, number=number, words=words))
        session.flush()
        return number

    def _count(
        self, session: Session, row: RequestRow, event: str, most: int, at: datetime
    ) -> None:
        wait = self._limits.count(session, event, str(row.id), most=most, at=at)
        if wait is not None:
            minutes = ceil(wait / timedelta(minutes=1))
            raise StateError(
                f"{most} messages were sent on this request within the hour: send this one in "
                f"{minutes} minute{'' if minutes == 1 else 's'}"
            )


def thread_of(steps: Iterable[RequestStepRow]) -> Thread:
    """Return what the steps of a request, the first first, tell of its messages."""
    events = [step.event for step in steps if step.event in {SENT, RECEIVED, READ}]
    return Thread(len(events) - events.count(READ), events[-1:] == [RECEIVED])


def words_digest(words: str) -> str:
    """Return what an event commits to of a message."""
    return sha256(words.encode()).hexdigest()


def _plain(words: str) -> str:
    return check_words("message", words, most=MOST_WORDS, lines=True)


def _said_before(session: Session, row: RequestRow, event: str, words: str, at: datetime) -> bool:
    """Tell whether the last message said the same, a moment ago."""
    last = next(iter(_read(session, row.id, None, 0)), None)
    return last is not None and (last.event, last.words) == (event, words) and at - last.at < TWICE


def _received(session: Session, request: UUID) -> int:
    step = RequestStepRow
    came = select(func.count()).where(col(step.request) == request, col(step.event) == RECEIVED)
    return session.scalar(came) or 0


def _read(session: Session, request: UUID, place: Cursor | None, most: int) -> Sequence[Any]:
    """Return the messages that lie beyond a place, and one more than a page holds.

    They are numbered as the steps of their request are: a cursor's identifier is that number.
    """
    step, said = RequestStepRow, RequestMessageRow
    number = col(said.number)
    statement = (
        select(number, col(step.at), col(step.event), col(step.person), col(said.words))
        .join(step, (col(step.request) == said.request) & (col(step.number) == number))
        .where(col(said.request) == request)
    )
    at = 0 if place is None else min(place.id.int, _MOST_NUMBER)
    if place is not None and place.newer:
        upwards = statement.where(number > at).order_by(number.asc())
        return session.execute(upwards.limit(most + 1)).all()
    if place is not None:
        statement = statement.where(number < at)
    return session.execute(statement.order_by(number.desc()).limit(most + 1)).all()


def _written(row: Any, name: str) -> Written:  # noqa: ANN401 - the columns of `_read`
    return Written(row.number, row.at, row.words, row.event == SENT, name)
