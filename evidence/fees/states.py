"""Pure. The states of a fee, of one payment and of one refund, and who is believed about them.

    asked -> created -> started -> submitted -> success
                                     (or)       failed | cancelled | expired | error

The provider alone knows how far a payment is. What it told us may reach us late or twice, so a
payment only ever goes forward; and money that arrived counts, whatever was told before.
"""

from datetime import timedelta
from enum import StrEnum

LIFETIME = timedelta(minutes=90)
"""After which a provider ends a payment that nobody finished (GOV.UK Pay, P0020)."""


class PaymentState(StrEnum):
    """How far one attempt to pay has come."""

    ASKED = "asked"
    """Noted here before the provider is asked for it; it may or may not know of it yet."""
    CREATED = "created"
    STARTED = "started"
    """The person is at the card page."""
    SUBMITTED = "submitted"
    CAPTURABLE = "capturable"
    """Only where money is taken in two steps, which we never ask for."""
    SUCCESS = "success"
    FAILED = "failed"
    """The card was refused."""
    CANCELLED = "cancelled"
    """By the person at the card page, or by us."""
    EXPIRED = "expired"
    ERROR = "error"
    """Something went wrong at the provider, or it refused to begin."""


class RefundState(StrEnum):
    """How far money has come on its way back."""

    ORDERED = "ordered"
    """Noted here before the provider is told."""
    SUBMITTED = "submitted"
    SUCCESS = "success"
    ERROR = "error"


class FeeState(StrEnum):
    """Where a fee stands."""

    DUE = "due"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    WAIVED = "waived"
    ON_ACCOUNT = "on_account"
    """It stands on the account of a firm that pays monthly."""
    PARTLY_CREDITED = "partly_credited"
    CREDITED = "credited"


LIVE = (
    PaymentState.ASKED,
    PaymentState.CREATED,
    PaymentState.STARTED,
    PaymentState.SUBMITTED,
    PaymentState.CAPTURABLE,
)
"""The states of a payment that may yet succeed: a fee has one such payment at most."""
UNPAID = (
    PaymentState.FAILED,
    PaymentState.CANCELLED,
    PaymentState.EXPIRED,
    PaymentState.ERROR,
)
"""The states of a payment that ended without money."""
INVOICED = (FeeState.ON_ACCOUNT, FeeState.PARTLY_CREDITED, FeeState.CREDITED)
"""The states of a fee that is on account: no card pays it, and nothing goes back to one."""
NOT_OWED = (FeeState.WAIVED, *INVOICED)
"""In these nobody is to pay by card: a payment that is under way is cancelled."""
WAITING = (RefundState.ORDERED, RefundState.SUBMITTED)
"""The states of a refund that is on its way."""


def follow(now: PaymentState, told: PaymentState) -> PaymentState:
    """Return where a payment stands once the provider has ``told`` where it is.

    What is told late changes nothing. Money counts, even after an end without; of two such ends,
    the first stays.
    """
    return told if _rank(told) > _rank(now) else now


def contradicts(now: PaymentState, told: PaymentState) -> bool:
    """Tell whether the provider takes back that it was paid: a person must look."""
    return now is PaymentState.SUCCESS and told in UNPAID


def _rank(state: PaymentState) -> int:
    if state in LIVE:
        return LIVE.index(state)
    return len(LIVE) + (state is PaymentState.SUCCESS)


def follow_refund(now: RefundState, told: RefundState) -> RefundState:
    """Return where a refund stands once the provider has ``told``; an end stays."""
    return told if now in WAITING and told is not RefundState.ORDERED else now


def fee_state(*, waived: bool, paid: int | None, refunded: int, invoiced: bool = False) -> FeeState:
    """Return where a fee stands: ``paid`` pence by the payment that counts (None: by none yet).

    Of one that is ``invoiced``, these pence are on account, and ``refunded`` is what was credited.
    """
    if paid is None:
        return FeeState.WAIVED if waived else FeeState.DUE
    if refunded <= 0:
        return FeeState.ON_ACCOUNT if invoiced else FeeState.PAID
    if refunded >= paid:
        return FeeState.CREDITED if invoiced else FeeState.REFUNDED
    return FeeState.PARTLY_CREDITED if invoiced else FeeState.PARTLY_REFUNDED
