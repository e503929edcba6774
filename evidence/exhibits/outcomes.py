"""Service. What a person decides about an exhibit: set aside, right as a master alone, once more.

All three are on record in the ledger: the first two with who decided and why, the third with who
asked for it. What the repeated work finds is written as it was the first time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger, Values
from evidence.errors import StateError
from evidence.exhibits.exhibits import examine_anew
from evidence.exhibits.states import EXHIBIT_NEXT, ExhibitState
from evidence.exhibits.tables import ExhibitDecisionRow, ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.states import move
from evidence.wording import check_words

SET_ASIDE, ACCEPTED = "exhibit.set_aside", "exhibit.accepted"
DISPOSED = "exhibit.disposed"
RETRIED = "exhibit.retried"
_MOST = 2000


class Outcomes:
    """Moves exhibits as a person decided."""

    def __init__(self, ledger: Ledger, *, new_id: Callable[[], UUID]) -> None:
        self._ledger = ledger
        self._new_id = new_id

    def set_aside(
        self, session: Session, exhibit: UUID, *, by: Subject, at: datetime, reason: str
    ) -> ExhibitRow:
        """Set an exhibit aside for good: it is kept, and nothing of it is released any more.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
            StateError: it is set aside already.
        """
        return self._decide(session, exhibit, Action.SET_ASIDE, by, at, reason)

    def accept(
        self, session: Session, exhibit: UUID, *, by: Subject, at: datetime, reason: str
    ) -> ExhibitRow:
        """Say that an exhibit that needs a person is right as it is, as a master alone.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
            StateError: it does not need a person.
        """
        return self._decide(session, exhibit, Action.ACCEPT_EXHIBIT, by, at, reason)

    def _decide(
        self,
        session: Session,
        exhibit: UUID,
        action: Action,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> ExhibitRow:
        role = require(action, by)
        said = check_words("reason", reason, most=_MOST, lines=True)
        then, event = {
            Action.SET_ASIDE: (ExhibitState.SET_ASIDE, SET_ASIDE),
            Action.ACCEPT_EXHIBIT: (ExhibitState.MASTER_ALONE, ACCEPTED),
        }[action]
        row = locked(session, exhibit)
        row.state = move(row.reference, ExhibitState(row.state), then, EXHIBIT_NEXT)
        values: Values = {"actor": as_person(by), "role": role.value, "reason": said}
        self._ledger.append(session, row.id, event, values, at=at)
        session.add(
            ExhibitDecisionRow(
                id=self._new_id(),
                exhibit=row.id,
                event=event,
                person=by.person,
                at=at,
                reason=said,
            )
        )
        session.flush()
        return row

    def retried(self, session: Session, row: ExhibitRow, *, by: Subject, at: datetime) -> None:
        """Write the event `exhibit.retried`: who had the work done again, and from which state.

        Raises:
            AccessRefusedError: ``by`` may not ask for it.
        """
        role = require(Action.RETRY_EXHIBIT, by)
        values: Values = {"actor": as_person(by), "role": role.value, "state": row.state}
        self._ledger.append(session, row.id, RETRIED, values, at=at)

    def reopen(self, session: Session, exhibit: UUID, *, copyable: bool, by: Subject) -> ExhibitRow:
        """Let the work on an exhibit be done once more; return it in the state that it waits in.

        ``copyable``: a master that can be played has no working copy yet, so that only the copy is
        made once more. Otherwise the masters are examined once more, and what they are found to be
        is written as another `exhibit.examined`.

        Raises:
            AccessRefusedError: ``by`` may not ask for it.
            StateError: the work is done, or there is none to do.
        """
        require(Action.RETRY_EXHIBIT, by)
        row = locked(session, exhibit)
        if row.state in {ExhibitState.RECEIVED, ExhibitState.EXAMINED}:
            return row
        if row.state != ExhibitState.ATTENTION:
            raise StateError(f"{row.reference} is {row.state}: there is nothing to try again")
        then = ExhibitState.EXAMINED if copyable else ExhibitState.RECEIVED
        if then is ExhibitState.RECEIVED:
            examine_anew(row)
        else:
            row.state = move(row.reference, ExhibitState(row.state), then, EXHIBIT_NEXT)
        session.flush()
        return row


def dispose(
    session: Session, ledger: Ledger, row: ExhibitRow, values: Values, *, at: datetime
) -> None:
    """Move a locked exhibit to its end, with the event that says by which disposal.

    Raises:
        StateError: it is still being worked on.
    """
    now = ExhibitState(row.state)
    row.state = move(row.reference, now, ExhibitState.DISPOSED, EXHIBIT_NEXT)
    ledger.append(session, row.id, DISPOSED, values, at=at)
    session.flush()


def locked(session: Session, exhibit: UUID) -> ExhibitRow:
    """Return an exhibit that nobody else moves before this transaction ends."""
    return session.get_one(ExhibitRow, exhibit, with_for_update=True, populate_existing=True)


def decisions_of(session: Session, exhibit: UUID) -> Sequence[ExhibitDecisionRow]:
    """Return what people decided about an exhibit, the first first."""
    of = select(ExhibitDecisionRow).where(ExhibitDecisionRow.exhibit == exhibit)
    return session.exec(of.order_by(col(ExhibitDecisionRow.at))).all()
