"""Edge. Requests in plain words: states, steps, answers as people read them."""

from collections.abc import Mapping
from datetime import date

from evidence.requests.asked import Asked
from evidence.requests.questions.checks import BOTH, SUMMER, WINTER
from evidence.requests.questions.forms import Field, FieldKind
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path, Refusal, RequestState

PATHS: Mapping[Path, str] = {
    Path.INSURER: "Insurer",
    Path.SOLICITOR: "Solicitor",
    Path.AUTHORISED: "Authorised body",
    Path.POLICE: "Police",
    Path.CPS: "Crown Prosecution Service",
    Path.COUNCIL: "Team of the council",
    Path.SUBJECT: "Subject access request",
}
_S = RequestState
NEXT: Mapping[RequestState, tuple[str, str]] = {
    _S.SUBMITTED: (
        "We have your request",
        "We look which cameras may have captured it. You can still correct what you said.",
    ),
    _S.NOT_COVERED: (
        "No camera of ours can have captured it",
        "You pay nothing. If the place or the time was wrong, make another request.",
    ),
    _S.REVIEW_DUE: (
        "Cameras may have captured it",
        "We look at the recordings once the fee of the review is paid.",
    ),
    _S.REVIEWABLE: (
        "It waits to be reviewed",
        "Somebody looks at the recordings next. You can still correct what you said.",
    ),
    _S.IN_REVIEW: ("Somebody is looking at the recordings", "We tell you what they find."),
    _S.FOUND: (
        "The review is done",
        "A second person must agree before we tell you more.",
    ),
    _S.NOT_FOUND: ("We did not find it", "Nothing more is to be paid."),
    _S.RELEASE_DUE: (
        "Footage was found, and you may have it",
        "We prepare it once the fee of the release is paid.",
    ),
    _S.AWAITING_REDACTION: (
        "Footage of you was found",
        "It shows other people too. We give it to you once they are hidden, and never before.",
    ),
    _S.RELEASING: (
        "The footage is being prepared",
        "We send a link to the one person who receives it.",
    ),
    _S.RELEASED: (
        "The footage is ready",
        (
            "We sent a link to the one person who receives it. If it has ended, ask us for a new "
            "one: it costs nothing."
        ),
    ),
    _S.COLLECTED: ("The footage was collected", "There is nothing more to do."),
    _S.CLOSED: ("It is closed", "There is nothing more to do."),
    _S.WITHDRAWN: ("It was withdrawn", "Nothing more happens with it."),
    _S.REFUSED: ("It was refused", "What you can do about it stands below."),
    _S.EXPIRED: (
        "It has expired",
        "A fee was not paid in time. You can make another request, if the footage still exists.",
    ),
}
"""What whoever asked is told of each state: how it stands, and what happens next."""
STATE_TAGS: Mapping[RequestState, tuple[str, str]] = {
    _S.SUBMITTED: ("New", "govuk-tag--yellow"),
    _S.NOT_COVERED: ("Not covered", "govuk-tag--grey"),
    _S.REVIEW_DUE: ("Review to be paid", "govuk-tag--grey"),
    _S.REVIEWABLE: ("To be reviewed", "govuk-tag--yellow"),
    _S.IN_REVIEW: ("In review", "govuk-tag--blue"),
    _S.FOUND: ("Waiting for approval", "govuk-tag--yellow"),
    _S.NOT_FOUND: ("Not found", "govuk-tag--grey"),
    _S.RELEASE_DUE: ("Release to be paid", "govuk-tag--grey"),
    _S.AWAITING_REDACTION: ("Awaiting redaction", "govuk-tag--orange"),
    _S.RELEASING: ("To be released", "govuk-tag--turquoise"),
    _S.RELEASED: ("Released", "govuk-tag--green"),
    _S.COLLECTED: ("Collected", "govuk-tag--green"),
    _S.CLOSED: ("Closed", "govuk-tag--grey"),
    _S.WITHDRAWN: ("Withdrawn", "govuk-tag--grey"),
    _S.REFUSED: ("Refused", "govuk-tag--red"),
    _S.EXPIRED: ("Expired", "govuk-tag--grey"),
}
REFUSALS: Mapping[Refusal, str] = {
    Refusal.OVERWRITTEN: "The recorder has overwritten it, and nothing of it is preserved",
    Refusal.NO_BASIS: "There is no legal basis for giving it to you",
    Refusal.NOT_ENTITLED: "You are not entitled to ask for it",
    Refusal.INCOMPLETE: "What we need to know or to see is missing",
    Refusal.HARM: "It would harm somebody, or an investigation",
    Refusal.OTHER: "Another reason",
}
_HOURS = {
    SUMMER: "The first, before the clocks went back",
    WINTER: "The second, after the clocks went back",
    BOTH: "From the first into the second, or not known",
}


def answer_words(field: Field, said: str) -> str:
    """Return an answer as people read it; empty: there is none."""
    if field.name == "hour":
        return _HOURS.get(said, "")
    if field.kind is FieldKind.CHOICE:
        return next((one.label for one in field.choices if one.value == said), "")
    if field.kind is FieldKind.TICK:
        return "Yes" if said else ""
    if field.kind is FieldKind.DATE and said:
        day = date.fromisoformat(said)
        return f"{day.day} {day:%B %Y}"
    return said


def label_of(field: Field) -> str:
    """Return what an answer is called where it is read: without what only the question needs."""
    if field.kind is FieldKind.TICK:
        return "Privacy notice" if field.name == "privacy" else "Declaration"
    return field.label.removesuffix(" (optional)")


def told(asked: Asked | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what was asked as people read it, page by page: titles, labels and answers."""
    if asked is None:
        return []
    return [
        (page.title, rows)
        for page in FORMS[asked.path].applying(asked.answers)
        if (
            rows := [
                (label_of(field), answer_words(field, asked.said(field.name)))
                for field in page.fields
                if asked.said(field.name)
            ]
        )
    ]
