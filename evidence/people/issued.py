"""Service. Holds the tokens that work against the events that made and ended them.

Whoever can write rows could make themselves a token, lengthen one, or let a revoked one work again.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from custody.canonical import format_time
from custody.tables import CustodyEventRow, CustodyValueRow
from evidence.people.tables import TokenRow


@dataclass(frozen=True, slots=True)
class UnfoundedToken:
    """A token that works, and is not as the ledger says."""

    id: str
    """Its SHA-256."""
    expected: str
    found: str


def unfounded_tokens(session: Session) -> Iterator[UnfoundedToken]:
    """Yield each token that works though the ledger says of it something else, or nothing."""
    made: dict[str, str] = {}
    revoked: set[str] = set()
    for event, person, values in _told(session):
        if event == "token.revoked":
            revoked.add(values.get("sha256", ""))
        else:
            words = _words(person, values.get("role", ""), values.get("until", ""))
            made[values.get("sha256", "")] = words
    rows = session.scalars(
        select(TokenRow).where(col(TokenRow.revoked_at).is_(None)).order_by(col(TokenRow.sha256))
    )
    for row in rows:
        until = format_time(row.expires_at.replace(microsecond=0))
        found = _words(row.person, ", ".join(row.roles) or "none", until)
        expected = "revoked" if row.sha256 in revoked else made.get(row.sha256, "no such token")
        if found != expected:
            yield UnfoundedToken(row.sha256, expected, found)


def _told(session: Session) -> Iterator[tuple[str, UUID | None, dict[str, str]]]:
    """Yield what each event about tokens says, and whom it is of."""
    value, row = CustodyValueRow, CustodyEventRow
    found = session.execute(
        select(
            col(row.id), col(row.event), col(value.field), col(value.value), col(value.key_record)
        )
        .join(value, col(value.event) == row.id)
        .where(col(row.event).in_(("token.made", "token.revoked")))
    )
    events: dict[UUID, str] = {}
    people: dict[UUID, UUID] = {}
    values: dict[UUID, dict[str, str]] = defaultdict(dict)
    for event, name, field, text, key in found:
        events[event] = name
        if field == "subject":
            people[event] = key
            continue
        try:
            values[event][field] = str(json.loads(text))
        except ValueError:
            continue  # somebody changed it: the audit of the openings names it
    for event, name in events.items():
        yield name, people.get(event), values[event]


def _words(person: UUID | None, roles: str, until: str) -> str:
    return f"of {person}, as {roles}, until {until}"
