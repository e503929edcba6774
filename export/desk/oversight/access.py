"""Service. Who could read what, as database and ledger have it; to make the report is an event.

People, the roles that they have and had, and tokens. What a role may do says the table of
`evidence.people.access`; what a process holds, the edge adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from custody.formats.events import RecordKind
from custody.ledger.histories import Histories
from custody.ledger.ledger import Ledger, Values
from custody.ledger.search import CustodySearch, Wanted
from evidence.people.access import ALLOWED, Action, Role, Subject
from evidence.people.people import as_person, require
from evidence.people.tables import PersonRow, StaffSessionRow, TokenRow

MOST_CHANGES = 1000
"""Changes of roles that a report tells, the newest; the ledger has them all."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who can sign in, or has a token that was made once."""

    id: str
    name: str
    roles: tuple[str, ...]
    """That the identity provider named last."""
    signed_in_at: datetime | None
    """When they signed in last."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, by the first digits of its SHA-256."""

    id: str
    person: str
    roles: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None

    def works(self, at: datetime) -> bool:
        """Tell whether it opens anything."""
        return self.revoked_at is None and at < self.ends_at


@dataclass(frozen=True, slots=True)
class Change:
    """A role that was given or taken, as the ledger has it."""

    at: datetime
    subject: str
    role: str
    actor: str


@dataclass(frozen=True, slots=True)
class Access:
    """Who could read what."""

    at: datetime
    people: Sequence[Holder]
    tokens: Sequence[Token]
    changes: Sequence[Change]
    """The newest first."""
    more_changes: bool
    """Whether there are older ones that are not told."""


class AccessReport:
    """Makes the report."""

    def __init__(self, ledger: Ledger, histories: Histories, custody: CustodySearch) -> None:
        self._ledger = ledger
        self._histories = histories
        self._custody = custody

    def make(self, session: Session, *, by: Subject, at: datetime) -> Access:
        """Return who could read what; that it was made is the event `report.made`.

        Raises:
            AccessRefusedError: ``by`` may not make it.
            LogStoppedError: nothing can be recorded.
        """
        role = require(Action.REPORT_ACCESS, by)
        changes = self._changes(session)
        found = Access(
            at,
            _people(session),
            _tokens(session),
            changes[:MOST_CHANGES],
            len(changes) > MOST_CHANGES,
        )
        values: Values = {"actor": as_person(by), "role": role.value, "what": "who could read what"}
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        self._ledger.append(session, record, "report.made", values, at=at)
        return found

    def _changes(self, session: Session) -> list[Change]:
        wanted = Wanted(event="role.changed")
        events = self._custody.events(session, wanted, most=MOST_CHANGES + 1)
        told = self._histories.tell(session, events)
        found = []
        for event in events:
            said = {
                one.field: "erased" if one.erased else "altered" if one.altered else str(one.value)
                for one in told[event.id]
            }
            found.append(Change(event.at, said["subject"], said["role"], said["actor"]))
        return found


def rights() -> dict[str, list[str]]:
    """Return what each role may do, as every edge asks it."""
    return {
        role.value: sorted(action.value for action, roles in ALLOWED.items() if role in roles)
        for role in Role
    }


def _people(session: Session) -> list[Holder]:
    tokens = select(TokenRow.person)
    rows = session.exec(
        select(PersonRow, func.max(StaffSessionRow.started_at))
        .join(StaffSessionRow, col(StaffSessionRow.person) == PersonRow.id, isouter=True)
        .where(or_(col(PersonRow.issuer).is_not(None), col(PersonRow.id).in_(tokens)))
        .group_by(col(PersonRow.id))
        .order_by(PersonRow.name, col(PersonRow.id))
    )
    return [Holder(str(row.id), row.name, tuple(row.roles), at) for row, at in rows]


def _tokens(session: Session) -> list[Token]:
    rows = session.exec(
        select(TokenRow, PersonRow.name)
        .join(PersonRow, col(PersonRow.id) == TokenRow.person)
        .order_by(col(TokenRow.created_at), TokenRow.sha256)
    )
    return [
        Token(
            row.sha256[:12],
            name,
            tuple(row.roles),
            row.created_at,
            row.expires_at,
            row.revoked_at,
        )
        for row, name in rows
    ]
