"""Service. Calls to the claims system of a mailbox: signed, one after another, tried for days.

Whoever makes one sets the moment of the next try first, and so nobody else makes the same. A call
says which request is in which state since when, under which number, and nothing of anybody.
It is made outside every transaction, at least once: whoever takes one twice knows it by its number.
The secret that signs it is computed of a root and its own identifier; no row holds it.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlmodel import Session, col, delete, select

from custody.formats.canonical import canonical_json, format_time
from evidence.errors import InvalidError, UnknownError
from evidence.people.access import Action, Role, Subject
from evidence.people.people import require
from evidence.people.tokens import has_token
from evidence.requests.notices.changes import JOB_CALL, number_changes
from evidence.requests.notices.tables import ChangeRow, WebhookCallRow, WebhookRow
from evidence.requests.notices.targets import Target, parse_target
from evidence.requests.tables import RequestRow
from storage.jobs import Jobs

SIGNATURE = "Custos-Signature"
GIVE_UP = timedelta(days=3)
FORMER = timedelta(days=1)
"""How long calls are signed with the former secret as well."""
KEPT_CALLS = 50
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=6)
_AT_ONCE = 50
_INFO = b"custos/webhook/v1"
_KEY_BYTES = 32
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a call."""

    taken: bool
    words: str


Post = Callable[[Target, bytes, Mapping[str, str]], Answered]
"""Calls somebody's system; bounded in time and size, and raises nothing."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where we call, and how that goes."""

    row: WebhookRow
    calls: tuple[WebhookCallRow, ...]
    """The last ones, the newest first."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call that is to be made."""

    number: int
    set_at: datetime
    """When it was said where the system is."""
    target: Target
    body: bytes
    headers: Mapping[str, str]


class Webhooks:
    """Tells claims systems what becomes of their requests."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        jobs: Jobs,
        post: Post,
        *,
        root: bytes,
        local: bool,
        new_id: Callable[[], UUID],
        clock: Callable[[], datetime],
    ) -> None:
        """``local`` lets a system be on this machine, which production refuses."""
        self._begin = begin
        self._jobs = jobs
        self._post = post
        self._key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_INFO).derive(root)
        self._local = local
        self._new_id = new_id
        self._clock = clock

    def set(self, session: Session, url: str, *, by: Subject, at: datetime) -> str:
        """Say where a mailbox's system is called; return the secret of its calls, once.

        Set again, there is another secret, and what was given up goes on.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
        """
        require(Action.FOLLOW_REQUEST, by)
        parse_target(url, local=self._local)
        last = number_changes(session, by.person)
        row = session.get(WebhookRow, by.person, with_for_update=True)
        if row is None:
            row = WebhookRow(
                person=by.person, url=url, secret_id=self._new_id(), set_at=at, told=last
            )
            session.add(row)
        else:
            row.former_id, row.secret_id = row.secret_id, self._new_id()
            row.url, row.set_at = url, at
        row.attempts, row.failing_since, row.next_at, row.stopped_at = 0, None, None, None
        session.flush()
        self._jobs.defer(session, JOB_CALL, str(by.person))
        return self._secret(row.secret_id)

    def find(self, session: Session, *, by: Subject) -> Webhook:
        """Return where a mailbox's system is called, and how the last calls went.

        Raises:
            AccessRefusedError, UnknownError: nobody said where.
        """
        require(Action.FOLLOW_REQUEST, by)
        row = session.get(WebhookRow, by.person)
        if row is None:
            raise UnknownError("there is no webhook: set one first")
        return Webhook(row, tuple(_calls(session, by.person)))

    def remove(self, session: Session, *, by: Subject) -> None:
        """Call a mailbox's system no more.

        Raises:
            AccessRefusedError: nothing was recorded.
        """
        require(Action.FOLLOW_REQUEST, by)
        session.exec(delete(WebhookCallRow).where(col(WebhookCallRow.person) == by.person))
        session.exec(delete(WebhookRow).where(col(WebhookRow.person) == by.person))

    def stopped(self, session: Session, person: UUID) -> datetime | None:
        """Return when we gave up calling the system of a mailbox; None: we did not."""
        row = session.get(WebhookRow, person)
        return None if row is None else row.stopped_at

    def call(self, subject: UUID) -> None:
        """Tell a system what it was not told yet, until it does not take it.

        ``subject`` is a request that moved, or the person whose system it is.
        """
        with self._begin() as session:
            row = session.get(RequestRow, subject)
            person = subject if row is None else row.person
        for _ in range(_AT_ONCE):
            with self._begin() as session:
                found = self._next(session, person, self._clock())
            if found is None:
                return
            answered = self._post(found.target, found.body, found.headers)
            with self._begin() as session:
                if not self._answered(session, person, found, answered, self._clock()):
                    return
        with self._begin() as session:
            self._jobs.defer(session, JOB_CALL, str(person))

    def due(self, session: Session, *, at: datetime) -> None:
        """Have calls made again whose time has come. Run every minute."""
        due = select(WebhookRow.person).where(col(WebhookRow.next_at) <= at)
        for person in session.exec(due.order_by(col(WebhookRow.next_at)).limit(_AT_ONCE)).all():
            self._jobs.defer(session, JOB_CALL, str(person))

    def _next(self, session: Session, person: UUID, at: datetime) -> _Call | None:
        row = session.get(WebhookRow, person, with_for_update=True)
        if row is None or row.stopped_at is not None:
            return None
        if row.next_at is not None and at < row.next_at:
            return None  # somebody is at it, or it is not time yet
        row.next_at = None
        if not has_token(session, person, Role.REQUESTER, at=at):
            return None  # nobody of theirs may follow these requests now
        number_changes(session, person)
        later = select(ChangeRow).where(
            ChangeRow.person == person, col(ChangeRow.number) > row.told
        )
        change = session.exec(later.order_by(col(ChangeRow.number)).limit(1)).first()
        if change is None or change.number is None:
            return None
        try:
            target = parse_target(row.url, local=self._local)
        except InvalidError:
            row.stopped_at = at  # it may not be called any more
            return None
        row.next_at = at + _FIRST  # should this process end, it is tried again then
        body = canonical_json(
            {
                "number": change.number,
                "urn": change.urn,
                "state": change.state,
                "at": format_time(change.at),
            }
        )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Custos",
            SIGNATURE: self._signature(row, body, at),
        }
        return _Call(change.number, row.set_at, target, body, headers)

    def _answered(
        self, session: Session, person: UUID, call: _Call, answered: Answered, at: datetime
    ) -> bool:
        """Write down what became of a call; return whether the next one may be made."""
        row = session.get(WebhookRow, person, with_for_update=True)
        if row is None:
            return False
        if row.set_at != call.set_at:
            return True  # another system is called now, and was told nothing
        session.add(
            WebhookCallRow(
                id=self._new_id(),
                person=person,
                number=call.number,
                at=at,
                taken=answered.taken,
                words=answered.words,
            )
        )
        session.flush()
        kept = select(WebhookCallRow.id).where(WebhookCallRow.person == person)
        kept = kept.order_by(col(WebhookCallRow.at).desc()).limit(KEPT_CALLS)
        session.exec(
            delete(WebhookCallRow).where(
                col(WebhookCallRow.person) == person, col(WebhookCallRow.id).not_in(kept)
            )
        )
        if answered.taken:
            row.told = max(row.told, call.number)
            row.attempts, row.failing_since, row.next_at = 0, None, None
            return True
        row.failing_since = row.failing_since or at
        row.next_at = at + min(_FIRST * 2 ** min(row.attempts, 12), _LONGEST)
        row.attempts += 1
        if at >= row.failing_since + GIVE_UP:
            row.stopped_at, row.next_at = at, None
        return False

    def _signature(self, row: WebhookRow, body: bytes, at: datetime) -> str:
        """Return the MACs of a moment and a body, by the secret, and for a day by the former."""
        moment = int(at.timestamp())
        secrets = [self._secret(row.secret_id)]
        if row.former_id is not None and at < row.set_at + FORMER:
            secrets.append(self._secret(row.former_id))
        said = b"%d." % moment + body
        macs = (hmac.digest(one.encode(), said, "sha256").hex() for one in secrets)
        return ",".join([f"t={moment}", *(f"v1={mac}" for mac in macs)])

    def _secret(self, identifier: UUID) -> str:
        return _PREFIX + hmac.digest(self._key, identifier.bytes, "sha256").hex()


def _calls(session: Session, person: UUID) -> Sequence[WebhookCallRow]:
    found = select(WebhookCallRow).where(WebhookCallRow.person == person)
    return session.exec(found.order_by(col(WebhookCallRow.at).desc()).limit(KEPT_CALLS)).all()
