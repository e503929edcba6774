"""Service. The ways out for an exhibit that needs a person, with the jobs and calls that go along.

What a person decided is settled for whoever else would be called: the call goes with the decision,
in its transaction, and comes back if the work stops again.
"""

from datetime import datetime

from sqlmodel import Session

from evidence import attention
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.outcomes import Outcomes, locked
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.holdings.copies import JOB_DERIVE
from export.holdings.files import COPY, files_of
from export.holdings.holds import JOB_HOLD
from export.holdings.masters import JOB_EXAMINE, JOB_STAMP
from storage.jobs import Jobs

_WORK = (JOB_EXAMINE, JOB_DERIVE)
REPEATED = (*_WORK, JOB_STAMP, JOB_HOLD)
"""Jobs that a person may have repeated. Damaged bytes are none: no repetition mends them."""


class Remedies:
    """Does with an exhibit what a person decided."""

    def __init__(self, exhibits: Exhibits, outcomes: Outcomes, jobs: Jobs) -> None:
        self._exhibits = exhibits
        self._outcomes = outcomes
        self._jobs = jobs

    def set_aside(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ExhibitRow:
        """Set an exhibit aside, with the reason; it stays in the vault as long as it must.

        A release that carries it cannot be approved or sealed any more.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        require(Action.SET_ASIDE, by)
        exhibit = self._exhibits.find(session, name).id
        row = self._outcomes.set_aside(session, exhibit, by=by, at=at, reason=reason)
        self._settle(session, row)
        return row

    def accept(
        self, session: Session, name: str, *, by: Subject, at: datetime, reason: str
    ) -> ExhibitRow:
        """Say that the master alone is right: no working copy is needed, or can be made.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        require(Action.ACCEPT_EXHIBIT, by)
        exhibit = self._exhibits.find(session, name).id
        row = self._outcomes.accept(session, exhibit, by=by, at=at, reason=reason)
        self._settle(session, row)
        return row

    def retry(self, session: Session, name: str, *, by: Subject, at: datetime) -> ExhibitRow:
        """Have the work on an exhibit done again: what stopped, and what found no way.

        Who asked for it is an event, in which the state stands that the exhibit goes on from.

        Raises:
            AccessRefusedError, StateError, UnknownError: nothing was deferred.
        """
        require(Action.RETRY_EXHIBIT, by)
        # Locked, as the event tells the state: a worker that is just done with it comes first.
        found = locked(session, self._exhibits.find(session, name).id)
        stopped = {one.job for one in attention.calls_to(session, found.id)} & set(REPEATED)
        others = stopped - set(_WORK)
        row = found
        if found.state in _WORKED_ON or not others:
            row = self._outcomes.reopen(
                session, found.id, copyable=_copyable(session, found), by=by
            )
            others.add(JOB_EXAMINE if row.state == ExhibitState.RECEIVED else JOB_DERIVE)
        self._outcomes.retried(session, row, by=by, at=at)
        for job in stopped | others:
            attention.settle(session, row.id, job)
        session.flush()
        for job in sorted(others):
            self._jobs.defer(session, job, str(row.id))
        return row

    def _settle(self, session: Session, row: ExhibitRow) -> None:
        for job in _WORK:
            attention.settle(session, row.id, job)


_WORKED_ON = (ExhibitState.RECEIVED, ExhibitState.EXAMINED, ExhibitState.ATTENTION)


def _copyable(session: Session, row: ExhibitRow) -> bool:
    """Tell whether a master that can be played has no working copy."""
    copied = {file.position for file in files_of(session, row.id, COPY)}
    return any(
        not facts["needs_person"] and position not in copied
        for position, facts in enumerate(row.facts)
    )
