"""Service. Invitations to say whether footage helped: one letter for a package, to its recipient.

It goes a week after the package left, or a day before its link ends, and only while the link leads
anywhere. Nobody gets one who has answered, or whose last answer was that they want none.
"""

from datetime import datetime, timedelta

from sqlalchemy import literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from evidence.mailbox.messages import Messages
from evidence.mailbox.tables import MessageRow
from evidence.people.tables import PersonRow
from export.delivery.tables import LinkRow
from export.feedback.answers import ASKED, Helped
from export.feedback.letters import FeedbackLetter
from export.feedback.tables import FeedbackRow
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow

AFTER, BEFORE_END = timedelta(days=7), timedelta(days=1)
"""By then somebody may know; and what was collected late is asked about while there is time."""
_ONCE = "feedback_asked:"
_AT_ONCE = 100


class FeedbackInvitations:
    """Writes to recipients. Run every minute."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def write(self, session: Session, *, at: datetime) -> None:
        """Write to the recipients who are to be asked by now, and were not."""
        release, link = ReleaseRow, LinkRow
        due = func.least(
            col(release.collected_at) + AFTER, col(link.expires_at) - literal(BEFORE_END)
        )
        written = select(MessageRow.id).where(MessageRow.once == func.concat(_ONCE, release.id))
        answered = select(FeedbackRow.release).where(FeedbackRow.release == release.id)
        theirs, same = aliased(PersonRow), aliased(PersonRow)
        # Of whoever reads the mailbox: each release names its recipient anew.
        last = (
            select(FeedbackRow.outcome)
            .join(same, col(same.id) == FeedbackRow.person)
            .where(same.email == theirs.email, col(same.issuer).is_(None), same.email != "")
            .order_by(col(FeedbackRow.at).desc(), col(FeedbackRow.number).desc())
            .limit(1)
            .correlate(theirs)
            .scalar_subquery()
        )
        rows = session.exec(
            select(release)
            .join(link, col(link.release) == release.id)
            .join(theirs, col(theirs.id) == release.recipient)
            .where(
                col(release.collected_at).is_not(None),
                col(release.kind).in_(sorted(ASKED)),
                release.state == ReleaseState.SEALED,
                col(link.revoked_at).is_(None),
                col(link.expired_at).is_(None),
                link.expires_at > at,
                due <= at,
                ~written.exists(),
                ~answered.exists(),
                func.coalesce(last, "") != Helped.DECLINED.value,
            )
            .order_by(col(release.collected_at), col(release.id))
            .limit(_AT_ONCE)
        ).all()
        for row in rows:
            self._messages.queue(
                session,
                FeedbackLetter.ASKED,
                person=row.recipient,
                about=row.id,
                once=f"{_ONCE}{row.id}",
                private={},
                at=at,
            )
