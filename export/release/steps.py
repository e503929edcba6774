"""Service. One step of a release: its state and the custody event of that step, in one act.

Only this room takes steps: `decisions` and `proposing.withdrawals` say who may, and with which
reason.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, func, select

from custody.ledger.ledger import Ledger, Values
from evidence.people.access import Role, Subject
from evidence.people.people import as_person
from evidence.wording import check_words
from export.release.releases import label
from export.release.states import ReleaseState, ReleaseStep, transition
from export.release.tables import EarlierApprovalRow, ReleaseRow

MOST_REASON = 2000
"""Characters of a reason that somebody gives."""


def take_step(
    ledger: Ledger,
    session: Session,
    row: ReleaseRow,
    step: ReleaseStep,
    values: Values,
    at: datetime,
) -> None:
    """Move a locked release, and write the custody event of this step.

    Raises:
        StateError: the step cannot be taken from where the release is.
    """
    ledger.append(session, row.id, move_release(row, step), values, at=at)


def move_release(row: ReleaseRow, step: ReleaseStep) -> str:
    """Move a locked release; return which event tells of it.

    Raises:
        StateError: the step cannot be taken from where the release is.
    """
    taken = transition(f"release {label(row)}", ReleaseState(row.state), step)
    row.state = taken.then
    return taken.event


def locked(session: Session, release: UUID) -> ReleaseRow:
    """Return a release that nobody else moves before this transaction ends."""
    return session.get_one(ReleaseRow, release, with_for_update=True)


def by_whom(by: Subject, role: Role, reason: str) -> Values:
    """Return what the events of decisions commit to."""
    return {"actor": as_person(by), "role": role.value, "reason": reason}


def needed_reason(reason: str) -> str:
    """Return the reason that somebody must give.

    Raises:
        InvalidError: there is none, or it is too long.
    """
    return check_words("reason", reason, most=MOST_REASON, lines=True)


def keep_approvals(session: Session, row: ReleaseRow, *, at: datetime) -> None:
    """Take the approvals out of a locked release, and keep them: their events stay, too."""
    given = (
        (row.approved_by, row.approved_at, row.reason),
        (row.seconded_by, row.seconded_at, row.seconded_reason),
    )
    kept = select(func.count()).where(EarlierApprovalRow.release == row.id)
    number = session.exec(kept).one()
    for who, when, why in given:
        if who is None or when is None:
            continue
        number += 1
        session.add(
            EarlierApprovalRow(
                release=row.id,
                number=number,
                approved_by=who,
                approved_at=when,
                reason=why,
                undone_at=at,
            )
        )
    row.approved_by = row.approved_at = row.seconded_by = row.seconded_at = None
    row.reason = row.seconded_reason = ""
