"""Service. What stands before anything that a token opens: asks, codes, attempts and locks.

Everything is counted by the token's digest alone, before anybody looks whether the token opens
anything: so a wrong one meets the same words, limits and writes as a good one
(docs/adr/0007-recipient-path.md). Whoever gave the token out says what it opens, to whose mailbox
a code goes, and does the jobs; a gate is locked before whatever stands behind it.
"""

import hmac
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select

from custody.formats.canonical import format_time
from evidence.mailbox.letters import CodeLetter, LetterKind
from evidence.mailbox.messages import Messages
from evidence.mailbox.tables import GateRow

CODE_DIGITS = 8
CODE_LIFE = timedelta(minutes=10)
ATTEMPTS = 5
"""Wrong entries that end a code."""
ASKS, ASKS_WITHIN = 3, timedelta(minutes=15)
ASKS_A_DAY = 10
REFUSED_A_DAY = 15
"""Wrong entries, of whatever code, that lock a token."""
DAY = timedelta(days=1)
LOCKED = timedelta(days=1)
ASKED_SHOWN = timedelta(hours=1)
"""How long the page offers to enter a code that was asked for."""
REFUSED_EVENT_EVERY = timedelta(hours=1)
FORGET_GATES = timedelta(days=2)
"""How long after somebody last stood before a token nothing is counted of it any more."""

_INFO = b"custos/link-code/v1"
_KEY_BYTES, _DRAW_BYTES = 32, 8
_LONGEST_CODE = 100
_CODE = re.compile(rf"[0-9]{{{CODE_DIGITS}}}")
_BETWEEN = re.compile(r"[\s\u200b-\u200d\u2010-\u2015\u2212\ufeff-]+")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands before the code; says nothing of whether the token opens anything."""

    state: Literal["closed", "asked", "wrong", "waiting", "locked"]
    """closed: ask for a code. asked: enter it. wrong: it was wrong, used or too old (one word for
    all of these). waiting: too many were asked for. locked: too many were wrong."""
    until: datetime | None = None
    """When one may go on; only if waiting or locked."""
    asks_left: int = ASKS
    """How many codes may be asked for now."""
    attempts_left: int = ATTEMPTS
    """How many wrong entries the present code stands; 0: it is over, ask for a new one."""


def token_subject(digest: str) -> UUID:
    """Return the subject of a token's jobs: its digest's first half, which opens nothing."""
    return UUID(digest[:32])


def read_code(text: str) -> str | None:
    """Return the digits that somebody typed or pasted, or None if that can be no code."""
    if len(text) > _LONGEST_CODE:
        return None
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    return digits if _CODE.fullmatch(digits) else None


class Gates:
    """Counts before a token, and knows its present code by an HMAC only."""

    def __init__(self, messages: Messages, *, key: bytes, random: Callable[[int], bytes]) -> None:
        self._messages = messages
        self._key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_INFO).derive(key)
        self._random = random

    def name(self, purpose: str, what: str) -> str:
        """Return the name under which something else than a token is counted, and not told.

        A mailbox, say, or the number of a request: whoever reads the rows finds out neither.
        """
        return hmac.digest(self._key, f"{purpose}\0{what}".encode(), "sha256").hex()

    def open(self, session: Session, digest: str, *, at: datetime) -> GateRow:
        """Return the row of a token, locked: made here if nobody stood before it yet."""
        new = {"token_sha256": digest, "seen_at": at, "asks": [], "refused": 0, "attempts": 0}
        session.execute(insert(GateRow).values(new).on_conflict_do_nothing())
        gate = session.get_one(GateRow, digest, with_for_update=True, populate_existing=True)
        gate.seen_at = at
        return gate

    def find(self, session: Session, subject: UUID) -> GateRow | None:
        """Return the row that a job is about (see `token_subject`), locked."""
        first, last = subject.hex + "0" * 32, subject.hex + "f" * 32
        statement = select(GateRow).where(col(GateRow.token_sha256).between(first, last))
        return session.exec(statement.with_for_update()).first()

    def standing(self, session: Session, digest: str, *, at: datetime) -> Standing:
        """Return where somebody stands who did nothing yet; writes nothing."""
        gate = session.get(GateRow, digest)
        return Standing("closed") if gate is None else self._standing(gate, at)

    def _standing(self, gate: GateRow, at: datetime) -> Standing:
        if gate.locked_until is not None and at < gate.locked_until:
            return Standing("locked", gate.locked_until, 0, 0)
        asked = bool(gate.asks) and at < gate.asks[-1] + ASKED_SHOWN
        left = max(ATTEMPTS - gate.attempts, 0)
        return Standing("asked" if asked else "closed", None, _asks_left(gate.asks, at), left)

    def ask(self, gate: GateRow, *, at: datetime) -> Standing:
        """Count an ask, unless that is one too many; the code before it is over."""
        now = self._standing(gate, at)
        if now.state == "locked":
            return now
        if now.asks_left == 0:
            return Standing("waiting", _next_ask(gate.asks), 0, now.attempts_left)
        # A new list: the row notices no change within the old one.
        gate.asks = [ask for ask in gate.asks if at < ask + DAY] + [at]
        gate.attempts, gate.code_hmac, gate.code_expires_at = 0, None, None
        return self._standing(gate, at)

    def owes_code(self, gate: GateRow) -> bool:
        """Tell whether the last ask still waits for its code."""
        return bool(gate.asks) and gate.code_expires_at is None

    def send_code(
        self,
        session: Session,
        gate: GateRow,
        *,
        opens: UUID,
        person: UUID | None,
        about: UUID,
        kind: LetterKind = CodeLetter.CODE,
        more: Mapping[str, str] = MappingProxyType({}),
        at: datetime,
    ) -> None:
        """Answer the last ask: make the present code, and queue the letter that brings it.

        ``opens`` is what the token opens: of each ask for it there is one letter. Of a mailbox that
        is nobody's yet there is no ``person``: ``more`` says where it goes.
        """
        code = self._draw(gate, at=at)
        until = format_time((at + CODE_LIFE).replace(microsecond=0))
        self._messages.queue(
            session,
            kind,
            person=person,
            about=about,
            once=f"code:{opens}:{gate.asks[-1].isoformat()}:{len(gate.asks)}",
            private={"code": code, "expires": until, **more},
            at=at,
        )

    def _draw(self, gate: GateRow, *, at: datetime) -> str:
        """Make the present code, and return it once."""
        # 2**64 is no multiple of 10**8: some codes are likelier than others by one in 10**11.
        number = int.from_bytes(self._random(_DRAW_BYTES), "big") % 10**CODE_DIGITS
        code = f"{number:0{CODE_DIGITS}d}"
        gate.code_hmac = self._mac(gate.token_sha256, code)
        gate.code_expires_at = at + CODE_LIFE
        return code

    def withhold(self, gate: GateRow, *, at: datetime) -> None:
        """Settle the last ask without a code: nothing that is entered will be right."""
        gate.code_hmac, gate.code_expires_at = None, at + CODE_LIFE

    def barred(self, gate: GateRow, text: str, *, at: datetime) -> Standing | None:
        """Return where somebody stands whose entry does not count: locked, or it is no code."""
        now = self._standing(gate, at)
        if now.state == "locked":
            return now
        return replace(now, state="wrong") if read_code(text) is None else None

    def check(self, gate: GateRow, text: str, *, at: datetime) -> bool:
        """Tell whether ``text`` is the present code; if so, it is used up by that."""
        code = read_code(text)
        if code is None:
            return False
        none = self._mac(gate.token_sha256, "")  # as long to compare as a code, and never equal
        equal = hmac.compare_digest(self._mac(gate.token_sha256, code), gate.code_hmac or none)
        fresh = gate.code_expires_at is not None and at < gate.code_expires_at
        if not (equal and fresh):
            return False
        gate.code_hmac = None
        return True

    def refuse(self, gate: GateRow, *, at: datetime) -> Standing:
        """Count a wrong code; return where that leaves the one who entered it."""
        if gate.window_at is None or at >= gate.window_at + DAY:
            gate.window_at, gate.refused = at, 0
        gate.refused += 1
        gate.attempts += 1
        if gate.attempts >= ATTEMPTS:
            gate.code_hmac = None
        if gate.refused >= REFUSED_A_DAY:
            gate.locked_until, gate.window_at, gate.refused = at + LOCKED, None, 0
            gate.code_hmac = None
            return self._standing(gate, at)
        return replace(self._standing(gate, at), state="wrong")

    def _mac(self, digest: str, code: str) -> bytes:
        """Return what is kept of a code: bound to its token, worth nothing without our key."""
        return hmac.digest(self._key, bytes.fromhex(digest) + code.encode(), "sha256")


def calls_for_event(gate: GateRow, *, at: datetime) -> bool:
    """Tell whether wrong codes of a token make an event now: one an hour, and note it."""
    last = gate.refused_event_at
    if last is not None and at < last + REFUSED_EVENT_EVERY:
        return False
    gate.refused_event_at = at
    return True


def forget_gates(session: Session, *, at: datetime) -> None:
    """Delete what was counted before tokens that nobody has touched for long: it is no evidence."""
    session.exec(
        delete(GateRow).where(
            col(GateRow.seen_at) < at - FORGET_GATES,
            or_(col(GateRow.locked_until).is_(None), col(GateRow.locked_until) < at),
        )
    )


def forget_gates_of(session: Session, digests: Collection[str]) -> None:
    """Delete what was counted before these tokens, with their codes: nobody opens them any more."""
    session.exec(delete(GateRow).where(col(GateRow.token_sha256).in_(digests)))


def _asks_left(asks: Sequence[datetime], at: datetime) -> int:
    lately = sum(at < ask + ASKS_WITHIN for ask in asks)
    today = sum(at < ask + DAY for ask in asks)
    return max(min(ASKS - lately, ASKS_A_DAY - today), 0)


def _next_ask(asks: Sequence[datetime]) -> datetime:
    """Return when the next ask is possible, if none is now."""
    moments = [asks[-ASKS] + ASKS_WITHIN] if len(asks) >= ASKS else []
    if len(asks) >= ASKS_A_DAY:
        moments.append(asks[-ASKS_A_DAY] + DAY)
    return max(moments)
