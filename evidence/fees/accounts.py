"""Service. Writes down what the provider says of payments and refunds, each turn of them once.

Whoever asks the provider, for whatever reason and how often, hands its answer in here. Rows are
held in one order, the fee before its payments, so that two answers at once wait for each other.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.ledger.ledger import Ledger, Values
from evidence.fees.differences import NONE, Differences, What
from evidence.fees.fees import lock_fee
from evidence.fees.prices import Stage, pounds
from evidence.fees.provider import ProviderRefusedError, ToldPayment, ToldRefund
from evidence.fees.states import (
    INVOICED,
    LIFETIME,
    LIVE,
    UNPAID,
    FeeState,
    PaymentState,
    RefundState,
    contradicts,
    fee_state,
    follow,
    follow_refund,
)
from evidence.fees.tables import FeeRow, PaymentRow, RefundRow

Clock = Callable[[], datetime]
FIRST_LOOK = timedelta(minutes=10)
"""After which the provider is asked about a payment that nobody told of."""
_MARGIN = timedelta(minutes=2)
_HOURLY = timedelta(hours=1)
_INVOICED = (What.PAID_TWICE, "the fee was put on account before")
_UNASKED: Mapping[FeeState, tuple[What, str]] = {
    FeeState.WAIVED: (What.PAID_UNASKED, "the fee was waived before"),
    **dict.fromkeys(INVOICED, _INVOICED),
}
"""Why money comes that no card had to pay; otherwise another payment was first."""


class Paid(Protocol):
    """What follows once a stage of a request is paid; must not refuse: the money is here."""

    def __call__(self, session: Session, request: UUID, stage: Stage, at: datetime, /) -> None:
        """Go on with the request, in the transaction in which the payment is recorded."""


class GiveBack(Protocol):
    """Orders a payment back that is too much, in the transaction in which it is recorded."""

    def __call__(
        self, session: Session, fee: FeeRow, payment: PaymentRow, *, reason: str, at: datetime
    ) -> None:
        """Order it."""


class Accounts:
    """Keeps payments and refunds as the provider tells them."""

    def __init__(
        self, ledger: Ledger, differences: Differences, *, paid: Paid, give_back: GiveBack
    ) -> None:
        self._ledger = ledger
        self._differences = differences
        self._paid = paid
        self._give_back = give_back

    def told(
        self, session: Session, payment: UUID, told: ToldPayment, *, at: datetime
    ) -> PaymentRow:
        """Write down where a payment is; told late, or again, it changes nothing."""
        fee, row = _locked(session, payment)
        if not row.provider_reference:
            row.provider_reference, row.requested_at = told.reference, at
            row.state = follow(PaymentState(row.state), PaymentState.CREATED)
            session.flush()
            self._append(session, fee, row, "payment.requested", {}, at)
        if told.pence != fee.pence or told.reference != row.provider_reference:
            words = f"it tells of {pounds(told.pence)}, and we asked for {pounds(fee.pence)}"
            self._differ(session, What.AMOUNT, row, words, at)
        else:
            self._follow(session, fee, row, told, at)
        row.check_at = _next_look(row, at)
        session.flush()
        return row

    def _follow(
        self, session: Session, fee: FeeRow, row: PaymentRow, told: ToldPayment, at: datetime
    ) -> None:
        now = PaymentState(row.state)
        if contradicts(now, told.state):
            words = f"it said that this was paid, and says now: {told.reason or told.state}"
            self._differ(session, What.TAKEN_BACK, row, words, at)
        then = follow(now, told.state)
        row.settled_on = told.settled_on or row.settled_on
        if then is now:
            return
        row.state = then
        if then is PaymentState.SUCCESS:
            self._succeeded(session, fee, row, at)
        elif then in UNPAID:
            self._ended(session, fee, row, told.reason or "no reason was given", at)

    def refused(
        self,
        session: Session,
        payment: UUID,
        refused: ProviderRefusedError,
        *,
        named: bool,
        at: datetime,
    ) -> None:
        """Write down that the provider did not begin a payment, or knows it no more.

        ``named`` says whether it was asked for one that has its name: of one that was named
        meanwhile, a refusal to begin it says nothing.
        """
        fee, row = _locked(session, payment)
        if row.state not in LIVE or named != bool(row.provider_reference):
            row.check_at = _next_look(row, at)
            return
        what = What.LOST if named else What.NOT_BEGUN
        row.state, row.check_at = PaymentState.ERROR, None
        self._ended(session, fee, row, str(refused), at)
        self._differ(session, what, row, str(refused), at)

    def _ended(
        self, session: Session, fee: FeeRow, row: PaymentRow, reason: str, at: datetime
    ) -> None:
        row.reason, row.failed_at = reason, at
        session.flush()
        if row.provider_reference:
            said = {"state": row.state, "reason": reason}
            self._append(session, fee, row, "payment.failed", said, at)

    def _succeeded(self, session: Session, fee: FeeRow, row: PaymentRow, at: datetime) -> None:
        row.succeeded_at = at
        if fee.paid_by is None and fee.state == FeeState.DUE:
            fee.paid_by, fee.paid_at, fee.state = row.id, at, FeeState.PAID
            session.flush()
            self._append(session, fee, row, "payment.succeeded", {}, at)
            self._paid(session, fee.request, Stage(fee.stage), at)
            return
        session.flush()
        self._append(session, fee, row, "payment.succeeded", {}, at)
        what, words = _UNASKED.get(
            FeeState(fee.state), (What.PAID_TWICE, "another payment paid this fee before")
        )
        self._differ(session, what, row, f"{words}: it is given back", at)
        self._give_back(session, fee, row, reason=words, at=at)

    def told_refund(
        self, session: Session, refund: UUID, told: ToldRefund, *, at: datetime
    ) -> RefundRow:
        """Write down where a refund is; told late, or again, it changes nothing."""
        fee, payment, row = _locked_refund(session, refund)
        row.refund_reference = row.refund_reference or told.reference
        row.settled_on = told.settled_on or row.settled_on
        now = RefundState(row.state)
        then = follow_refund(now, told.state)
        row.check_at = at + _HOURLY if then is RefundState.SUBMITTED else None
        session.flush()
        if then is now:
            return row
        row.state = then
        if then is RefundState.SUCCESS:
            row.ended_at = at
            session.flush()
            self._append_refund(session, fee, payment, row, "payment.refunded", {}, at)
            fee.state = _state_of(session, fee)
            session.flush()
        elif then is RefundState.ERROR:
            self._refund_ended(session, fee, payment, row, "the payment provider could not", at)
        return row

    def refused_refund(
        self, session: Session, refund: UUID, refused: ProviderRefusedError, *, at: datetime
    ) -> None:
        """Write down that the provider does not give money back."""
        fee, payment, row = _locked_refund(session, refund)
        if row.state == RefundState.ORDERED:
            row.state = RefundState.ERROR
            self._refund_ended(session, fee, payment, row, str(refused), at)

    def elsewhere(self, session: Session, payment: UUID, told: ToldRefund, *, at: datetime) -> None:
        """Note a refund that nobody ordered here."""
        fee = session.get_one(PaymentRow, payment).fee
        words = f"{pounds(told.pence)} went back, and nobody ordered it here"
        unknown = What.UNKNOWN_REFUND
        self._differences.find(session, unknown, told.reference, words, fee=fee, at=at)

    def _refund_ended(
        self,
        session: Session,
        fee: FeeRow,
        payment: PaymentRow,
        row: RefundRow,
        reason: str,
        at: datetime,
    ) -> None:
        row.ended_at, row.failed_reason, row.check_at = at, reason, None
        session.flush()
        said = {"reason": reason}
        self._append_refund(session, fee, payment, row, "refund.failed", said, at)
        words = f"{pounds(row.pence)} did not go back: {reason}"
        if fee.paid_by != payment.id:  # ordered again, it would be taken from what was owed
            words += ". No fee was paid by it: give it back with the provider's own tool"
        self._differ(session, What.REFUND_FAILED, payment, words, at)

    def _differ(
        self, session: Session, what: What, row: PaymentRow, words: str, at: datetime
    ) -> None:
        self._differences.find(session, what, row.provider_reference, words, fee=row.fee, at=at)

    def _append(
        self,
        session: Session,
        fee: FeeRow,
        row: PaymentRow,
        event: str,
        more: Values,
        at: datetime,
    ) -> None:
        said: Values = {
            "stage": fee.stage,
            "pence": fee.pence,
            "provider_reference": row.provider_reference,
            **more,
        }
        self._ledger.append(session, fee.request, event, said, at=at)

    def _append_refund(
        self,
        session: Session,
        fee: FeeRow,
        payment: PaymentRow,
        row: RefundRow,
        event: str,
        more: Values,
        at: datetime,
    ) -> None:
        said: Values = {
            "pence": row.pence,
            "refund_reference": row.refund_reference or NONE,
            **more,
        }
        self._append(session, fee, payment, event, said, at)


def given_back(session: Session, payment: UUID, *, but: UUID | None = None) -> int:
    """Return how many pence of a payment went back, or are on their way for certain."""
    gone = select(func.coalesce(func.sum(RefundRow.pence), 0)).where(
        RefundRow.payment == payment,
        col(RefundRow.state).in_([RefundState.SUBMITTED, RefundState.SUCCESS]),
    )
    if but is not None:
        gone = gone.where(RefundRow.id != but)
    return int(session.exec(gone).one())


def refunds_of(session: Session, payment: UUID) -> Sequence[RefundRow]:
    """Return the refunds of a payment, the first first."""
    found = select(RefundRow).where(RefundRow.payment == payment)
    return session.exec(found.order_by(col(RefundRow.number))).all()


def _state_of(session: Session, fee: FeeRow) -> FeeState:
    if fee.paid_by is None:  # what went back was never owed
        return FeeState(fee.state)
    done = (one for one in refunds_of(session, fee.paid_by) if one.state == RefundState.SUCCESS)
    refunded = sum(one.pence for one in done)
    return fee_state(waived=fee.waived_at is not None, paid=fee.pence, refunded=refunded)


def _locked(session: Session, payment: UUID) -> tuple[FeeRow, PaymentRow]:
    fee = lock_fee(session, session.get_one(PaymentRow, payment).fee)
    row = session.get_one(PaymentRow, payment, with_for_update=True, populate_existing=True)
    return fee, row


def _locked_refund(session: Session, refund: UUID) -> tuple[FeeRow, PaymentRow, RefundRow]:
    fee, payment = _locked(session, session.get_one(RefundRow, refund).payment)
    row = session.get_one(RefundRow, refund, with_for_update=True, populate_existing=True)
    return fee, payment, row


def _next_look(row: PaymentRow, at: datetime) -> datetime | None:
    """Return when the provider is asked next, if it does not call before; None: never."""
    if row.state not in LIVE:
        return None
    for due in (row.begun_at + FIRST_LOOK, row.begun_at + LIFETIME + _MARGIN):
        if at < due:
            return due
    return at + _HOURLY
