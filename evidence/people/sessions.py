"""Service. Members of staff who are signed in, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update

from custody.ledger.houseclock import HouseClockRow
from custody.ledger.tables import LogStateRow
from evidence import attention
from evidence.people.access import Role, Subject
from evidence.people.people import People
from evidence.people.tables import PersonRow, StaffSessionRow
from evidence.secrets import make_secret, secret_digest

_TOUCH = timedelta(minutes=1)
"""How exactly we remember when somebody was last seen: not each request is a write."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts: without anything done, and in all."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=10)


@dataclass(frozen=True, slots=True)
class Alarms:
    """What every member of staff is told on every page; each empty if there is nothing to tell."""

    log: str = ""
    """Why the custody log has stopped."""
    clock: str = ""
    """What was found of the clock of the house."""
    audit: str = ""
    """What the audit of the log found, or that it broke down."""
    damaged: int = 0
    """How many exhibits have a file that is not as it was stored."""


class Sessions:
    """Knows who is signed in. The secret lies in the browser; here is only its SHA-256."""

    def __init__(self, people: People, random: Callable[[int], bytes], limits: Limits) -> None:
        self._people = people
        self._random = random
        self.limits = limits

    def start(self, session: Session, subject: Subject, *, at: datetime) -> str:
        """Begin a session for somebody who was just signed in; return its secret, once.

        Always a new secret: what a browser held before the sign-in is worth nothing after it.
        """
        secret = make_secret(self._random)
        session.add(
            StaffSessionRow(
                sha256=secret_digest(secret),
                person=subject.person,
                roles=sorted(subject.roles),
                started_at=at,
                seen_at=at,
            )
        )
        session.flush()
        return secret

    def find(self, session: Session, secret: str, *, at: datetime) -> Subject | None:
        """Return who a session speaks for, or None: unknown, ended, idle or too old."""
        row = session.get(StaffSessionRow, secret_digest(secret))
        if row is None or row.ended_at is not None:
            return None
        if at - row.seen_at > self.limits.idle or at - row.started_at > self.limits.absolute:
            return None
        if at - row.seen_at > _TOUCH:
            row.seen_at = at
        person = session.get(PersonRow, row.person)
        if person is None:
            return None
        # While we hold the row, `subject` finds it without asking again.
        return self._people.subject(session, person.id, (Role(role) for role in row.roles))

    def find_beside_alarms(
        self, session: Session, secret: str, *, at: datetime
    ) -> tuple[Subject | None, Alarms]:
        """Find as `find`, and tell the alarms of the house, in one statement: each page asks it."""
        log = select(LogStateRow.alarm).where(LogStateRow.id == 1).scalar_subquery()
        clock = select(HouseClockRow.alarm).where(HouseClockRow.id == 1).scalar_subquery()
        said = attention.calls()
        about = said.c.subject == attention.THE_LOG
        audit = select(func.string_agg(said.c.words, "; ")).where(about).scalar_subquery()
        wanted = col(StaffSessionRow.sha256) == secret_digest(secret)
        damaged = attention.how_many(attention.NOT_AS_STORED).scalar_subquery()
        told = select(StaffSessionRow, log, clock, audit).add_columns(damaged).where(wanted)
        found = session.execute(told).first()
        if found is None:
            return None, Alarms()
        _, log_words, clock_words, audit_words, count = found
        alarms = Alarms(log_words or "", clock_words or "", audit_words or "", count)
        # What was read here is what `find` finds: a row is read once in a transaction.
        return self.find(session, secret, at=at), alarms

    def end(self, session: Session, secret: str, *, at: datetime) -> None:
        """End a session; one that is over already stays so."""
        row = session.get(StaffSessionRow, secret_digest(secret))
        if row is not None and row.ended_at is None:
            row.ended_at = at

    def end_all(self, session: Session, *, at: datetime) -> None:
        """End every session: whoever was signed in does so again."""
        standing = col(StaffSessionRow.ended_at).is_(None)
        session.exec(update(StaffSessionRow).where(standing).values(ended_at=at))
