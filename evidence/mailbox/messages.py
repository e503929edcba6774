"""Service. Letters to one person each: queued with their cause, sent once, forgotten in parts.

Any room above may write to anybody about any record: it owns the kinds of its letters
(`evidence/mailbox/letters`), and `api/outbound` words them. Here each is a message, whatever
it says.

What a message says stands in rows, but for what no row may hold (a link's token, a code): that is
encrypted beside it, and erased as soon as it went out or cannot go out any more.

    queued -> sending -> sent | refused | uncertain        sending -> queued (nothing left us)
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select

from custody.errors import KeyStoreError
from custody.formats.canonical import canonical_json, parse_canonical
from evidence import attention
from evidence.errors import StateError
from evidence.mailbox.letters import LetterKind
from evidence.mailbox.tables import MessageRow
from storage.jobs import Jobs

JOB_SEND = "message.send"
"""Subject: the message's identifier. Its work is done by the edge that knows how mail leaves."""
_NONCE_BYTES, _KEY_BYTES = 12, 32
_INFO = b"custos/message/v1"


class MessageState(StrEnum):
    """How far a message has come."""

    QUEUED = "queued"
    SENDING = "sending"
    """Handed to a server now, or by a worker that died at it."""
    SENT = "sent"
    """A server took it; whether it reached the mailbox, only a bounce would say."""
    REFUSED = "refused"
    """It was not taken, or came back: ``words`` says why."""
    UNCERTAIN = "uncertain"
    """A worker died while it was handed over. It is not sent again by itself: never twice."""


LOST = (MessageState.REFUSED, MessageState.UNCERTAIN)
"""States of a message that did not arrive, as far as we know."""


@dataclass(frozen=True, slots=True)
class FormerKey:
    """The key under which messages were sealed that were queued before ``until``."""

    key: bytes = field(repr=False)
    until: datetime


class Messages:
    """Queues messages, and keeps what became of them."""

    def __init__(
        self,
        jobs: Jobs,
        *,
        key: bytes,
        former: FormerKey | None = None,
        random: Callable[[int], bytes],
        new_id: Callable[[], UUID],
    ) -> None:
        self._jobs = jobs
        self._cipher = _cipher(key)
        self._former = former
        self._random = random
        self._new_id = new_id

    def queue(
        self,
        session: Session,
        kind: LetterKind,
        *,
        person: UUID | None,
        about: UUID,
        once: str,
        private: Mapping[str, str],
        at: datetime,
    ) -> None:
        """Queue a letter to ``person`` about a record, and the job that sends it.

        Without a person, its private part says ``to`` which address: a mailbox that is to be proven
        is nobody's yet.

        Both stand once the caller commits. ``once`` names the occasion: for one that had its
        message, nothing happens. It must hold no secret and no name.
        """
        message = self._new_id()
        nonce = self._random(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, canonical_json(dict(private)), message.bytes)
        row = {
            "id": message,
            "once": once,
            "kind": kind.value,
            "person": person,
            "about": about,
            "state": MessageState.QUEUED.value,
            "sealed": nonce + sealed,
            "queued_at": at,
            "reference": "",
            "words": "",
        }
        adding = insert(MessageRow).values(row).on_conflict_do_nothing(index_elements=["once"])
        if session.exec(adding.returning(col(MessageRow.id))).first() is not None:
            self._jobs.defer(session, JOB_SEND, str(message))

    def open(self, row: MessageRow) -> Mapping[str, str]:
        """Return what a message says beside the rows (see its `LetterKind`).

        Raises:
            StateError: it was erased, because the message went out or was given up.
            KeyStoreError: it was sealed under another key, or for another message.
        """
        if row.sealed is None:
            raise StateError(f"message {row.id} is {row.state}: what it said is erased")
        try:
            said = parse_canonical(self._decrypt(row, row.sealed))
        except (InvalidTag, ValueError) as error:
            raise KeyStoreError(
                f"message {row.id} cannot be opened: is letter-aead.key the one under which it was "
                "sealed?"
            ) from error
        if not isinstance(said, dict):
            raise KeyStoreError(f"message {row.id} holds something else than a message")
        return {name: str(value) for name, value in said.items()}

    def _decrypt(self, row: MessageRow, sealed: bytes) -> bytes:
        nonce, sealed = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, row.id.bytes)
        except InvalidTag:
            if self._former is None or row.queued_at >= self._former.until:
                raise
            return _cipher(self._former.key).decrypt(nonce, sealed, row.id.bytes)

    def begin(self, session: Session, message: UUID) -> MessageRow | None:
        """Take a message for sending, in a transaction that ends before it is handed over.

        Return None if there is nothing to send: it went out, was refused, or is unknown. If an
        earlier attempt died while it handed the message over, nobody knows whether a server took
        it: it becomes `uncertain` here and is not sent again, so that nothing arrives twice.
        """
        row = self._locked(session, message)
        if row is None:
            return None
        if row.state == MessageState.SENDING:
            self._end(row, MessageState.UNCERTAIN, "the worker that was sending it died at it")
        if row.state != MessageState.QUEUED:
            return None
        row.state = MessageState.SENDING
        session.flush()
        return row

    def put_back(self, session: Session, message: UUID) -> None:
        """Let a message wait for the next attempt: it is certain that no server took it."""
        row = self._locked(session, message)
        if row is not None and row.state == MessageState.SENDING:
            row.state = MessageState.QUEUED

    def sent(self, session: Session, message: UUID, *, reference: str = "", at: datetime) -> None:
        """Record that a server took it, and under which name; erase its private part."""
        row = self._locked(session, message)
        if row is not None and row.state in {MessageState.SENDING, MessageState.UNCERTAIN}:
            row.reference, row.sent_at = reference, at
            self._end(row, MessageState.SENT, "")

    def refused(self, session: Session, message: UUID, *, words: str) -> None:
        """Record that a server did not take it, or that it came back later (a bounce)."""
        row = self._locked(session, message)
        if row is not None and row.state != MessageState.REFUSED:
            self._end(row, MessageState.REFUSED, words)

    def uncertain(self, session: Session, message: UUID, *, words: str) -> None:
        """Record that nobody knows whether a server took it; it is never sent again by itself."""
        row = self._locked(session, message)
        if row is not None and row.state in {MessageState.QUEUED, MessageState.SENDING}:
            self._end(row, MessageState.UNCERTAIN, words)

    def withdraw(
        self, session: Session, about: UUID, kinds: Iterable[LetterKind], *, words: str
    ) -> None:
        """End the messages about a record that still wait: what they say is not true any more."""
        waiting = select(MessageRow).where(
            MessageRow.about == about,
            col(MessageRow.kind).in_([kind.value for kind in kinds]),
            MessageRow.state == MessageState.QUEUED.value,
        )
        # One that is being handed over now is not waiting: it goes, and its link says it is over.
        for row in session.exec(waiting.with_for_update()):
            self._end(row, MessageState.REFUSED, words)

    def settle(self, session: Session, about: UUID, *, by: UUID, at: datetime) -> int:
        """Note that a person looked at the letters about a record that were lost; return how many.

        What became of them stays as it is: nobody learns by this whether they arrived.
        """
        lost = select(MessageRow).where(
            MessageRow.about == about,
            col(MessageRow.state).in_(LOST),
            col(MessageRow.settled_at).is_(None),
        )
        rows = session.exec(lost.with_for_update()).all()
        for row in rows:
            row.settled_by, row.settled_at = by, at
        attention.settle(session, about, JOB_SEND)
        return len(rows)

    def find(self, session: Session, reference: str) -> MessageRow | None:
        """Return the message that a provider knows under ``reference``."""
        if not reference:
            return None
        return session.exec(select(MessageRow).where(MessageRow.reference == reference)).first()

    def _end(self, row: MessageRow, state: MessageState, words: str) -> None:
        row.state, row.words, row.sealed = state, words, None
        row.settled_by = row.settled_at = None  # what somebody looked at was something else

    def _locked(self, session: Session, message: UUID) -> MessageRow | None:
        return session.get(MessageRow, message, with_for_update=True, populate_existing=True)


def forget_letters(session: Session, about: Collection[UUID]) -> None:
    """Delete every letter about these records, whatever became of it.

    A job of one that still waited finds nothing to send.
    """
    session.exec(delete(MessageRow).where(col(MessageRow.about).in_(about)))


def forget_letters_to(session: Session, people: Collection[UUID]) -> None:
    """Delete every letter to these people, whatever it is about."""
    session.exec(delete(MessageRow).where(col(MessageRow.person).in_(people)))


def waits_for_a_person(row: MessageRow) -> bool:
    """Tell whether a letter was lost, as far as we know, and nobody has settled it."""
    return row.state in LOST and row.settled_at is None


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), _KEY_BYTES, salt=None, info=_INFO).derive(key))
