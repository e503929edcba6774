"""Service. Letters to those who check documents: while any waits, each of them hears it once a day.

The home page shows what waits whenever somebody looks; this is for the day on which nobody does.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from evidence.exhibits.clocks import LONDON
from evidence.mailbox.messages import Messages
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.people.people import staff_with_mailbox
from evidence.requests.documents.tables import DocumentRow
from evidence.requests.letters import RequestLetter
from evidence.requests.states import OPEN
from evidence.requests.tables import RequestRow

MORNING = timedelta(hours=8)
"""When a day begins, on the clocks of London: what came at night is told then."""


class DocumentReminders:
    """Writes to those who check documents. Run every minute."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def write(self, session: Session, *, at: datetime) -> None:
        """Write to each who may check, and was not written to today, if a document waits.

        The letter is about the request that has waited longest, and says how many there are.
        """
        received = func.min(DocumentRow.received_at)
        waiting = session.execute(
            select(DocumentRow.request, received, func.count().over())
            .join(RequestRow, col(RequestRow.id) == DocumentRow.request)
            .where(
                col(DocumentRow.checked_at).is_(None),
                col(DocumentRow.deleted_at).is_(None),
                col(RequestRow.state).in_(sorted(OPEN)),
            )
            .group_by(col(DocumentRow.request))
            .order_by(received, col(DocumentRow.request))
            .limit(1)
        ).first()
        if waiting is None:
            return
        request, _, count = waiting
        # Not of a moment in UTC: on a day that is an hour shorter the morning is at eight as well.
        day = (at.astimezone(LONDON).replace(tzinfo=None) - MORNING).date()
        once = {
            f"to_check:{day}:{person}": person
            for person in staff_with_mailbox(session, Role.GOVERNANCE)
        }
        written = select(MessageRow.once).where(col(MessageRow.once).in_(list(once)))
        for name in once.keys() - set(session.exec(written).all()):
            self._messages.queue(
                session,
                RequestLetter.TO_CHECK,
                person=once[name],
                about=request,
                once=name,
                private={"requests": str(count)},
                at=at,
            )
