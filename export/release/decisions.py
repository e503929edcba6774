"""Service. Every step of a release from one state to the next: the one owner of its state.

Each method takes one step of the table in `states`: it locks the release, checks, moves it, writes
the custody event of that step, and defers the job that follows, all in the caller's transaction.
Rooms above say what happened and with which facts; what goes along with it there (links that end,
messages) they do in the same transaction.

Over 300 lines: whoever asks how a release may move reads one file.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, select

from custody.ledger.ledger import Ledger, Person, Values
from custody.ledger.tables import CustodyEventRow
from evidence import attention
from evidence.errors import AccessRefusedError, StateError
from evidence.exhibits.description import utc_text
from evidence.people.access import Action, Decision, Role, Subject
from evidence.people.people import THE_CLOCK, People, require
from evidence.people.two_people import decide_approval, decide_second
from evidence.requests.decisions import RequestDecisions
from evidence.requests.submissions import Requests
from evidence.wording import check_words
from export.release.contents import require_fit
from export.release.looking import shown_words
from export.release.notices import Notices, ReleaseLetter
from export.release.proposals import Delivery
from export.release.releases import Releases, label
from export.release.requested import require_releasable
from export.release.states import ReleaseState, ReleaseStep
from export.release.steps import (
    MOST_REASON,
    by_whom,
    keep_approvals,
    locked,
    move_release,
    needed_reason,
    take_step,
)
from export.release.tables import ReleaseRow
from storage.database import hold_lock
from storage.jobs import Jobs, job_key

JOB_SEAL = "release.seal"
"""Subject: a release. Deferred when somebody asks for its sealing, or asks again."""
CORRECTED = "exhibit.corrected"
"""What a person is called to a release for, of which an exhibit was corrected."""
JOB_ISSUE = "link.issue"
"""Subject: a release. Deferred when one that goes by link is sealed, in that transaction."""
SECOND_WITHIN = timedelta(hours=24)
"""By when a second person must have confirmed an urgent release."""


class Decisions:
    """Moves releases, and writes down who decided it, or what happened."""

    def __init__(
        self,
        ledger: Ledger,
        releases: Releases,
        people: People,
        jobs: Jobs,
        notices: Notices,
        requests: RequestDecisions,
        asked: Requests,
        *,
        may_self_approve: bool,
    ) -> None:
        self._ledger = ledger
        self._releases = releases
        self._people = people
        self._jobs = jobs
        self._notices = notices
        self._requests = requests
        self._asked = asked
        self._may_self_approve = may_self_approve

    def approve(
        self,
        session: Session,
        name: str,
        *,
        by: Subject,
        at: datetime,
        reason: str = "",
        self_approve: bool = False,
        seal: bool = False,
    ) -> ReleaseRow:
        """Approve a release as a second person; an urgent one as the only person so far.

        With ``seal`` the sealing is deferred in the same transaction.

        Raises:
            AccessRefusedError: the role is missing, or the proposer approves what they proposed.
            StateError: it is not waiting for approval.
        """
        if self_approve and not self._may_self_approve:
            raise AccessRefusedError(
                Action.APPROVE_RELEASE, "only a demonstration can approve its own release"
            )
        # What a demonstration allows is to be one person, never to be without a role.
        needed = Action.PROPOSE_RELEASE if self_approve else Action.APPROVE_RELEASE
        role = require(needed, by)
        row = self._releases.find(session, name, lock=True)
        if row.proposed_by != by.person:
            role = require(Action.APPROVE_RELEASE, by)
        due = ""
        if row.urgent and not self_approve:
            due = utc_text((at + SECOND_WITHIN).replace(microsecond=0))
        decision = decide_approval(row.proposed_by, by.person, self_approve=self_approve, due=due)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_RELEASE, decision.reason)
        require_fit(session, row)
        require_releasable(self._asked.under(session, row.urn))
        said = self._with_shown(session, row, _reason(decision.reason, reason), by, at)
        values = _approval(by, role, decision, said)
        take_step(self._ledger, session, row, ReleaseStep.APPROVED, values, at)
        row.reason, row.approved_by, row.approved_at = said, by.person, at
        attention.settle(session, row.id, CORRECTED)
        return self.start_sealing(session, str(row.id), by=by) if seal else row

    def second(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str = ""
    ) -> ReleaseRow:
        """Confirm an urgent release that one person approved; its state stays.

        Never while it is sealed: an event between the history that goes into the package and the
        seal would stop the sealing for good.

        Raises:
            AccessRefusedError: the role is missing, or it is the same person.
            StateError: it needs no confirmation, has it, or is just being sealed.
        """
        role = require(Action.APPROVE_RELEASE, by)
        row = self._releases.find(session, name, lock=True)
        if not row.urgent or row.approved_by is None or row.approved_at is None:
            raise StateError(f"release {label(row)} waits for no second approval")
        if row.seconded_by is not None:
            raise StateError(f"release {label(row)} was confirmed by a second person already")
        if row.state == ReleaseState.SEALING:
            raise StateError(f"release {label(row)} is being sealed: confirm it when that is done")
        if row.state in {ReleaseState.REFUSED, ReleaseState.REVOKED}:
            raise StateError(f"release {label(row)} is {row.state}: there is nothing to confirm")
        late = at > row.approved_at + SECOND_WITHIN
        decision = decide_second(row.approved_by, by.person, late=late)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_RELEASE, decision.reason)
        row.seconded_by, row.seconded_at = by.person, at
        row.seconded_reason = self._with_shown(
            session, row, _reason(decision.reason, reason), by, at
        )
        values = _approval(by, role, decision, row.seconded_reason)
        self._ledger.append(session, row.id, "release.approved", values, at=at)
        return row

    def refuse(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ReleaseRow:
        """Refuse a release, with the reason that will be told; its proposer gets a letter.

        Raises:
            AccessRefusedError, StateError, InvalidError: nothing was recorded.
        """
        role = require(Action.REFUSE_RELEASE, by)
        said = needed_reason(reason)
        row = self._releases.find(session, name, lock=True)
        take_step(self._ledger, session, row, ReleaseStep.REFUSED, by_whom(by, role, said), at)
        row.reason = said
        attention.settle(session, row.id, CORRECTED)
        self._notices.ended(session, row, ReleaseLetter.REFUSED, by=by.person, at=at)
        return row

    def corrected(self, session: Session, row: ReleaseRow, *, at: datetime) -> None:
        """Have a locked release decided again, because an exhibit of it was corrected.

        One that nobody approved yet stays as it is. The approvals that were given stay in the
        ledger, and are kept beside the row.
        """
        if row.state == ReleaseState.PROPOSED:
            return
        move_release(row, ReleaseStep.CORRECTED)
        keep_approvals(session, row, at=at)

    def start_sealing(self, session: Session, name: str, *, by: Subject) -> ReleaseRow:
        """Defer the sealing of an approved release; asking again while it runs changes nothing.

        One that stopped goes on with the step that it stopped at, and the call for a person is
        settled: whoever asks again has looked.

        Raises:
            AccessRefusedError, StateError: nothing was deferred.
        """
        require(Action.SEAL_RELEASE, by)
        row = self._releases.find(session, name, lock=True)
        if row.state == ReleaseState.SEALED:
            return row
        if row.state == ReleaseState.PROPOSED:
            raise StateError(f"release {label(row)} must be approved by a second person first")
        require_fit(session, row)
        require_releasable(self._asked.under(session, row.urn))
        if row.state != ReleaseState.SEALING:
            move_release(row, ReleaseStep.BEGUN)
        attention.settle(session, row.id, JOB_SEAL)
        session.flush()
        self._jobs.defer(session, JOB_SEAL, str(row.id))
        return row

    def abandon(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ReleaseRow:
        """Give up a sealing that does not come to its end: nothing of the release ever leaves.

        Before `release.sealed` stands in the ledger, the release is refused; after it, the seal is
        taken back: the release is revoked. The call for a person is settled.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is not being sealed, or a worker is just at it.
        """
        role = require(Action.ABANDON_RELEASE, by)
        said = needed_reason(reason)
        row = self._releases.find(session, name, lock=True)
        called = f"release {label(row)}"
        if row.state != ReleaseState.SEALING:
            raise StateError(f"{called} is {row.state}: there is no sealing to give up")
        # The worker takes the same lock before it looks at the release. A job that waits finds it
        # over; none begins before this transaction ends.
        if not hold_lock(session, job_key(JOB_SEAL, str(row.id))):
            raise StateError(f"{called} is just being sealed: it can be given up when that stops")
        if self._is_sealed_in_ledger(session, row.id):
            step = ReleaseStep.GIVEN_UP_SEALED
            row.ended_by, row.ended_at, row.ended_reason = by.person, at, said
        else:
            step = ReleaseStep.GIVEN_UP_UNSEALED
            row.reason = said
            self._notices.ended(session, row, ReleaseLetter.REFUSED, by=by.person, at=at)
        take_step(self._ledger, session, row, step, by_whom(by, role, said), at)
        attention.settle(session, row.id, JOB_SEAL)
        session.flush()
        # A worker that has stopped may call a person only now. Its job runs once more after that,
        # finds the sealing over, and settles the call.
        self._jobs.defer(session, JOB_SEAL, str(row.id))
        return row

    def revoke(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ReleaseRow:
        """Take a release back. Whoever calls this ends its links in the same transaction.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is not sealed yet (refuse it instead), or has ended already.
        """
        role = require(Action.REVOKE_RELEASE, by)
        said = needed_reason(reason)
        row = self._releases.find(session, name, lock=True)
        called = f"release {label(row)}"
        if row.state in {ReleaseState.PROPOSED, ReleaseState.APPROVED}:
            raise StateError(f"{called} is {row.state}: refuse it, there is nothing to take back")
        if row.state == ReleaseState.SEALING:
            raise StateError(f"{called} is being sealed: take it back when that is done")
        take_step(self._ledger, session, row, ReleaseStep.REVOKED, by_whom(by, role, said), at)
        row.ended_by, row.ended_at, row.ended_reason = by.person, at, said
        return row

    def sealed(self, session: Session, release: UUID, found: Values, *, at: datetime) -> None:
        """Let a release go whose package was read back; ``found`` is what `release.checked` says.

        Raises:
            StateError: it is not being sealed.
        """
        row = locked(session, release)
        take_step(self._ledger, session, row, ReleaseStep.SEALED, found, at)
        self._requests.released(session, row.urn, row.id, at=at)
        if row.delivery == Delivery.LINK:
            session.flush()
            # A crash before the commit leaves neither; after it, the job issues the link.
            self._jobs.defer(session, JOB_ISSUE, str(row.id))

    def expired(self, session: Session, release: UUID, *, at: datetime) -> None:
        """Let a release expire whose last link ended before anybody collected.

        Raises:
            StateError: it is not out.
        """
        row = locked(session, release)
        clock = self._people.known(session, THE_CLOCK)
        values: Values = {
            "actor": Person(clock, f"{THE_CLOCK} ({clock})"),
            "role": "system",
            "reason": "the link ended before the recipient collected",
        }
        take_step(self._ledger, session, row, ReleaseStep.EXPIRED, values, at)

    def reissued(self, session: Session, release: UUID) -> None:
        """Let a release that expired be out again, as whoever calls this issues a link of it.

        Raises:
            StateError: it did not expire.
        """
        move_release(locked(session, release), ReleaseStep.REISSUED)

    def _with_shown(
        self, session: Session, row: ReleaseRow, said: str, by: Subject, at: datetime
    ) -> str:
        """Return a reason with the versions that were shown to whoever approves."""
        shown = shown_words(session, self._releases, row, person=by.person, at=at)
        return "; ".join(filter(None, (said, shown)))

    def _is_sealed_in_ledger(self, session: Session, release: UUID) -> bool:
        statement = select(CustodyEventRow.id).where(
            CustodyEventRow.record == release, CustodyEventRow.event == "release.sealed"
        )
        return session.exec(statement.limit(1)).first() is not None


def _approval(by: Subject, role: Role, decision: Decision, reason: str) -> Values:
    assert decision.how is not None
    return {**by_whom(by, role, reason), "how": decision.how.value}


def _reason(ours: str, theirs: str) -> str:
    """Return the reason of an approval: what it is, always first, then what somebody said."""
    said = check_words("reason", theirs, most=MOST_REASON, needed=False, lines=True)
    return "; ".join(filter(None, (ours, said)))
