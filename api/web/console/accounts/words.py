"""Edge. Words of the pages about firms that pay monthly."""

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.fees.invoicing.states import AccountState

GROUPS: Mapping[AccountState | None, str] = {
    None: "All",
    AccountState.PROPOSED: "To be approved",
    AccountState.OPEN: "Open",
    AccountState.CLOSED: "Closed",
}
MISSING: Mapping[str, str] = {
    "organisation": "Enter the name of the organisation",
    "domains": "Enter the domain of its mailboxes, such as insurer.example",
    "reference": "Enter the reference that it wants on its invoices",
    "address": "Enter where statements go",
    "days": "Enter a number of days, such as 30",
    "reason": "Enter why the account is opened",
}
"""What a form says where nothing was entered."""
DONE: Mapping[str, str] = {
    "opened": "The account waits for a second person, who approves it.",
    "approved": "The account is open. People of the firm can put fees on it.",
    "closed": "The account is closed. What is on it is still stated and settled.",
    "settled": "The statement is settled.",
}


@dataclass(frozen=True, slots=True)
class AskedDecision:
    """A form that takes a reason."""

    path: str
    heading: str
    about: str
    why: str
    missing: str
    button: str
    warns: bool = False


DECISIONS: Mapping[str, AskedDecision] = {
    "approved": AskedDecision(
        "approval",
        "Approve this account",
        "From then on, whoever asks for footage from a proven mailbox of exactly these domains can "
        "put its fees on the account instead of paying by card. Whoever opened the account cannot "
        "approve it.",
        "Why do you approve it?",
        "Enter why you approve it",
        "Approve the account",
    ),
    "closed": AskedDecision(
        "closure",
        "Close this account",
        "Nothing more goes on it, for good. What is on it is still stated, credited and settled. "
        "To change what is agreed, close it and open another one.",
        "Why is it closed?",
        "Enter why it is closed",
        "Close the account",
        warns=True,
    ),
}
