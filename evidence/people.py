"""Service. People whom the ledger knows, and the tokens by which machines and staff act."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from custody.events import RecordKind
from custody.ledger import Ledger, Person, Values
from evidence.access import Action, Role, Subject, decide
from evidence.errors import AccessRefusedError
from evidence.tables import PersonRow, TokenRow
from evidence.wording import check_words

TOKEN_PREFIX = "custos_"  # noqa: S105 - tells secret scanners what they found
_TOKEN_BYTES = 32


class People:
    """Knows who acts."""

    def __init__(self, ledger: Ledger, random: Callable[[int], bytes]) -> None:
        self._ledger = ledger
        self._random = random

    def add(self, session: Session, name: str, *, email: str = "") -> UUID:
        """Add a person, with a custody record and a key of their own.

        Raises:
            InvalidError: that is no name.
        """
        name = check_words("name", name, most=200)
        record = self._ledger.open_record(session, RecordKind.PERSON)
        session.add(PersonRow(id=record, name=name, email=email))
        session.flush()
        return record

    def known(self, session: Session, name: str) -> UUID:
        """Return the person or machine of this name that has no address; add it at need."""
        statement = select(PersonRow.id).where(PersonRow.name == name, PersonRow.email == "")
        return session.exec(statement.limit(1)).first() or self.add(session, name)

    def add_token(
        self, session: Session, person: UUID, roles: Iterable[Role], *, by: Subject, at: datetime
    ) -> str:
        """Give ``person`` a token with ``roles``, as ``by`` decided; return its text, once."""
        held = sorted(set(roles))
        text = base64.urlsafe_b64encode(self._random(_TOKEN_BYTES)).decode().rstrip("=")
        token = TOKEN_PREFIX + text
        words = [role.value for role in held]
        session.add(TokenRow(sha256=_digest(token), person=person, roles=words, created_at=at))
        subject = self.subject(session, person, held)
        for role in held:
            record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
            values = {"actor": as_person(by), "subject": as_person(subject), "role": role.value}
            self._ledger.append(session, record, "role.changed", values, at=at)
        return token

    def authenticate(self, session: Session, token: str) -> Subject | None:
        """Return who a token speaks for, or None: unknown or revoked, and we do not say which."""
        row = session.get(TokenRow, _digest(token.strip()))
        if row is None or row.revoked_at is not None:
            return None
        return self.subject(session, row.person, (Role(role) for role in row.roles))

    def subject(self, session: Session, person: UUID, roles: Iterable[Role]) -> Subject:
        """Return the subject that ``person`` is with ``roles``."""
        return Subject(person, session.get_one(PersonRow, person).name, frozenset(roles))

    def record_refusal(
        self, session: Session, subject: Subject, refused: AccessRefusedError, *, at: datetime
    ) -> None:
        """Write the event `access.refused`: every refusal of a person we know is one."""
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        roles = ", ".join(sorted(subject.roles)) or "none"
        values: Values = {
            "actor": as_person(subject),
            "role": roles,
            "action": refused.action,
            "reason": refused.reason,
        }
        self._ledger.append(session, record, "access.refused", values, at=at)


def as_person(subject: Subject) -> Person:
    """Return how the ledger commits to a subject."""
    return Person(subject.person, subject.words)


def require(action: Action, subject: Subject) -> Role:
    """Return the role in which ``subject`` does ``action``.

    Raises:
        AccessRefusedError: they may not; the edge records it in a transaction of its own.
    """
    decision = decide(action, subject.roles)
    if not decision.allowed or decision.role is None:
        raise AccessRefusedError(action, decision.reason)
    return decision.role


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
