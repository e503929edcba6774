"""Edge. Words of the queue of requests: its groups, what is done about one, what was done."""

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.people.access import Action
from evidence.requests.states import RequestStep, ReviewOutcome
from export.desk.asked.queue import RequestGroup

GROUPS: Mapping[RequestGroup, str] = {
    RequestGroup.PRESERVE: "To preserve",
    RequestGroup.AT_RISK: "At risk",
    RequestGroup.REVIEW: "To review",
    RequestGroup.APPROVE: "To approve",
    RequestGroup.DOCUMENTS: "Documents to check",
    RequestGroup.UNPAID: "Unpaid",
    RequestGroup.RELEASE: "To release",
    RequestGroup.CLOSE: "To close",
    RequestGroup.OPEN: "All open",
    RequestGroup.ENDED: "Ended",
}


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done about a request on a page of its own."""

    place: str
    words: str
    """On the button or link that leads there."""
    action: Action
    steps: frozenset[RequestStep]
    """It is offered where the table has one of these."""
    first: bool = False
    """It is what the request waits for."""


_T = RequestStep
ACTS = (
    Act(
        "preservation",
        "Confirm that it is preserved",
        Action.PRESERVE_FOOTAGE,
        frozenset({_T.PRESERVED}),
        first=True,
    ),
    Act(
        "coverage",
        "Say whether cameras cover it",
        Action.REVIEW_REQUEST,
        frozenset({_T.COVERED, _T.NOT_COVERED}),
        first=True,
    ),
    Act("review", "Begin the review", Action.REVIEW_REQUEST, frozenset({_T.REVIEW_BEGUN}), True),
    Act(
        "outcome",
        "Say what the review found",
        Action.REVIEW_REQUEST,
        frozenset({_T.FOUND, _T.NOT_FOUND}),
        first=True,
    ),
    Act("approval", "Approve in principle", Action.APPROVE_REQUEST, frozenset({_T.APPROVED}), True),
    Act("incident", "Link it to an incident", Action.REVIEW_REQUEST, frozenset({_T.LINKED})),
    Act(
        "search",
        "Search what is preserved",
        Action.REVIEW_REQUEST,
        frozenset({_T.SEARCHED}),
    ),
    Act("clock", "Stop the clock", Action.PAUSE_REQUEST, frozenset({_T.PAUSED})),
    Act("clock", "Let the clock go on", Action.PAUSE_REQUEST, frozenset({_T.RESUMED})),
    Act("refusal", "Refuse it", Action.REFUSE_REQUEST, frozenset({_T.REFUSED})),
    Act("withdrawal", "Withdraw it", Action.REVIEW_REQUEST, frozenset({_T.WITHDRAWN})),
    Act("closure", "Close it", Action.REVIEW_REQUEST, frozenset({_T.CLOSED})),
)
DONE: Mapping[str, str] = {
    "preserved": "It is on record that the footage is preserved. Whoever asks gets a receipt.",
    "covered": "Your answer is on record. Whoever asks is told.",
    "begun": "The review has begun.",
    "reviewed": "What the review found is on record.",
    "approved": "Approved in principle. Whoever asks is told.",
    "searched": "The search is on record.",
    "linked": "It is on record to which incident this belongs.",
    "unlinked": "It is on record that this belongs to no incident.",
    "paused": "The clock stands.",
    "resumed": "The clock goes on.",
    "refused": "Refused. Whoever asks is told, and what they can do about it.",
    "withdrawn": "Withdrawn.",
    "closed": "Closed.",
    "document-checked": "What you said of the document is on record.",
    "document-seen": "It is on record that you have seen it.",
    "document-asked": "Whoever asks is asked for it.",
    "document-deleted": "The document is deleted.",
}
OUTCOMES: Mapping[ReviewOutcome, str] = {
    ReviewOutcome.FOUND: "It was found",
    ReviewOutcome.PARTLY_FOUND: "A part of it was found",
    ReviewOutcome.NOT_FOUND: "It was not found",
}
STEP_FIELDS: Mapping[str, tuple[str, ...]] = {
    "preservation.confirmed": ("facts",),
    "payment.succeeded": ("stage", "pence"),
    "request.covered": ("reason",),
    "request.not_covered": ("reason",),
    "request.approved": ("reason",),
    "request.expired": ("reason",),
    "preserved.searched": ("result",),
    "incident.linked": ("incident",),
    "incident.unlinked": ("incident", "reason"),
    "review.completed": ("outcome", "reason"),
    "request.refused": ("basis", "reason"),
    "request.withdrawn": ("reason",),
    "request.paused": ("reason",),
    "request.resumed": ("reason",),
    "request.closed": ("reason",),
    "document.asked": ("document_kind", "reason"),
    "document.received": ("document_kind", "type", "result"),
    "document.checked": ("document_kind", "result", "reason"),
    "document.seen": ("document_kind", "seen", "reason"),
    "document.deleted": ("reason",),
}
"""What the timeline tells of each step, by the fields of its event."""
