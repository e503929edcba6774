"""Service. Holds the roles that people, tokens and sessions have against the events that gave them.

Whoever can write rows could make themselves a releaser. Each role that came or went is an event
`role.changed`, and the audit of the ledger holds what these say: a role without one is named.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from custody.ledger.tables import CustodyEventRow, CustodyValueRow
from evidence.people.people import GONE
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
