"""Service. What a release says of its recipient, erased: rows, values, letters, package.

What stays is what the council answers for (UK GDPR article 5(2)): that there was a release, of
which kind and on which basis, of which files, when, and who of the staff decided.
"""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from custody.ledger.erasure import RECIPIENT_ERASED, empty_words
from custody.ledger.ledger import Ledger, Values
from evidence.mailbox.codes import forget_gates_of
from evidence.mailbox.messages import forget_letters
from evidence.people.access import Role, Subject
from evidence.people.people import as_person
from export.delivery.tables import HandoffRow, LinkRow
from export.feedback.feedback import Feedback
from export.release.releases import Releases
from export.release.tables import EarlierApprovalRow, ReleaseErasureRow, ReleaseRow
from export.sealing.aftercare.papers import Papers
from export.sealing.steps import SealStep, SealStore
from storage.objects.store import ObjectStore

REASON = "its recipient is erased"


class Again(TypedDict):
    """Who erases once more what a backup brought back, when, and why."""

    by: Subject
    role: str
    at: datetime
    reason: str


class Recipients:
    """Erases recipients of releases; ``vault`` is seen by the disposal identity."""

    def __init__(
        self,
        ledger: Ledger,
        releases: Releases,
        papers: Papers,
        feedback: Feedback,
        vault: ObjectStore,
    ) -> None:
        self._ledger = ledger
        self._releases = releases
        self._papers = papers
        self._feedback = feedback
        self._vault = vault

    def erase(self, session: Session, release: UUID, *, by: Subject, at: datetime) -> None:
        """Erase what a release says of its recipient, once; from then on nothing of it leaves."""
        row = self._releases.find(session, str(release), lock=True)
        if session.get(ReleaseErasureRow, release) is not None:
            return
        at = at.replace(microsecond=0)  # events tell the time to the second
        if release in self._papers.left_of(session, row.recipient):
            self._papers.erase(session, str(release), by=by, at=at, reason=REASON)
        self._feedback.erase(session, str(release), by=by, at=at, reason=REASON)
        self._finish(session, row, REASON, by=by, role=Role.GOVERNANCE.value, at=at)

    def erase_again(
        self, session: Session, release: UUID, *, by: Subject, role: str, at: datetime, reason: str
    ) -> None:
        """Erase what a backup brought back of a recipient; done again, nothing is left to do.

        It is an event anew: what was said of the first one may be lost.
        """
        row = self._releases.find(session, str(release), lock=True)
        if session.get(ReleaseErasureRow, release) is not None:
            clear_words(session, row)
            return
        said: Again = {"by": by, "role": role, "at": at.replace(microsecond=0), "reason": reason}
        self._papers.erase_again(session, release, **said)
        self._feedback.erase_again(session, release, **said)
        self._finish(session, row, reason, by=by, role=role, at=said["at"])

    def _finish(
        self,
        session: Session,
        row: ReleaseRow,
        reason: str,
        *,
        by: Subject,
        role: str,
        at: datetime,
    ) -> None:
        """Erase what a release itself says of its recipient, on record."""
        release = row.id
        values: Values = {"actor": as_person(by), "role": role, "reason": reason}
        self._ledger.append(session, release, RECIPIENT_ERASED, values, at=at)
        session.add(ReleaseErasureRow(release=release, person=by.person, at=at, reason=reason))
        empty_words(session, release)
        clear_words(session, row)
        tokens = select(LinkRow.token_sha256).where(LinkRow.release == release)
        forget_gates_of(session, session.exec(tokens).all())
        forget_letters(session, [release])

    def destroy_package(self, begin_found: tuple[str, str] | None) -> None:
        """Delete the package of a release from the store, where one was joined: it names people."""
        if begin_found is not None:
            self._vault.destroy(*begin_found)


def package_of(session: Session, release: UUID) -> tuple[str, str] | None:
    """Return key and version of the package of a release; None: none was joined."""
    joined = SealStore(release).facts(session, SealStep.ARCHIVE)
    return None if joined is None else (joined["key"], joined["version"])


def clear_words(session: Session, row: ReleaseRow) -> None:
    """Empty what people wrote of a release, and for which organisation its recipient was."""
    row.organisation = row.purpose = row.reason = row.seconded_reason = row.ended_reason = ""
    for change in (
        update(EarlierApprovalRow)
        .where(col(EarlierApprovalRow.release) == row.id)
        .values(reason=""),
        update(HandoffRow)
        .where(col(HandoffRow.release) == row.id)
        .values(system="", reference="", acceptance=""),
    ):
        session.exec(change)
    session.flush()
