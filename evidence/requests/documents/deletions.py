"""Service. What the clock does to documents: whose time is over is destroyed.

Each is a transaction's work by itself, or with others: what a kill undoes is due again.
"""

from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger
from evidence.people.people import THE_CLOCK, People
from evidence.requests.documents.clocks import Keeping
from evidence.requests.documents.documents import destroy
from evidence.requests.documents.tables import DocumentRow
from evidence.requests.recorded import SYSTEM
from evidence.requests.submissions import Requests

_AT_ONCE = 100
_CHECKED, _LONGEST = "its days after the check are over", "its longest time is over"


class DocumentDeletions:
    """Looks which documents are due. Run every minute."""

    def __init__(
        self, ledger: Ledger, requests: Requests, people: People, keeping: Keeping
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._people = people
        self._keeping = keeping

    def run(self, session: Session, *, at: datetime) -> None:
        """Destroy the documents whose time is over."""
        received, checked = col(DocumentRow.received_at), col(DocumentRow.checked_at)
        due = (
            select(DocumentRow.id, DocumentRow.request)
            .where(
                col(DocumentRow.deleted_at).is_(None),
                col(DocumentRow.request).is_not(None),
                or_(
                    received <= at - self._keeping.longest,
                    checked <= at - self._keeping.after_check,
                ),
            )
            .order_by(received, col(DocumentRow.id))
            .limit(_AT_ONCE)
        )
        # Not locked here: whoever acts on a document holds its request first.
        for document, request in session.exec(due).all():
            row = self._requests.find(session, str(request), lock=True)
            found = session.get_one(DocumentRow, document, populate_existing=True)
            until = self._keeping.until(found.received_at, found.checked_at)
            if found.deleted_at is not None or until > at:
                continue  # somebody deleted it, or checked it again, a moment ago
            over = at >= found.received_at + self._keeping.longest
            destroy(
                session,
                self._ledger,
                row,
                found,
                by=self._people.subject(session, self._people.known(session, THE_CLOCK), ()),
                role=SYSTEM,
                at=at,
                reason=_LONGEST if over else _CHECKED,
            )
