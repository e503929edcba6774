"""Edge. The forms that decide something about a request with a reason: their words."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.public.requests.words import REFUSALS
from evidence.requests.states import RequestStep

_T = RequestStep


@dataclass(frozen=True, slots=True)
class Asking:
    """A form that decides something with a reason."""

    place: str
    title: str
    words: Sequence[str]
    label: str
    missing: str
    button: str
    steps: frozenset[RequestStep]
    choices: Sequence[tuple[str, str]] = ()
    """What is chosen beside the reason: values and labels."""
    choose: str = ""
    told: bool = False
    """Whether whoever asks reads the reason."""
    warns: bool = False


COVERAGE = Asking(
    "coverage",
    "Can a camera have captured it?",
    (
        "Nothing is said of what the footage shows: only whether a camera may have captured it.",
        "Name no camera of which the public is told nothing.",
    ),
    "Which cameras, or why none?",
    "Enter which cameras, or why none",
    "Save the answer",
    frozenset({_T.COVERED, _T.NOT_COVERED}),
    (("covered", "Yes, cameras may have captured it"), ("not_covered", "No, no camera can have")),
    "Select whether a camera can have captured it",
    told=True,
)
APPROVAL = Asking(
    "approval",
    "Approve in principle",
    (
        (
            "You agree that whoever asks may have the footage that was found. Who reviewed it "
            "cannot approve it."
        ),
        (
            "Whoever pays is asked for the fee of the release after that. The release itself is "
            "proposed and approved by two people, as every release is."
        ),
    ),
    "Why may they have it?",
    "Enter why they may have it",
    "Approve in principle",
    frozenset({_T.APPROVED}),
)
SEARCH = Asking(
    "search",
    "Record a search of what is preserved",
    (
        (
            "Look among the exhibits that are kept already: footage of the place and the time may "
            "be there for another case. Nothing is refused as overwritten before this was done."
        ),
    ),
    "Where did you look, and what did you find?",
    "Enter where you looked, and what you found",
    "Record the search",
    frozenset({_T.SEARCHED}),
)
REFUSAL = Asking(
    "refusal",
    "Refuse this request",
    (
        (
            "Whoever asks gets a letter, and reads on the page of their request why, and what they "
            "can do about it."
        ),
    ),
    "What do you tell them?",
    "Enter what you tell them",
    "Refuse it",
    frozenset({_T.REFUSED}),
    tuple((code.value, words) for code, words in REFUSALS.items()),
    "Select why it is refused",
    told=True,
    warns=True,
)
WITHDRAWAL = Asking(
    "withdrawal",
    "Withdraw this request",
    ("For whoever asks, who told you so: by telephone, for example.",),
    "Who told you so, and why?",
    "Enter who told you so, and why",
    "Withdraw it",
    frozenset({_T.WITHDRAWN}),
    warns=True,
)
CLOSURE = Asking(
    "closure",
    "Close this request",
    ("Everything is answered, and nothing more is done with it.",),
    "Why is it closed?",
    "Enter why it is closed",
    "Close it",
    frozenset({_T.CLOSED}),
)
CLOCK = Asking(
    "clock",
    "Stop the clock, or let it go on",
    (
        (
            "The month stands still while you wait for something that only the person can give: "
            "who they are, or what exactly they ask for."
        ),
    ),
    "What do you wait for, or what came?",
    "Enter what you wait for, or what came",
    "Save",
    frozenset({_T.PAUSED, _T.RESUMED}),
)
