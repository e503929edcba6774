"""Service. Holds the roles that people, tokens and sessions have against the events that gave them.

Whoever can write rows could make themselves a releaser. Each role that came or went is an event
`role.changed`, each token `token.made`, and the audit of the ledger holds what these say. So a role
or a token without one is named, and a token that speaks for another person, or in other roles.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from custody.canonical import format_time
from custody.tables import CustodyEventRow, CustodyValueRow
from evidence.people.people import GONE, token_roles
from evidence.people.tables import PersonRow, StaffSessionRow, TokenRow


@dataclass(frozen=True, slots=True)
class UnfoundedRoles:
    """Roles in a row that are not the ones that the ledger gives."""

    what: str
    """Which row it is, in words."""
    person: UUID
    given: tuple[str, ...]
    """By the ledger."""
    found: tuple[str, ...]
    """In the database."""


def unfounded_roles(session: Session) -> Iterator[UnfoundedRoles]:
    """Yield each row whose roles the ledger does not give."""
    given = _given(session)
    people = select(col(PersonRow.id), col(PersonRow.roles), col(PersonRow.issuer).is_not(None))
    for person, roles, signs_in in session.execute(people):
        if set(roles) != (given[person] if signs_in else set()):
            yield _unfounded("a member of staff" if signs_in else "a person", person, given, roles)
    tokens = select(col(TokenRow.person), col(TokenRow.roles)).where(
        col(TokenRow.revoked_at).is_(None)
    )
    sessions = select(col(StaffSessionRow.person), col(StaffSessionRow.roles)).where(
        col(StaffSessionRow.ended_at).is_(None)
    )
    for what, statement in (("an access token", tokens), ("a session", sessions)):
        for person, roles in session.execute(statement):
            if not set(roles) <= given[person]:
                yield _unfounded(what, person, given, roles)


@dataclass(frozen=True, slots=True)
class UnfoundedToken:
    """A token that the ledger knows otherwise, or not at all; or one that is gone."""

    token: str
    """The SHA-256 by which it is known."""
    made: str
    """What the ledger says: for whom, in which roles, since and until when; empty: nothing."""
    found: str
    """What the database says, in the same words."""


def unfounded_tokens(session: Session) -> Iterator[UnfoundedToken]:
    """Yield each token whose row is not what the ledger says of it."""
    made = _made(session)
    rows = session.execute(
        select(
            col(TokenRow.sha256),
            col(TokenRow.person),
            col(TokenRow.roles),
            col(TokenRow.created_at),
            col(TokenRow.revoked_at),
        )
    )
    found = {
        token: _spoken(person, token_roles(roles), created, revoked)
        for token, person, roles, created, revoked in rows
    }
    for token in sorted(made.keys() | found.keys()):
        if made.get(token) != found.get(token):
            yield UnfoundedToken(token, made.get(token, ""), found.get(token, ""))


def _spoken(person: UUID, roles: str, since: datetime, until: datetime | None) -> str:
    """Say for whom a token speaks, in which roles, since when and until when."""
    moments = (
        "still" if one is None else format_time(one.replace(microsecond=0))
        for one in (since, until)
    )
    return f"{person} as {roles}, {' to '.join(moments)}"


def _made(session: Session) -> Mapping[str, str]:
    """Return what the events say of each token."""
    told: dict[str, dict[str, tuple[UUID, str, datetime]]] = defaultdict(dict)
    for name in ("token.made", "token.revoked"):
        subject, role, token = (aliased(CustodyValueRow) for _ in range(3))
        events = select(
            col(subject.key_record), col(role.value), col(token.value), col(CustodyEventRow.at)
        ).select_from(CustodyEventRow)
        for value, field in ((subject, "subject"), (role, "role"), (token, "token")):
            events = events.join(
                value, (col(value.event) == CustodyEventRow.id) & (col(value.field) == field)
            )
        for person, roles, sha256, at in session.execute(
            events.where(col(CustodyEventRow.event) == name)
        ):
            try:
                told[str(json.loads(sha256))][name] = person, str(json.loads(roles)), at
            except ValueError:
                continue  # somebody changed it: the audit of the openings names it
    return {
        token: _spoken(*events["token.made"], events.get("token.revoked", (None, None, None))[2])
        for token, events in told.items()
        if "token.made" in events
    }


def _given(session: Session) -> Mapping[UUID, set[str]]:
    """Return the roles that each person has by the events, in the order in which they came."""
    subject, role = aliased(CustodyValueRow), aliased(CustodyValueRow)
    changes = (
        select(col(subject.key_record), col(role.value))
        .select_from(CustodyEventRow)
        .join(
            subject,
            (col(subject.event) == CustodyEventRow.id) & (col(subject.field) == "subject"),
        )
        .join(role, (col(role.event) == CustodyEventRow.id) & (col(role.field) == "role"))
        .where(col(CustodyEventRow.event) == "role.changed")
        .order_by(col(CustodyEventRow.seq))
    )
    given: dict[UUID, set[str]] = defaultdict(set)
    for person, text in session.execute(changes):
        try:
            words = str(json.loads(text))
        except ValueError:
            continue  # somebody changed it: the audit of the openings names it
        if words.startswith(GONE):
            given[person].discard(words.removeprefix(GONE))
        else:
            given[person].add(words)
    return given


def _unfounded(
    what: str, person: UUID, given: Mapping[UUID, set[str]], roles: list[str]
) -> UnfoundedRoles:
    return UnfoundedRoles(what, person, tuple(sorted(given[person])), tuple(sorted(roles)))
