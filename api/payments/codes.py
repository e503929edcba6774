"""Edge. GOV.UK Pay's words in ours: the states of its payments, and why it says no.

Its error codes stand in its API reference, "GOV.UK Pay API error codes" and "Errors caused by
payment statuses"; what it writes beside them is for developers, and is not repeated.
"""

from collections.abc import Mapping

from evidence.fees.states import PaymentState, RefundState

_STATUSES: Mapping[str, PaymentState] = {
    "created": PaymentState.CREATED,
    "started": PaymentState.STARTED,
    "submitted": PaymentState.SUBMITTED,
    "capturable": PaymentState.CAPTURABLE,
    "success": PaymentState.SUCCESS,
    "failed": PaymentState.FAILED,
    "cancelled": PaymentState.CANCELLED,
    "error": PaymentState.ERROR,
}
_EXPIRED, _BY_THE_PERSON = "P0020", "P0030"
_REFUNDS: Mapping[str, RefundState] = {
    "submitted": RefundState.SUBMITTED,
    "success": RefundState.SUCCESS,
    "error": RefundState.ERROR,
}


def payment_state(status: str, code: str) -> PaymentState:
    """Return the state of a payment; what it calls "failed" is three things to a person.

    Raises:
        KeyError: it has no such status.
    """
    state = _STATUSES[status]
    if state is PaymentState.FAILED and code == _EXPIRED:
        return PaymentState.EXPIRED
    if state is PaymentState.FAILED and code == _BY_THE_PERSON:
        return PaymentState.CANCELLED
    return state


def refund_state(status: str) -> RefundState:
    """Return the state of a refund.

    Raises:
        KeyError: it has no such status.
    """
    return _REFUNDS[status]


REFUSALS: Mapping[str, str] = {
    "P0101": "it misses something that we should have said",
    "P0102": "something that we said cannot be right",
    "P0191": "this attempt was made before, and said something else",
    "P0196": "the council's account may not take payments of this kind",
    "P0197": "what we sent could not be read",
    "P0199": "there is something wrong with the council's account: ask GOV.UK Pay",
    "P0200": "it does not know this payment",
    "P0300": "it does not know this payment",
    "P0401": "it cannot be searched like this",
    "P0402": "there is no such page of what was searched for",
    "P0500": "it does not know this payment",
    "P0501": "the payment could not be cancelled",
    "P0502": "the payment can no longer be cancelled",
    "P0600": "it does not know this payment",
    "P0601": "it misses something that we should have said",
    "P0602": "this amount cannot be refunded",
    "P0603": "this payment cannot be refunded, or not now",
    "P0697": "what we sent could not be read",
    "P0700": "it does not know this refund",
    "P0800": "it does not know this payment",
    "P0920": "its firewall stopped what we sent",
    "P0940": "the council's account is not set up yet: see GOV.UK Pay, “Go live”",
    "P0941": "it has switched payments off for the council's account: ask GOV.UK Pay",
    "P1100": "there is no such page of what was searched for",
    "P1101": "it cannot be searched like this",
}
"""What each refusal means: the end of a sentence that begins with who said it."""
AWAY = frozenset(
    f"P{code}" for code in ("0198", "0298", "0398", "0498", "0598", "0698", "0798", "0898", "0999")
)
"""Codes that say that it is out of order, whatever the status of the answer."""
MISMATCH = "P0604"
"""Another amount can be refunded than we said."""
ENDINGS: Mapping[str, str] = {
    "P0010": "the card was refused",
    "P0020": "nobody finished it within 90 minutes",
    "P0030": "cancelled by the person at the card page",
    "P0040": "cancelled by us",
    "P0050": "something went wrong at the payment provider",
}
"""Why a payment ended without money."""


def ending(code: str) -> str:
    """Return why a payment ended, in words; of a code that we do not know, the code."""
    return ENDINGS.get(code) or REFUSALS.get(code) or f"the provider said {code or 'no reason'}"
