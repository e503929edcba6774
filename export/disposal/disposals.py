"""Service. Disposals of exhibits: proposed by one, approved by another, done by a job.

    proposed ─▶ approved ─▶ done         proposed ─▶ refused

The job writes that it begins (`exhibit.disposed`, from which on nobody uses the exhibit), deletes
every version of every file, and packages that hold footage of it; then, in one transaction, rows,
papers, values and the key of the record, with the last event and the certificate. It may be killed
between any two of these: each is done again, or found done.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, select

from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from custody.ledger.erasure import destroy
from custody.ledger.ledger import Ledger, Values
from evidence.errors import AccessRefusedError, StateError, UnknownError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.outcomes import dispose
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Role, Subject
from evidence.people.people import People, as_person, require
from evidence.people.two_people import decide_ending
from evidence.wording import check_words
from export.disposal.certificates import (
    Certificate,
    DestroyedFile,
    certificate_digest,
    format_certificate,
    told_basis,
)
from export.disposal.obstacles import obstacles, releases_of
from export.disposal.remnants import clear_exhibit, objects_of
from export.disposal.states import DisposalState, standing
from export.disposal.tables import DisposalRow
from export.holdings.files import files_of
from export.sealing.aftercare.papers import Papers
from storage.jobs import Jobs
from storage.objects.store import ObjectStore

JOB_DISPOSE = "exhibit.dispose"
_TEXT = 2000
_REASON = "an exhibit of it was disposed of"


class Disposals:
    """Disposes of exhibits; ``vault`` is seen by the disposal identity."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        people: People,
        exhibits: Exhibits,
        papers: Papers,
        vault: ObjectStore,
        jobs: Jobs,
        *,
        council: str,
        retention_days: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._people = people
        self._exhibits = exhibits
        self._papers = papers
        self._vault = vault
        self._jobs = jobs
        self._council = council
        self._retention = timedelta(days=retention_days)
        self._clock = clock

    def propose(
        self,
        session: Session,
        name: str,
        *,
        basis: str,
        early: bool = False,
        by: Subject,
        at: datetime,
    ) -> DisposalRow:
        """Propose that an exhibit is disposed of; a second person has to approve it.

        ``early``: it is to go before its retention ended, which ``basis`` says why.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: something needs it yet, or it is proposed already.
        """
        role = require(Action.PROPOSE_DISPOSAL, by)
        said, at = check_words("basis", basis, most=_TEXT, lines=True), at.replace(microsecond=0)
        exhibit = self._exhibits.find(session, name)
        session.refresh(exhibit, with_for_update=True)
        self._require_free(session, exhibit, early, at)
        if self.open_of(session, exhibit.id) is not None:
            raise StateError(f"the disposal of {exhibit.reference} is proposed already")
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        row = DisposalRow(
            id=record,
            exhibit=exhibit.id,
            basis=said,
            early=early,
            proposed_by=by.person,
            proposed_at=at,
        )
        session.add(row)
        told = told_basis(said, early=early)
        values: Values = {**_by(by, role), "exhibit": str(exhibit.id), "basis": told}
        self._ledger.append(session, record, "disposal.proposed", values, at=at)
        session.flush()
        return row

    def approve(self, session: Session, name: str, *, by: Subject, at: datetime) -> DisposalRow:
        """Approve a disposal that somebody else proposed; the job does it.

        Approved again, a job that was given up begins anew.

        Raises:
            AccessRefusedError, UnknownError, StateError: nothing was recorded.
        """
        role = require(Action.APPROVE_DISPOSAL, by)
        row, at = self.find(session, name, lock=True), at.replace(microsecond=0)
        state = standing(row)
        if state not in {DisposalState.PROPOSED, DisposalState.APPROVED}:
            raise StateError(f"this disposal is {state}: there is nothing to approve")
        decision = decide_ending(row.proposed_by, by.person)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_DISPOSAL, decision.reason)
        exhibit = self._locked(session, row)
        if exhibit.state != ExhibitState.DISPOSED:
            self._require_free(session, exhibit, row.early, at)
        if state is DisposalState.PROPOSED:
            values: Values = {**_by(by, role), **self._told(session, row)}
            self._ledger.append(session, row.id, "disposal.approved", values, at=at)
            row.decided_by, row.decided_at = by.person, at
        session.flush()
        self._jobs.defer(session, JOB_DISPOSE, str(row.id))
        return row

    def refuse(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> DisposalRow:
        """Refuse a disposal, or take one's own back: the exhibit stays.

        Raises:
            AccessRefusedError, InvalidError, UnknownError, StateError: nothing was recorded.
        """
        row, at = self.find(session, name, lock=True), at.replace(microsecond=0)
        own = row.proposed_by == by.person
        role = require(Action.PROPOSE_DISPOSAL if own else Action.APPROVE_DISPOSAL, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        if (state := standing(row)) is not DisposalState.PROPOSED:
            raise StateError(f"this disposal is {state}: it cannot be refused any more")
        row.decided_by, row.decided_at, row.refused_reason = by.person, at, said
        values: Values = {**_by(by, role), "reason": said}
        self._ledger.append(session, row.id, "disposal.refused", values, at=at)
        session.flush()
        return row

    def find(self, session: Session, name: str, *, lock: bool = False) -> DisposalRow:
        """Return the disposal of this identifier.

        Raises:
            UnknownError: there is none.
        """
        try:
            row = session.get(DisposalRow, UUID(name), with_for_update=lock)
        except ValueError:
            row = None
        if row is None:
            raise UnknownError(f"there is no disposal {name[:60]!r}")
        return row

    def certificate(self, session: Session, name: str, *, by: Subject) -> bytes:
        """Return the certificate of a disposal that is done.

        Raises:
            AccessRefusedError, UnknownError, StateError: there is none to see.
        """
        require(Action.SHOW_EXHIBIT, by)
        row = self.find(session, name)
        if row.certificate is None:
            raise StateError(f"this disposal is {standing(row)}: it has no certificate yet")
        return row.certificate

    def open_of(self, session: Session, exhibit: UUID) -> DisposalRow | None:
        """Return the disposal of an exhibit that is not refused, if there is one."""
        found = select(DisposalRow).where(
            DisposalRow.exhibit == exhibit, DisposalRow.refused_reason == ""
        )
        return session.exec(found.limit(1)).first()

    def run(self, disposal: UUID) -> None:
        """Dispose of it; the work of `JOB_DISPOSE`. Called again, it goes on, or does nothing.

        Raises:
            StateError: something needs it by now: a person must look, and approve again.
            StorageError: a version could not be deleted.
        """
        with self._begin() as session:
            row = self.find(session, str(disposal), lock=True)
            if standing(row) is not DisposalState.APPROVED or row.decided_by is None:
                return
            exhibit = self._locked(session, row)
            by = self._people.subject(session, row.decided_by, {Role.GOVERNANCE})
            if exhibit.state != ExhibitState.DISPOSED:
                at = self._clock().replace(microsecond=0)
                self._require_free(session, exhibit, row.early, at)
                values: Values = {**_by(by, Role.GOVERNANCE), "disposal": str(row.id)}
                dispose(session, self._ledger, exhibit, values, at=at)
            objects = objects_of(session, exhibit)
        # From here on nothing of it is used: what is deleted twice is deleted.
        for key, file in objects:
            self._vault.destroy(key, file.version)
        with self._begin() as session:
            files = [file for _, file in objects]
            self._finish(session, disposal, by, files, self._clock().replace(microsecond=0))

    def _finish(
        self,
        session: Session,
        disposal: UUID,
        by: Subject,
        files: Sequence[DestroyedFile],
        at: datetime,
    ) -> None:
        row = self.find(session, str(disposal), lock=True)
        if row.done_at is not None or row.decided_at is None:
            return
        exhibit = self._locked(session, row)
        proposer = self._people.subject(session, row.proposed_by, ())
        row.certificate = format_certificate(
            Certificate(
                council=self._council,
                disposal=row.id,
                exhibit=exhibit.id,
                reference=exhibit.reference,
                basis=row.basis,
                early=row.early,
                proposed_by=proposer.words,
                proposed_at=row.proposed_at,
                approved_by=by.words,
                approved_at=row.decided_at,
                destroyed_at=at,
                files=files,
            )
        )
        told = self._told(session, row)
        values: Values = {
            **_by(by, Role.GOVERNANCE),
            **told,
            "certificate": certificate_digest(row.certificate),
        }
        for release in releases_of(session, exhibit):
            if release.id in self._papers.left_of(session, release.recipient):
                name = str(release.id)
                self._papers.erase(session, name, by=by, at=at, reason=_REASON)
        self._ledger.append(session, row.id, "disposal.done", values, at=at)
        clear_exhibit(session, exhibit)
        destroy(session, exhibit.id)
        row.done_at = at
        session.flush()

    def _told(self, session: Session, row: DisposalRow) -> dict[str, JSON]:
        files: list[JSON] = [
            {"sha256": one.sha256, "size": one.size} for one in files_of(session, row.exhibit)
        ]
        basis = told_basis(row.basis, early=row.early)
        return {"exhibit": str(row.exhibit), "basis": basis, "files": files}

    def _locked(self, session: Session, row: DisposalRow) -> ExhibitRow:
        return session.get_one(ExhibitRow, row.exhibit, with_for_update=True)

    def _require_free(
        self,
        session: Session,
        exhibit: ExhibitRow,
        early: bool,
        at: datetime,
    ) -> None:
        kept = obstacles(session, exhibit, early=early, retention=self._retention, at=at)
        if kept:
            words = "; ".join(kept)
            raise StateError(f"{exhibit.reference} cannot be disposed of now: {words}")


def _by(by: Subject, role: Role) -> Values:
    return {"actor": as_person(by), "role": role.value}
