"""Service. What does not agree between the payment provider and us: found, and settled by a person.

Each is a record of its own, so that it is on record that it was found, and what was said about it.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.errors import StateError, UnknownError
from evidence.fees.tables import DifferenceRow
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.wording import check_words

_MOST = 2000
NONE = "none"
"""What stands where the provider has no name for it."""


class What(StrEnum):
    """What does not agree."""

    NOT_BEGUN = "not begun"
    """The provider refused to begin a payment."""
    LOST = "lost"
    """It does not know a payment that it made."""
    AMOUNT = "amount"
    TAKEN_BACK = "taken back"
    """It said that a payment succeeded, and says now that it did not."""
    PAID_TWICE = "paid twice"
    PAID_UNASKED = "paid although waived"
    UNKNOWN_PAYMENT = "unknown payment"
    UNKNOWN_REFUND = "unknown refund"
    REFUND_FAILED = "refund failed"
    FOUND_LATE = "found late"
    """Only the reconciliation told us that it was paid."""
    UNSETTLED = "not settled"
    """Paid days ago, and not in the account."""
    STATEMENT_OVERDUE = "statement not settled"
    """Of a firm that pays monthly."""


class Differences:
    """Keeps what a person of finance must look at."""

    def __init__(self, ledger: Ledger, *, new_id: Callable[[], UUID]) -> None:
        self._ledger = ledger
        self._new_id = new_id

    def find(
        self,
        session: Session,
        what: What,
        reference: str,
        words: str,
        *,
        fee: UUID | None,
        at: datetime,
    ) -> None:
        """Note a difference; one that is open already is not noted again."""
        reference = reference or NONE
        open_one = select(DifferenceRow.id).where(
            DifferenceRow.what == what.value,
            DifferenceRow.provider_reference == reference,
            DifferenceRow.fee == fee,
            col(DifferenceRow.settled_at).is_(None),
        )
        if session.exec(open_one.limit(1)).first() is not None:
            return
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION, self._new_id())
        session.add(
            DifferenceRow(
                id=record,
                what=what.value,
                provider_reference=reference,
                words=words,
                fee=fee,
                found_at=at,
            )
        )
        said: Values = {"what": what.value, "provider_reference": reference, "reason": words}
        session.flush()
        self._ledger.append(session, record, "difference.found", said, at=at)

    def settle(
        self, session: Session, difference: UUID, *, by: Subject, at: datetime, reason: str
    ) -> DifferenceRow:
        """Say that a difference is dealt with, and how.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
            UnknownError: there is no such difference.
            StateError: somebody settled it before.
        """
        role = require(Action.SETTLE_DIFFERENCE, by)
        reason = check_words("reason", reason, most=_MOST, lines=True)
        row = session.get(DifferenceRow, difference, with_for_update=True, populate_existing=True)
        if row is None:
            raise UnknownError("there is no such difference")
        if row.settled_at is not None:
            raise StateError("somebody settled this difference before")
        row.settled_by, row.settled_at, row.settled_reason = by.person, at, reason
        said: Values = {"actor": as_person(by), "role": role.value, "reason": reason}
        session.flush()
        self._ledger.append(session, row.id, "difference.settled", said, at=at)
        return row

    def settle_of(
        self,
        session: Session,
        what: What,
        reference: str,
        *,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> None:
        """Settle what differs about something that has agreed by now.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
        """
        found = select(DifferenceRow.id).where(
            DifferenceRow.what == what.value,
            DifferenceRow.provider_reference == reference,
            col(DifferenceRow.settled_at).is_(None),
        )
        for difference in session.exec(found).all():
            self.settle(session, difference, by=by, at=at, reason=reason)
