"""Service. Erasures of people: asked for by one, approved by another, done by a job.

Everybody of one mailbox is erased together, and wholly, or nobody is (`obstacles`). The job may be
killed between any two steps: what it has done is on record, and the next run goes on with the rest.

    asked ─▶ approved ─▶ done            asked ─▶ refused
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, delete, select

from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from custody.ledger.erasure import is_destroyed
from custody.ledger.ledger import Ledger, Values
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.mailbox.addresses import check_address
from evidence.mailbox.codes import token_subject
from evidence.mailbox.messages import forget_letters, forget_letters_to
from evidence.people.access import Action, Role, Subject
from evidence.people.people import People, as_person, people_at, require
from evidence.people.tables import PersonRow
from evidence.people.two_people import decide_ending
from evidence.requests.erasure.erasures import Erasures
from evidence.requests.tables import RequestDraftRow
from evidence.wording import check_words
from export.erasure.obstacles import obstacles, releases_to, requests_of
from export.erasure.recipients import Recipients, package_of
from export.erasure.tables import PersonErasureRow, PersonErasureSubjectRow
from storage.jobs import Jobs

JOB_ERASE = "person.erase"
_TEXT = 2000


class ErasureState(StrEnum):
    """Where an erasure stands."""

    ASKED = "asked"
    REFUSED = "refused"
    APPROVED = "approved"
    DONE = "done"


def standing(row: PersonErasureRow) -> ErasureState:
    """Return where an erasure stands, as its row says."""
    if row.done_at is not None:
        return ErasureState.DONE
    if row.decided_at is None:
        return ErasureState.ASKED
    return ErasureState.REFUSED if row.refused_reason else ErasureState.APPROVED


class PersonErasures:
    """Erases people."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        people: People,
        requests: Erasures,
        recipients: Recipients,
        jobs: Jobs,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._people = people
        self._requests = requests
        self._recipients = recipients
        self._jobs = jobs
        self._clock = clock

    def ask(
        self, session: Session, address: str, *, basis: str, by: Subject, at: datetime
    ) -> PersonErasureRow:
        """Ask that everybody of a mailbox is erased; a second person has to approve it.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
            StateError: nobody is known by it, it was asked before, or something keeps them; the
                message says what to do.
        """
        role = require(Action.ERASE_PERSON, by)
        said = check_words("basis", basis, most=_TEXT, lines=True)
        address, at = check_address(address), at.replace(microsecond=0)
        found = [one.id for one in people_at(session, address)]
        if not found:
            raise InvalidError("address", "nobody is known by this address")
        self._require_free(session, found, at)
        if _open_of(session, found) is not None:
            raise StateError("their erasure was asked for already: it waits for its approval")
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        row = PersonErasureRow(id=record, basis=said, asked_by=by.person, asked_at=at)
        session.add(row)
        session.flush()
        _name(session, record, found)
        values: Values = {**_by(by, role), "people": _told(found), "basis": said}
        self._ledger.append(session, record, "erasure.asked", values, at=at)
        return row

    def approve(
        self, session: Session, erasure: str, *, by: Subject, at: datetime
    ) -> PersonErasureRow:
        """Approve an erasure that somebody else asked for; the job does it.

        Who came by the same mailbox since is erased with the others. Approved again, a job that
        was given up begins anew.

        Raises:
            AccessRefusedError, UnknownError, StateError: nothing was recorded.
        """
        role = require(Action.APPROVE_ERASURE, by)
        row, at = self.find(session, erasure, lock=True), at.replace(microsecond=0)
        state = standing(row)
        if state not in {ErasureState.ASKED, ErasureState.APPROVED}:
            raise StateError(f"this erasure is {state}: there is nothing to approve")
        decision = decide_ending(row.asked_by, by.person)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_ERASURE, decision.reason)
        people = self.people_of(session, row.id)
        self._require_free(session, people, at)
        if state is ErasureState.ASKED:
            late = [one for one in _same_mailboxes(session, people) if one not in set(people)]
            self._require_free(session, late, at)
            _name(session, row.id, late)
            values: Values = {**_by(by, role), "people": _told([*people, *late])}
            self._ledger.append(session, row.id, "erasure.approved", values, at=at)
            row.decided_by, row.decided_at = by.person, at
        session.flush()
        self._jobs.defer(session, JOB_ERASE, str(row.id))
        return row

    def refuse(
        self, session: Session, erasure: str, *, by: Subject, at: datetime, reason: str
    ) -> PersonErasureRow:
        """Refuse an erasure, or take one's own back: everything stays.

        Raises:
            AccessRefusedError, InvalidError, UnknownError, StateError: nothing was recorded.
        """
        row, at = self.find(session, erasure, lock=True), at.replace(microsecond=0)
        own = row.asked_by == by.person
        role = require(Action.ERASE_PERSON if own else Action.APPROVE_ERASURE, by)
        said = check_words("reason", reason, most=_TEXT, lines=True)
        if (state := standing(row)) is not ErasureState.ASKED:
            raise StateError(f"this erasure is {state}: it cannot be refused any more")
        row.decided_by, row.decided_at, row.refused_reason = by.person, at, said
        self._ledger.append(
            session, row.id, "erasure.refused", {**_by(by, role), "reason": said}, at=at
        )
        session.flush()
        return row

    def find(self, session: Session, erasure: str, *, lock: bool = False) -> PersonErasureRow:
        """Return the erasure of this identifier.

        Raises:
            UnknownError: there is none.
        """
        try:
            row = session.get(PersonErasureRow, UUID(erasure), with_for_update=lock)
        except ValueError:
            row = None
        if row is None:
            raise UnknownError(f"there is no erasure {erasure[:60]!r}")
        return row

    def people_of(self, session: Session, erasure: UUID) -> Sequence[UUID]:
        """Return whom an erasure is about, in a steady order."""
        found = select(PersonErasureSubjectRow.person).where(
            PersonErasureSubjectRow.erasure == erasure
        )
        return session.exec(found.order_by(col(PersonErasureSubjectRow.person))).all()

    def run(self, erasure: UUID) -> None:
        """Erase them; the work of `JOB_ERASE`. Called again, it goes on, or does nothing.

        Raises:
            StateError: something keeps them by now: a person must look, and approve again.
            StorageError: a package could not be deleted.
        """
        with self._begin() as session:
            row = self.find(session, str(erasure), lock=True)
            if standing(row) is not ErasureState.APPROVED or row.decided_by is None:
                return
            people, at = self.people_of(session, erasure), self._clock()
            self._require_free(session, people, at)
            basis = row.basis
            by = self._people.subject(session, row.decided_by, {Role.GOVERNANCE})
            for person in people:
                if not is_destroyed(session, person):
                    self._people.begin_erasure(session, person, basis=basis, at=at)
            requests = [one.id for one in requests_of(session, people)]
            releases = [one.id for one in releases_to(session, people)]
        for request in requests:
            if not self._requests.erase(request, at=self._clock(), basis=basis):
                raise StateError("a request of theirs cannot be erased now: look at it, try again")
        for release in releases:
            with self._begin() as session:
                self._recipients.erase(session, release, by=by, at=self._clock())
                package = package_of(session, release)
            self._recipients.destroy_package(package)
        with self._begin() as session:
            self._finish(session, erasure, by, self._clock().replace(microsecond=0))

    def _finish(self, session: Session, erasure: UUID, by: Subject, at: datetime) -> None:
        row = self.find(session, str(erasure), lock=True)
        if row.done_at is not None:
            return
        people = self.people_of(session, erasure)
        self._require_free(session, people, at)  # what came meanwhile: a request, a release
        if requests_of(session, people):
            raise StateError("a request came from this mailbox meanwhile: approve it once more")
        forget_drafts(session, people)
        forget_letters_to(session, people)
        for person in people:
            if not is_destroyed(session, person):
                self._people.erase(session, person, basis=row.basis, at=at)
        values: Values = {**_by(by, Role.GOVERNANCE), "people": _told(people)}
        self._ledger.append(session, row.id, "erasure.done", values, at=at)
        row.done_at = at

    def _require_free(self, session: Session, people: Sequence[UUID], at: datetime) -> None:
        kept = obstacles(session, people, at=at)
        if kept:
            raise StateError(f"they cannot be erased now: {'; '.join(kept)}")


def _same_mailboxes(session: Session, people: Sequence[UUID]) -> Sequence[UUID]:
    """Return everybody of the mailboxes of these people."""
    known = select(PersonRow.email).where(col(PersonRow.id).in_(people), PersonRow.email != "")
    addresses = {one.lower() for one in session.exec(known)}
    return [one.id for address in sorted(addresses) for one in people_at(session, address)]


def _open_of(session: Session, people: Sequence[UUID]) -> UUID | None:
    """Return an erasure of one of these people that is neither refused nor done."""
    found = (
        select(PersonErasureRow.id)
        .join(PersonErasureSubjectRow, col(PersonErasureSubjectRow.erasure) == PersonErasureRow.id)
        .where(
            col(PersonErasureSubjectRow.person).in_(people),
            PersonErasureRow.refused_reason == "",
            col(PersonErasureRow.done_at).is_(None),
        )
    )
    return session.exec(found.limit(1)).first()


def _name(session: Session, erasure: UUID, people: Sequence[UUID]) -> None:
    session.add_all(PersonErasureSubjectRow(erasure=erasure, person=one) for one in people)
    session.flush()


def forget_drafts(session: Session, people: Sequence[UUID]) -> None:
    """Delete what was typed from their mailboxes and never sent, and the letters about it."""
    known = select(PersonRow.email).where(col(PersonRow.id).in_(people), PersonRow.email != "")
    own = col(RequestDraftRow.mailbox).in_(set(session.exec(known).all()))
    digests = session.exec(select(RequestDraftRow.secret_sha256).where(own)).all()
    forget_letters(session, [token_subject(one) for one in digests])
    session.exec(delete(RequestDraftRow).where(own))


def _by(by: Subject, role: Role) -> Values:
    return {"actor": as_person(by), "role": role.value}


def _told(people: Sequence[UUID]) -> list[JSON]:
    return [str(one) for one in sorted(people)]
