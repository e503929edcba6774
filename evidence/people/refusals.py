"""Service. Refusals of people we know: the first is an event at once, what follows one an hour.

Whoever may not do something can try it ten times a second. Each refusal counts; but a ledger that
one person can fill at will hides the others. So for each person and action there is one event at
once, and one with the number of all that followed within the hour.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from custody.formats.canonical import format_time
from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.errors import AccessRefusedError
from evidence.people.access import Subject
from evidence.people.people import People, as_person
from evidence.people.tables import RefusalRow

GROUPED = timedelta(hours=1)
"""How long refusals of one action count together."""
_AT_ONCE = 200


class Refusals:
    """Writes `access.refused`."""

    def __init__(
        self, begin: Callable[[], AbstractContextManager[Session]], people: People, ledger: Ledger
    ) -> None:
        self._begin = begin
        self._people = people
        self._ledger = ledger

    def record(
        self, session: Session, subject: Subject, refused: AccessRefusedError, *, at: datetime
    ) -> None:
        """Record that somebody was refused something, or count it to what is told within the hour.

        The caller commits; if nothing can be written, they are told that, and not the refusal.
        """
        roles = ", ".join(sorted(subject.roles)) or "none"
        first = insert(RefusalRow).values(
            person=subject.person, action=refused.action, role=roles, since=at, more=0
        )
        # Two at once: the second waits here for the first, and counts after it.
        made = session.scalar(first.on_conflict_do_nothing().returning(col(RefusalRow.person)))
        row = session.get_one(RefusalRow, (subject.person, refused.action), with_for_update=True)
        if made is None:
            if at < row.since + GROUPED:
                row.more += 1
                row.role = roles
                return
            self._tell(session, row, at)
            row.since, row.more, row.role = at, 0, roles
        self._write(session, subject, roles, refused.action, refused.reason, at)

    def tell(self, *, at: datetime) -> None:
        """Tell what was counted, of every hour that is over. Run every minute."""
        with self._begin() as session:
            over = session.exec(
                select(RefusalRow)
                .where(col(RefusalRow.since) <= at - GROUPED)
                .order_by(col(RefusalRow.since))
                .limit(_AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            for row in over:
                self._tell(session, row, at)
                session.delete(row)

    def _tell(self, session: Session, row: RefusalRow, at: datetime) -> None:
        if not row.more:
            return
        times = "once more" if row.more == 1 else f"{row.more} more times"
        since = format_time(row.since.replace(microsecond=0))
        reason = f"refused {times} within the hour from {since}"
        subject = self._people.subject(session, row.person, ())
        self._write(session, subject, row.role, row.action, reason, at)

    def _write(
        self,
        session: Session,
        subject: Subject,
        role: str,
        action: str,
        reason: str,
        at: datetime,
    ) -> None:
        values: Values = {
            "actor": as_person(subject),
            "role": role,
            "action": action,
            "reason": reason,
        }
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        self._ledger.append(session, record, "access.refused", values, at=at)
