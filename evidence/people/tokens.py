"""Service. API tokens, by which machines, and people at a command line, act.

A token ends: by itself on its day, or when somebody revokes it. To be made and to be revoked are
events, and `issued` holds the rows against them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Uuid, any_, cast, exists, func, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from custody.formats.canonical import format_time
from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.errors import InvalidError, StateError, TokenEndedError, UnknownError
from evidence.paging import Cursor, Page, beyond, page_of
from evidence.people.access import Role, Subject
from evidence.people.people import People, as_person, names_of
from evidence.people.tables import PersonRow, TokenRow
from evidence.secrets import make_secret, secret_digest

TOKEN_PREFIX = "custos_"  # noqa: S105 - tells secret scanners what they found
LASTS = timedelta(days=90)
"""How long a token works, unless it is said otherwise."""
LONGEST = timedelta(days=366)
SOON = timedelta(days=14)
"""So long before a token ends people are told."""
_PAGE = 100
_SHORT = 12
"""Digits of a token's SHA-256 by which people name it: it opens nothing."""


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token as a list shows it."""

    id: str
    """The first digits of its SHA-256."""
    name: str
    """Whom it speaks for."""
    roles: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None

    def state(self, at: datetime) -> str:
        """Return where it stands: works, ended or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "ended" if at >= self.ends_at else "works"


def token_name(token: str) -> str:
    """Return how a token is named where people read: it opens nothing."""
    return secret_digest(token.strip())[:_SHORT]


class Tokens:
    """Knows who holds a token. The token lies with its holder; here is only its SHA-256."""

    def __init__(self, people: People, ledger: Ledger, random: Callable[[int], bytes]) -> None:
        self._people = people
        self._ledger = ledger
        self._random = random

    def add(
        self,
        session: Session,
        person: UUID,
        roles: Iterable[Role],
        *,
        by: Subject,
        at: datetime,
        until: datetime | None = None,
    ) -> str:
        """Give ``person`` a token with ``roles``, as ``by`` decided; return its text, once.

        It works before ``until``; without it, for `LASTS`.

        Raises:
            InvalidError: it would end before it begins, or after `LONGEST`; or a machine from
                outside would have a role of the council's.
        """
        ends = (until or at + LASTS).replace(microsecond=0)
        if not at < ends <= at + LONGEST:
            raise InvalidError("until", f"a token works for 1 to {LONGEST.days} days")
        held = sorted(set(roles))
        if Role.REQUESTER in held and len(held) > 1:
            raise InvalidError("role", "who asks for footage has no role of the council's beside")
        token = TOKEN_PREFIX + make_secret(self._random)
        row = TokenRow(
            sha256=secret_digest(token),
            person=person,
            roles=[role.value for role in held],
            created_at=at,
            expires_at=ends,
        )
        session.add(row)
        subject = self._people.subject(session, person, held)
        for role in held:
            self._people.record_role(session, subject, role.value, by=by, at=at)
        self._record(session, "token.made", row, by, at, {"until": format_time(ends)})
        return token

    def find(self, session: Session, token: str, *, at: datetime) -> Subject | None:
        """Return who a token speaks for; None: nobody.

        Raises:
            TokenEndedError: it was good once. Only who holds it is told so.
        """
        row = session.get(TokenRow, secret_digest(token.strip()))
        if row is None:
            return None
        if row.revoked_at is not None:
            raise TokenEndedError("this token was revoked: ask for another one, if you need it")
        if at >= row.expires_at:
            raise TokenEndedError(
                f"this token ended on {row.expires_at:%d %B %Y}: ask for a new one "
                "(custos token add)"
            )
        return self._people.subject(session, row.person, (Role(role) for role in row.roles))

    def holder(self, session: Session, name: str) -> UUID | None:
        """Return the person of this name who holds, or held, a token; None: nobody does.

        Never somebody who asks for footage from outside, whatever they call themselves: these are
        known by their mailbox. Two tokens for one name are of one person, and so never the two
        halves of a decision.
        """
        statement = (
            select(TokenRow.person)
            .join(PersonRow, col(PersonRow.id) == TokenRow.person)
            .where(PersonRow.name == name.strip(), PersonRow.email == "")
            .order_by(col(TokenRow.created_at))
        )
        return session.exec(statement.limit(1)).first()

    def held(
        self, session: Session, *, cursor: Cursor | None = None, most: int = _PAGE
    ) -> Page[HeldToken]:
        """Return a page of the tokens that were made, the newest first."""
        made, place = col(TokenRow.created_at), cast(func.left(TokenRow.sha256, 32), Uuid)
        found = page_of(
            lambda at: session.exec(beyond(select(TokenRow), made, place, at, most=most)).all(),
            lambda row: (row.created_at, UUID(row.sha256[:32])),
            cursor,
            most=most,
        )
        names = names_of(session, (row.person for row in found.rows))
        return found.of([_shown(row, names[row.person]) for row in found.rows])

    def revoke(self, session: Session, name: str, *, by: Subject, at: datetime) -> HeldToken:
        """End the token whose SHA-256 begins with ``name``, as `held` tells it.

        Raises:
            UnknownError: there is none, or more than one begins so.
            StateError: it was revoked before.
        """
        known = name.strip().lower()
        if len(known) < _SHORT or not set(known) <= set("0123456789abcdef"):
            raise UnknownError(f"there is no token {name!r}: custos token list shows them")
        rows = session.exec(
            select(TokenRow).where(col(TokenRow.sha256).startswith(known)).with_for_update()
        ).all()
        if len(rows) != 1:
            raise UnknownError(f"there is no token {name!r}: custos token list shows them")
        [row] = rows
        if row.revoked_at is not None:
            raise StateError(f"the token {known} was revoked already")
        row.revoked_at = at
        self._record(session, "token.revoked", row, by, at, {})
        session.flush()
        return _shown(row, names_of(session, [row.person])[row.person])

    def _record(
        self,
        session: Session,
        event: str,
        row: TokenRow,
        by: Subject,
        at: datetime,
        more: Values,
    ) -> None:
        subject = self._people.subject(session, row.person, map(Role, row.roles))
        values: Values = {
            "actor": as_person(by),
            "subject": as_person(subject),
            "role": ", ".join(row.roles) or "none",
            "sha256": row.sha256,
            **more,
        }
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        self._ledger.append(session, record, event, values, at=at)


def ending(session: Session, *, at: datetime, most: int) -> Sequence[HeldToken]:
    """Return the tokens that work and end within `SOON`, the next one first.

    Not one whose holder has a later one in the same roles: it was renewed.
    """
    later, soon = aliased(TokenRow), at + SOON
    renewed = exists().where(
        col(later.person) == col(TokenRow.person),
        col(later.roles) == col(TokenRow.roles),
        col(later.revoked_at).is_(None),
        col(later.expires_at) > soon,
    )
    rows = session.exec(
        select(TokenRow)
        .where(
            col(TokenRow.revoked_at).is_(None),
            col(TokenRow.expires_at) > at,
            col(TokenRow.expires_at) <= soon,
            ~renewed,
        )
        .order_by(col(TokenRow.expires_at), col(TokenRow.sha256))
        .limit(most)
    ).all()
    names = names_of(session, {row.person for row in rows})
    return [_shown(row, names[row.person]) for row in rows]


def has_token(session: Session, person: UUID, role: Role, *, at: datetime) -> bool:
    """Tell whether somebody holds a token with a role that works now."""
    found = select(TokenRow.sha256).where(
        TokenRow.person == person,
        col(TokenRow.revoked_at).is_(None),
        col(TokenRow.expires_at) > at,
        literal(role.value) == any_(col(TokenRow.roles)),
    )
    return session.exec(found.limit(1)).first() is not None


def _shown(row: TokenRow, name: str) -> HeldToken:
    return HeldToken(
        row.sha256[:_SHORT],
        name,
        tuple(row.roles),
        row.created_at,
        row.expires_at,
        row.revoked_at,
    )
