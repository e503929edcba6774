"""Service. Each change of a claims system's requests, with a number: none is missed, none is twice.

A change is noted in the transaction of its step. It gets its number later, under a lock, because
transactions end in another order than they began: whoever has read up to a number never finds one
below it afterwards.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.requests.notices.tables import ChangeRow, WebhookRow
from evidence.requests.systems.tables import RequesterRow
from evidence.requests.tables import RequestRow
from storage.jobs import Jobs

JOB_CALL = "webhook.call"
"""Subject: a request that moved, or the person whose system is called once more."""
_LOCKED_FOR = 0x6368616E676573
"""What numbers are locked by, beside whose they are."""


class Changes:
    """Notes what becomes of the requests of claims systems."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def moved(self, session: Session, row: RequestRow, at: datetime) -> None:
        """Note that a request is in another state, if a claims system follows it."""
        follows = select(RequesterRow.person).where(RequesterRow.person == row.person)
        if session.exec(follows.limit(1)).first() is None:
            return
        session.add(
            ChangeRow(
                person=row.person,
                request=row.id,
                urn=row.urn,
                state=row.state,
                at=at.replace(microsecond=0),
            )
        )
        session.flush()
        if session.get(WebhookRow, row.person) is not None:
            # By the request, which is locked: two steps of one mailbox never wait for each other.
            self._jobs.defer(session, JOB_CALL, str(row.id))

    def after(
        self, session: Session, number: int, *, by: Subject, most: int
    ) -> Sequence[ChangeRow]:
        """Return the changes after a number, the first first.

        Raises:
            AccessRefusedError: ``by`` follows no requests.
        """
        require(Action.FOLLOW_REQUEST, by)
        number_changes(session, by.person)
        later = select(ChangeRow).where(
            ChangeRow.person == by.person, col(ChangeRow.number) > number
        )
        return session.exec(later.order_by(col(ChangeRow.number)).limit(most)).all()


def number_changes(session: Session, person: UUID) -> int:
    """Give each change of a mailbox its number; return the last one."""
    session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(str(person), _LOCKED_FOR)))
    )
    numbered = select(func.max(ChangeRow.number)).where(ChangeRow.person == person)
    last = session.exec(numbered).one() or 0
    waiting = select(ChangeRow).where(ChangeRow.person == person, col(ChangeRow.number).is_(None))
    for row in session.exec(waiting.order_by(col(ChangeRow.id))):
        last += 1
        row.number = last
    session.flush()
    return last
