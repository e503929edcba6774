"""Service. Tells a recipient that an exhibit of their package was corrected after it was sealed."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from evidence.errors import StateError
from evidence.mailbox.messages import Messages
from evidence.people.access import Subject
from export.delivery.letters import DeliveryLetter
from export.release.corrections import Corrections
from export.release.releases import label
from export.release.tables import ReleaseExhibitRow, ReleaseRow


class Amendments:
    """Sends letters about corrections; a person decides that one is sent."""

    def __init__(self, corrections: Corrections, messages: Messages) -> None:
        self._corrections = corrections
        self._messages = messages

    def tell(self, session: Session, name: str, *, by: Subject, at: datetime) -> ReleaseRow:
        """Send the letter, once for each correction, and settle the call to a person.

        Raises:
            AccessRefusedError, UnknownError: nothing was sent.
            StateError: nobody has the package yet, or nothing of it was corrected.
        """
        row = self._corrections.noticed(session, name, by=by)
        if row.collected_at is None:
            raise StateError(f"nobody has collected release {label(row)}: there is nobody to tell")
        latest = session.exec(
            select(func.max(col(ReleaseExhibitRow.corrected_at))).where(
                ReleaseExhibitRow.release == row.id
            )
        ).one()
        if latest is None:
            raise StateError(f"nothing of release {label(row)} was corrected since it was sealed")
        self._messages.queue(
            session,
            DeliveryLetter.CORRECTED,
            person=row.recipient,
            about=row.id,
            once=f"corrected:{row.id}:{latest.isoformat()}",
            private={},
            at=at,
        )
        return row
