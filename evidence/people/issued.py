"""Service. Holds the tokens against the events that made and ended them.

Whoever can write rows could make themselves a token, lengthen one, or let a revoked one work again.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from custody.formats.canonical import format_time
from custody.ledger.tables import CustodyEventRow, CustodyValueRow
from evidence.people.tables import TokenRow

_NONE = "no such token"


@dataclass(frozen=True, slots=True)
class UnfoundedToken:
    """A token that is not as the ledger says, or is gone."""

    id: str
    """Its SHA-256."""
    expected: str
    found: str


def unfounded_tokens(session: Session) -> Iterator[UnfoundedToken]:
    """Yield each token whose row is not what the ledger says of it, and each that is gone."""
    told = _told(session)
    found = {
        row.sha256: _words(
            row.person,
            ", ".join(row.roles) or "none",
            _moment(row.created_at),
            _moment(row.expires_at),
            "" if row.revoked_at is None else _moment(row.revoked_at),
        )
        for row in session.scalars(select(TokenRow))
    }
    for token in sorted(told.keys() | found.keys()):
        if told.get(token) != found.get(token):
            yield UnfoundedToken(token, told.get(token, _NONE), found.get(token, _NONE))


def _told(session: Session) -> Mapping[str, str]:
    """Return what the events say of each token, by its SHA-256."""
    made: dict[str, tuple[UUID | None, str, str, str]] = {}
    revoked: dict[str, str] = {}
    for event, person, at, values in _events(session):
        if event == "token.revoked":
            revoked[values.get("sha256", "")] = _moment(at)
        else:
            roles, until = values.get("role", ""), values.get("until", "")
            made[values.get("sha256", "")] = person, roles, _moment(at), until
    return {token: _words(*one, revoked.get(token, "")) for token, one in made.items()}


def _events(session: Session) -> Iterator[tuple[str, UUID | None, datetime, Mapping[str, str]]]:
    """Yield what each event about tokens says, whom it is of, and when it was."""
    value, row = CustodyValueRow, CustodyEventRow
    found = session.execute(
        select(
            col(row.id),
            col(row.event),
            col(row.at),
            col(value.field),
            col(value.value),
            col(value.key_record),
        )
        .join(value, col(value.event) == row.id)
        .where(col(row.event).in_(("token.made", "token.revoked")))
    )
    events: dict[UUID, tuple[str, datetime]] = {}
    people: dict[UUID, UUID] = {}
    values: dict[UUID, dict[str, str]] = defaultdict(dict)
    for event, name, at, field, text, key in found:
        events[event] = name, at
        if field == "subject":
            people[event] = key
            continue
        try:
            values[event][field] = str(json.loads(text))
        except ValueError:
            continue  # somebody changed it: the audit of the openings names it
    for event, (name, at) in events.items():
        yield name, people.get(event), at, values[event]


def _moment(at: datetime) -> str:
    return format_time(at.replace(microsecond=0))


def _words(person: UUID | None, roles: str, since: str, until: str, revoked: str) -> str:
    """Say whose a token is, in which roles, from when to when, and whether it was revoked."""
    words = f"of {person}, as {roles}, since {since}, until {until}"
    return f"{words}, revoked {revoked}" if revoked else words
