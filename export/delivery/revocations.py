"""Service. A release is taken back: whatever link there is ends, and the recipient is told."""

from datetime import datetime

from sqlmodel import Session

from evidence.mailbox.messages import Messages
from evidence.people.access import Subject
from export.delivery.letters import DeliveryLetter
from export.delivery.links import Links
from export.release.decisions import Decisions
from export.release.tables import ReleaseRow


class Revocations:
    """Takes back releases that have left the desk already."""

    def __init__(self, decisions: Decisions, links: Links, messages: Messages) -> None:
        self._decisions = decisions
        self._links = links
        self._messages = messages

    def revoke(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ReleaseRow:
        """Take a release back: its links end with this transaction, and none is issued again.

        What was downloaded before is out; the recipient is told that it was taken back.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is not sealed yet (refuse it instead), or has ended already.
        """
        row = self._decisions.revoke(session, name, by=by, at=at, reason=reason)
        if self._links.of(session, row.id):
            self._links.end_all(session, row.id, at=at)
            self._messages.queue(
                session,
                DeliveryLetter.REVOKED,
                person=row.recipient,
                about=row.id,
                once=f"revoked:{row.id}",
                private={},
                at=at,
            )
        return row
