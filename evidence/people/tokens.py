"""Service. API tokens, by which machines, and people at a command line, act."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from evidence.errors import UnknownError
from evidence.people.access import Role, Subject
from evidence.people.people import People
from evidence.people.tables import TokenRow
from evidence.secrets import make_secret, secret_digest

TOKEN_PREFIX = "custos_"  # noqa: S105 - tells secret scanners what they found


class Tokens:
    """Knows who holds a token. The token lies with its holder; here is only its SHA-256."""

    def __init__(self, people: People, random: Callable[[int], bytes]) -> None:
        self._people = people
        self._random = random

    def add(
        self, session: Session, person: UUID, roles: Iterable[Role], *, by: Subject, at: datetime
    ) -> str:
        """Give ``person`` a token with ``roles``, as ``by`` decided; return its text, once."""
        held = sorted(set(roles))
        token = TOKEN_PREFIX + make_secret(self._random)
        words = [role.value for role in held]
        session.add(
            TokenRow(sha256=secret_digest(token), person=person, roles=words, created_at=at)
        )
        subject = self._people.subject(session, person, held)
        for role in held:
            self._people.record_role(session, subject, role.value, by=by, at=at)
        known = secret_digest(token)
        self._people.record_token(session, "token.made", subject, known, by=by, at=at)
        return token

    def revoke(self, session: Session, token: str, *, by: Subject, at: datetime) -> None:
        """Take a token back for good, as ``by`` decided; one that is taken back stays as it is.

        Raises:
            UnknownError: there is no such token.
        """
        row = session.get(TokenRow, secret_digest(token.strip()), with_for_update=True)
        if row is None:
            raise UnknownError("there is no such token")
        if row.revoked_at is not None:
            return
        row.revoked_at = at
        subject = self._people.subject(session, row.person, (Role(role) for role in row.roles))
        self._people.record_token(session, "token.revoked", subject, row.sha256, by=by, at=at)

    def find(self, session: Session, token: str) -> Subject | None:
        """Return who a token speaks for, or None: unknown or revoked, and we do not say which."""
        row = session.get(TokenRow, secret_digest(token.strip()))
        if row is None or row.revoked_at is not None:
            return None
        return self._people.subject(session, row.person, (Role(role) for role in row.roles))
