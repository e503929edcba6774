"""Service. What the clock does to requests: staff are warned, fees run out, drafts are forgotten.

Nothing waits for it: what is overwritten is gone at its moment. Each thing that is due is found
again if its transaction was undone, and a second run does nothing.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from evidence.mailbox.messages import Messages
from evidence.people.access import Role
from evidence.people.people import staff_with_mailbox
from evidence.requests.decisions import UNPAID, RequestDecisions
from evidence.requests.letters import RequestLetter
from evidence.requests.states import WAITS_FOR_FOOTAGE
from evidence.requests.tables import RequestRow, RequestStepRow

WARN_DAYS = (7, 3, 1)
"""How many days before footage is overwritten that nobody preserved the people on duty hear it."""
_AT_ONCE = 100


class RequestDeadlines:
    """Looks what is due. Run every minute."""

    def __init__(
        self, decisions: RequestDecisions, messages: Messages, *, unpaid_days: int
    ) -> None:
        self._decisions = decisions
        self._messages = messages
        self._unpaid = timedelta(days=unpaid_days)

    def warn(self, session: Session, *, at: datetime) -> None:
        """Write to every operator of requests whose footage is soon overwritten."""
        due = col(RequestRow.overwrite_due_at)
        soon = select(RequestRow).where(_unwarned(at)).order_by(due).limit(_AT_ONCE)
        rows = session.exec(soon.with_for_update(skip_locked=True)).all()
        people = staff_with_mailbox(session, Role.OPERATOR) if rows else ()
        for row in rows:
            reached = sum(row.overwrite_due_at <= at + timedelta(days=days) for days in WARN_DAYS)
            row.warned = reached
            for person in people:
                self._messages.queue(
                    session,
                    RequestLetter.AT_RISK,
                    person=person,
                    about=row.id,
                    once=f"at_risk:{row.id}:{row.overwrite_due_at.isoformat()}:{reached}:{person}",
                    private={"days": str(WARN_DAYS[reached - 1])},
                    at=at,
                )
        session.flush()

    def expire(self, session: Session, *, at: datetime) -> None:
        """Let requests expire whose fee was not paid for long."""
        before = at - self._unpaid
        since = (
            select(func.max(RequestStepRow.at))
            .where(RequestStepRow.request == RequestRow.id)
            .correlate(RequestRow)
            .scalar_subquery()
        )
        late = (
            select(RequestRow.id)
            .where(
                col(RequestRow.state).in_(UNPAID),
                col(RequestRow.submitted_at) < before,
                since < before,
            )
            .order_by(col(RequestRow.submitted_at))
            .limit(_AT_ONCE)
        )
        # Not locked here: a decision holds the fees before the request.
        for request in session.exec(late).all():
            self._decisions.expire(session, request, at=at)


def _unwarned(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a warning of a request is due, and was not written."""
    due = col(RequestRow.overwrite_due_at)
    steps = [
        and_(col(RequestRow.warned) <= number, due <= at + timedelta(days=days))
        for number, days in enumerate(WARN_DAYS)
    ]
    return and_(
        col(RequestRow.state).in_(sorted(WAITS_FOR_FOOTAGE)),
        col(RequestRow.preserved_at).is_(None),
        due > at,
        or_(*steps),
    )
