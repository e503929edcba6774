"""Service. What the clock does to releases: links expire, recipients and releasers are reminded.

Nothing waits for it: an expired link is dead at its moment, here it is only written down. Each
thing that is due is done in a transaction of its own, and found again if that was undone; so a
kill costs nothing, and a second run does nothing.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from custody.formats.canonical import format_time
from evidence import attention
from evidence.errors import StateError
from evidence.mailbox.codes import forget_gates
from evidence.mailbox.messages import Messages
from evidence.people.tables import StaffSessionRow
from export.delivery.alive import lock_link
from export.delivery.letters import DeliveryLetter
from export.delivery.tables import CollectionRow, DownloadRow, LinkRow, ReceiptRow
from export.intake.scans import INFECTED
from export.intake.tables import UploadRow
from export.release.contents import require_clean
from export.release.decisions import SECOND_WITHIN, Decisions
from export.release.notices import ReleaseLetter, releasers
from export.release.states import ReleaseState
from export.release.tables import ReleaseExhibitRow, ReleaseRow

JOB_SECOND = "release.second"
"""No job, but a name among them: what an overdue second approval is shown as."""
JOB_MALWARE = "release.malware"
"""No job either: what a release is shown with that carries what the malware scanner found."""
WARN_BEFORE = timedelta(days=3)
"""How long before its end an uncollected link is warned of; of a short one, half its life."""
FORGET_SESSIONS = timedelta(days=30)
_WAITING = (
    ReleaseState.APPROVED,
    ReleaseState.SEALING,
    ReleaseState.SEALED,
    ReleaseState.EXPIRED,
)
_MAY_LEAVE = (
    ReleaseState.PROPOSED,
    ReleaseState.APPROVED,
    ReleaseState.SEALED,
    ReleaseState.EXPIRED,
)
"""Of one that is being sealed, the sealing itself says what keeps it."""
_OVERDUE = (
    "This urgent release was approved by one person. The second approval was due within 24 hours "
    "and is missing: a second releaser must approve it, or it must be revoked."
)


class Deadlines:
    """Looks what is due. Run by one worker at a time; two at once would only wait on row locks."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        decisions: Decisions,
        messages: Messages,
    ) -> None:
        self._begin = begin
        self._decisions = decisions
        self._messages = messages

    def mark(self, *, at: datetime) -> None:
        """Do all that is due at ``at``; what cannot be done does not keep the rest from it.

        Raises:
            ExceptionGroup: what failed; it is due again at the next run.
        """
        failed: list[Exception] = []
        for find, do in (
            (self._ended, self._expire),
            (self._ending, self._warn),
            (self._unseconded, self._remind),
            (self._infected, self._stop),
        ):
            for subject in self._found(find(at)):
                try:
                    with self._begin() as session:
                        do(session, subject, at)
                # Told below, all together: one record that cannot be written must not stop the
                # expiry of all others.
                except Exception as error:  # noqa: BLE001
                    failed.append(error)
        with self._begin() as session:
            self._forget(session, at)
        if failed:
            raise ExceptionGroup("what was due could not all be done", failed)

    def _found(self, statement: SelectOfScalar[UUID]) -> Sequence[UUID]:
        with self._begin() as session:
            return session.exec(statement).all()

    def _ended(self, at: datetime) -> SelectOfScalar[UUID]:
        """Return the links that ended by themselves, and are not written down as such."""
        return select(LinkRow.id).where(_open_links(), col(LinkRow.expires_at) <= at)

    def _expire(self, session: Session, subject: UUID, at: datetime) -> None:
        """Write down that a link ended; an uncollected release expires with it.

        It was the last: a re-issue ends the links before it, and what was ended does not expire.
        """
        link = lock_link(session, subject)
        if link.expired_at is not None or link.revoked_at is not None or at < link.expires_at:
            return
        link.expired_at = at
        row = session.get_one(ReleaseRow, link.release)
        if row.state != ReleaseState.SEALED or _collected(session, row.id):
            return
        self._decisions.expired(session, row.id, at=at)

    def _ending(self, at: datetime) -> SelectOfScalar[UUID]:
        """Return the links that may need a warning: those that end soon and had none."""
        return select(LinkRow.id).where(
            _open_links(),
            col(LinkRow.warned_at).is_(None),
            col(LinkRow.expires_at) > at,
            col(LinkRow.expires_at) <= at + WARN_BEFORE,
        )

    def _warn(self, session: Session, subject: UUID, at: datetime) -> None:
        """Warn the recipient once that a link ends that they have not used."""
        link = lock_link(session, subject)
        before = min(WARN_BEFORE, (link.expires_at - link.issued_at) / 2)
        if link.warned_at is not None or link.revoked_at is not None:
            return
        if not link.expires_at - before <= at < link.expires_at:
            return
        row = session.get_one(ReleaseRow, link.release)
        if row.state != ReleaseState.SEALED or _collected(session, row.id):
            return
        link.warned_at = at
        self._messages.queue(
            session,
            DeliveryLetter.EXPIRING,
            person=row.recipient,
            about=row.id,
            once=f"expiring:{link.id}",
            private={"expires": format_time(link.expires_at.replace(microsecond=0))},
            at=at,
        )

    def _unseconded(self, at: datetime) -> SelectOfScalar[UUID]:
        """Return the urgent releases that one person approved, and those with an old alarm."""
        del at
        waiting = (
            col(ReleaseRow.urgent)
            & col(ReleaseRow.seconded_at).is_(None)
            & col(ReleaseRow.state).in_(_WAITING)
        )
        alarms = select(attention.calls(JOB_SECOND).c.subject)
        return select(ReleaseRow.id).where(or_(waiting, col(ReleaseRow.id).in_(alarms)))

    def _remind(self, session: Session, subject: UUID, at: datetime) -> None:
        """Ask every other releaser for the second approval; after 24 hours, raise the alarm."""
        row = session.get_one(ReleaseRow, subject, with_for_update=True)
        if row.seconded_at is not None or row.state not in _WAITING or row.approved_at is None:
            attention.settle(session, row.id, JOB_SECOND)
            return
        due = row.approved_at + SECOND_WITHIN
        for person in releasers(session, but=row.approved_by):
            self._messages.queue(
                session,
                ReleaseLetter.SECOND_NEEDED,
                person=person,
                about=row.id,
                once=f"second:{row.id}:{person}",
                private={"due": format_time(due.replace(microsecond=0))},
                at=at,
            )
        if at >= due:
            attention.call_once(session, row.id, JOB_SECOND, _OVERDUE, at=at)

    def _infected(self, at: datetime) -> SelectOfScalar[UUID]:
        """Return releases with an exhibit in which malware was found, and those with a call."""
        del at
        uploads = select(UploadRow.exhibit).where(INFECTED)
        carrying = select(ReleaseExhibitRow.release).where(
            col(ReleaseExhibitRow.exhibit).in_(uploads)
        )
        called = select(attention.calls(JOB_MALWARE).c.subject)
        return select(ReleaseRow.id).where(
            or_(col(ReleaseRow.id).in_(carrying), col(ReleaseRow.id).in_(called))
        )

    def _stop(self, session: Session, subject: UUID, at: datetime) -> None:
        """Call a person to a release that must not leave: it is held back meanwhile."""
        row = session.get_one(ReleaseRow, subject, with_for_update=True)
        try:
            if row.state in _MAY_LEAVE:
                require_clean(session, row)
        except StateError as error:
            told = f"nothing of this release can leave: {error}. Refuse it, or revoke it"
            attention.call_once(session, row.id, JOB_MALWARE, told, at=at)
        else:
            attention.settle(session, row.id, JOB_MALWARE)

    def _forget(self, session: Session, at: datetime) -> None:
        """Delete what counted attempts and who was signed in: none of it is evidence."""
        forget_gates(session, at=at)
        long_ago = at - FORGET_SESSIONS
        session.exec(
            delete(StaffSessionRow).where(
                or_(
                    col(StaffSessionRow.started_at) < long_ago,
                    col(StaffSessionRow.ended_at) < long_ago,
                )
            )
        )
        # A collection with a download or a receipt is what `download.authorised` names: it stays.
        session.exec(
            delete(CollectionRow).where(
                col(CollectionRow.started_at) < long_ago,
                col(CollectionRow.id).not_in(select(DownloadRow.collection)),
                col(CollectionRow.id).not_in(select(ReceiptRow.collection)),
            )
        )


def _open_links() -> ColumnElement[bool]:
    return col(LinkRow.expired_at).is_(None) & col(LinkRow.revoked_at).is_(None)


def _collected(session: Session, release: UUID) -> bool:
    """Tell whether the recipient took the package by any link of the release."""
    downloads = select(DownloadRow.id).join(LinkRow, col(LinkRow.id) == DownloadRow.link)
    return session.exec(downloads.where(LinkRow.release == release).limit(1)).first() is not None
