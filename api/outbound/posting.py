"""Edge. The work of `message.send`: each message leaves once, or a person hears why it did not.

Three transactions: taken for sending, handed over in none, written down what became of it. Killed
between the first and the last, a message is found "sending" by the next attempt and never sent
again (`Messages.begin`), unless whoever delivers can tell that it was taken.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from api.outbound.letters import WORDINGS, About, compose
from api.outbound.mailer import Letter, LostMailError, Mailer, RefusedMailError
from api.outbound.records import Facts, facts_of
from api.settings.facts import Council
from evidence import attention
from evidence.mailbox.messages import JOB_SEND, Messages, MessageState
from evidence.mailbox.tables import MessageRow
from evidence.people.tables import PersonRow
from storage.errors import UnavailableError

_log = logging.getLogger("custos.mail")


class Posting:
    """Sends what `Messages` queued, one message a job."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        messages: Messages,
        mailer: Mailer,
        council: Council,
        *,
        origin: str,
        demonstration: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._messages = messages
        self._mailer = mailer
        self._council = council
        self._origin = origin
        self._demonstration = demonstration
        self._clock = clock

    def send(self, message: UUID) -> None:
        """Send a message, unless it went out already or must not go any more.

        Raises:
            UnavailableError: nothing left us; try again.
        """
        at = self._clock()
        letter = self._take(message, at)
        if letter is None:
            return
        # A crash from here on leaves "sending": the next attempt makes it "uncertain", or finds it
        # with the provider. It does not leave twice.
        try:
            reference = self._mailer.send(letter)
        except UnavailableError:
            self._wait(message)
            raise
        except RefusedMailError as error:
            self._tell(message, MessageState.REFUSED, str(error), at)
        except LostMailError as error:
            self._tell(message, MessageState.UNCERTAIN, str(error), at)
        else:
            self._sent(message, reference)

    def bounced(self, message: UUID, words: str) -> None:
        """Record that a message came back; unknown messages are nobody's business."""
        self._tell(message, MessageState.REFUSED, words, self._clock())

    def _take(self, message: UUID, at: datetime) -> Letter | None:
        with self._begin() as session:
            row = self._messages.begin(session, message)
            if row is not None:
                wording, facts = WORDINGS[row.kind], facts_of(session, row.about)
                words = wording.unwanted(facts, waited=at - row.queued_at)
                if not words:
                    return self._letter(session, row, facts, at)
                self._messages.refused(session, message, words=words)
                if wording.missed:
                    self._need_a_person(session, row, words, at)
                return None
            lost = session.get(MessageRow, message)
            uncertain = lost is not None and lost.state == MessageState.UNCERTAIN
        if uncertain:
            self._look_again(message, at)
        return None

    def _letter(self, session: Session, row: MessageRow, facts: Facts, at: datetime) -> Letter:
        private = self._messages.open(row)
        person = None if row.person is None else session.get_one(PersonRow, row.person)
        name, address = ("", private["to"]) if person is None else (person.name, person.email)
        return compose(
            About(row.id, row.kind, name, address, facts),
            private,
            council=self._council,
            origin=self._origin,
            demonstration=self._demonstration,
            at=at,
        )

    def _look_again(self, message: UUID, at: datetime) -> None:
        """Ask whoever delivers what became of a message that a worker died at."""
        reference = self._mailer.find(message)
        if reference is not None:
            self._sent(message, reference)
            return
        words = "a worker ended while it was sending: it may have arrived"
        with self._begin() as session:
            row = session.get_one(MessageRow, message)
            self._need_a_person(session, row, words, at)

    def _wait(self, message: UUID) -> None:
        # A crash before this line leaves "sending" though nothing left us: it becomes uncertain,
        # which is too careful, and never a second message.
        with self._begin() as session:
            self._messages.put_back(session, message)

    def _sent(self, message: UUID, reference: str) -> None:
        with self._begin() as session:
            self._messages.sent(session, message, reference=reference, at=self._clock())
            row = session.get(MessageRow, message)  # none: what it was about was erased meanwhile
            if row is not None and WORDINGS[row.kind].settles:
                attention.settle(session, row.about, JOB_SEND)

    def _tell(self, message: UUID, state: MessageState, words: str, at: datetime) -> None:
        _log.warning("message %s: %s", message, words)
        with self._begin() as session:
            row = session.get(MessageRow, message)
            if row is None:
                return
            end = self._messages
            (end.refused if state is MessageState.REFUSED else end.uncertain)(
                session, message, words=words
            )
            self._need_a_person(session, row, words, at)

    def _need_a_person(self, session: Session, row: MessageRow, words: str, at: datetime) -> None:
        """Keep what went wrong where the record's page tells it, if it is worth a call."""
        if not WORDINGS[row.kind].calls:
            return
        told = f"a message did not go out, or may not have arrived: {words}"
        attention.call(session, row.about, JOB_SEND, told, at=at)
