"""Edge. Words of finance's pages."""

from collections.abc import Mapping

from evidence.fees.differences import What
from evidence.fees.states import FeeState

GROUPS: Mapping[FeeState | None, str] = {
    None: "All",
    FeeState.DUE: "Due",
    FeeState.PAID: "Paid",
    FeeState.PARTLY_REFUNDED: "Partly refunded",
    FeeState.REFUNDED: "Refunded",
    FeeState.WAIVED: "Waived",
    FeeState.ON_ACCOUNT: "On account",
    FeeState.PARTLY_CREDITED: "Partly credited",
    FeeState.CREDITED: "Credited",
}
DIFFERENCES: Mapping[str, tuple[str, str]] = {
    What.NOT_BEGUN: (
        "A payment could not be begun",
        (
            "The payment provider refused. Look at the council's account there; whoever wants to "
            "pay can try again at any time."
        ),
    ),
    What.LOST: (
        "The provider does not know a payment",
        "It made the payment, and says now that there is none. Ask the provider.",
    ),
    What.AMOUNT: (
        "Another amount",
        "The provider tells of another amount than ours. Ask the provider.",
    ),
    What.TAKEN_BACK: (
        "The provider takes a payment back",
        "It was paid, and is said not to be. Nothing changed here by that: ask the provider.",
    ),
    What.PAID_TWICE: (
        "Paid twice",
        "A payment arrived for a fee that was paid, or put on account. It is given back by itself.",
    ),
    What.PAID_UNASKED: (
        "Paid although waived",
        "A payment arrived for a fee that nobody owes. It is given back by itself.",
    ),
    What.UNKNOWN_PAYMENT: (
        "Money that nobody was asked for",
        "It was taken with the council's account, and not by this service.",
    ),
    What.UNKNOWN_REFUND: (
        "A refund that nobody ordered here",
        "Somebody gave it back with the provider's own tool. Nothing changed here by that.",
    ),
    What.REFUND_FAILED: (
        "A refund did not go through",
        "Order it again on the page of the fee, if that was paid by it, or give it back elsewhere.",
    ),
    What.FOUND_LATE: (
        "Paid, and found late",
        "We had not heard of it until it was settled. The page of the fee says where that stands.",
    ),
    What.UNSETTLED: (
        "Money that has not come",
        "The payment succeeded days ago and is not in the account. Ask the provider.",
    ),
    What.STATEMENT_OVERDUE: (
        "A statement that is not settled",
        "Ask the firm, or pay it what it is owed. Then say so on the page of the statement.",
    ),
}
"""What each difference is called, and what to do."""
DONE: Mapping[str, str] = {
    "refunded": "The refund is ordered. It goes back to the card by itself.",
    "credited": "It is credited, and stands on the next statement.",
    "settled": "The difference is settled.",
}
