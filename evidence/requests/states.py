"""Pure. The states of a request, and the one table of the steps between them, for each path.

    SUBMITTED ─▶ REVIEW_DUE ─▶ REVIEWABLE ─▶ IN_REVIEW ─▶ FOUND ─▶ RELEASE_DUE ─▶ RELEASING
        │  covered   £25 paid      begun        │  found     approved   £75 paid      │ sealed
        └▶ NOT_COVERED                          └▶ NOT_FOUND                          ▼
                                                              COLLECTED ◀─ RELEASED ◀─┘

Police, the CPS and council teams pay nothing: covered leads to REVIEWABLE, approved to RELEASING. A
subject access request, approved, becomes AWAITING_REDACTION, and no step leads from there to a
release: what the house holds shows other people. From every state that is not an end a request may
be withdrawn or refused. Nobody but `evidence/requests/decisions` moves one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from evidence.errors import AccessRefusedError, StateError
from evidence.people.access import Action
from evidence.people.two_people import decide_in_principle


class Path(StrEnum):
    """Who asks, which decides the form, the fees and the clock."""

    INSURER = "insurer"
    SOLICITOR = "solicitor"
    AUTHORISED = "authorised"
    """A body with a power of its own to investigate, such as a regulator."""
    POLICE = "police"
    CPS = "cps"
    COUNCIL = "council"
    """A team of the council that investigates or prosecutes."""
    SUBJECT = "subject"
    """Somebody who asks for footage of themselves (UK GDPR Art 15)."""


CIVIL = frozenset({Path.INSURER, Path.SOLICITOR, Path.AUTHORISED})
"""The paths that pay: for the review, and, once footage was found, for the release."""
OFFICIAL = frozenset({Path.POLICE, Path.CPS, Path.COUNCIL})
_EVERY = frozenset(Path)
_SUBJECT = frozenset({Path.SUBJECT})


class RequestState(StrEnum):
    """How far a request has come."""

    SUBMITTED = "submitted"
    NOT_COVERED = "not_covered"
    """No camera may have captured it: answered, and nothing was paid."""
    REVIEW_DUE = "review_due"
    """The fee of the review has yet to be paid."""
    REVIEWABLE = "reviewable"
    """Cameras may have captured it, and nothing is owed: somebody may look."""
    IN_REVIEW = "in_review"
    FOUND = "found"
    """Footage was found; a second person has yet to approve in principle."""
    NOT_FOUND = "not_found"
    RELEASE_DUE = "release_due"
    """Approved in principle; the fee of the release has yet to be paid."""
    AWAITING_REDACTION = "awaiting_redaction"
    """Approved in principle for the person it shows; no copy without other people exists."""
    RELEASING = "releasing"
    """A release under its URN may be proposed."""
    RELEASED = "released"
    """A package under its URN was sealed."""
    COLLECTED = "collected"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    EXPIRED = "expired"


class RequestStep(StrEnum):
    """What happens to a request; some leave its state as it is."""

    COVERED = "covered"
    NOT_COVERED = "not covered"
    REVIEW_PAID = "review paid"
    REVIEW_BEGUN = "review begun"
    FOUND = "found"
    NOT_FOUND = "not found"
    APPROVED = "approved in principle"
    RELEASE_PAID = "release paid"
    RELEASED = "released"
    COLLECTED = "collected"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CLOSED = "closed"
    CORRECTED = "corrected"
    PRESERVED = "preservation confirmed"
    SEARCHED = "preserved footage searched"
    PAUSED = "clock paused"
    RESUMED = "clock resumed"
    LINKED = "linked to an incident"
    UNLINKED = "unlinked from its incident"
    TAKEN_IN = "given footage that is taken in for it"


class Refusal(StrEnum):
    """Why a request is refused, as a code that statistics can count."""

    OVERWRITTEN = "overwritten"
    """Only after what was preserved already was searched."""
    NO_BASIS = "no_basis"
    NOT_ENTITLED = "not_entitled"
    INCOMPLETE = "incomplete"
    HARM = "harm"
    OTHER = "other"


class ReviewOutcome(StrEnum):
    """What a review of the footage came to."""

    FOUND = "found"
    PARTLY_FOUND = "partly_found"
    NOT_FOUND = "not_found"


S, T = RequestState, RequestStep
ENDS = frozenset({S.CLOSED, S.WITHDRAWN, S.REFUSED, S.EXPIRED})
"""Nothing follows."""
OPEN = frozenset(S) - ENDS
ANSWERED = ENDS | {
    *(S.NOT_COVERED, S.REVIEW_DUE, S.NOT_FOUND),
    *(S.RELEASE_DUE, S.RELEASING, S.RELEASED, S.COLLECTED),
}
"""In these whoever asked has been told what comes of it, and it is their turn if anybody's."""
WAITS_FOR_FOOTAGE = OPEN - {S.NOT_COVERED, S.NOT_FOUND, S.RELEASED, S.COLLECTED}
"""In these what the recorder overwrites would be lost."""
BEFORE_REVIEW = frozenset({S.SUBMITTED, S.REVIEW_DUE, S.REVIEWABLE})
"""So long whoever asked may correct what they said."""
RELEASABLE = frozenset({S.RELEASING, S.RELEASED, S.COLLECTED})
"""Only in these may a release be proposed under the URN of a request."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of the table."""

    step: RequestStep
    now: frozenset[RequestState]
    then: RequestState | None
    """None: the state stays."""
    event: str
    """The custody event that is written with it."""
    paths: frozenset[Path] = _EVERY


TRANSITIONS = (
    Transition(T.COVERED, frozenset({S.SUBMITTED}), S.REVIEW_DUE, "request.covered", CIVIL),
    Transition(
        T.COVERED, frozenset({S.SUBMITTED}), S.REVIEWABLE, "request.covered", OFFICIAL | _SUBJECT
    ),
    Transition(T.NOT_COVERED, frozenset({S.SUBMITTED}), S.NOT_COVERED, "request.not_covered"),
    Transition(T.REVIEW_PAID, frozenset({S.REVIEW_DUE}), S.REVIEWABLE, "payment.succeeded", CIVIL),
    Transition(T.REVIEW_BEGUN, frozenset({S.REVIEWABLE}), S.IN_REVIEW, "review.begun"),
    Transition(T.FOUND, frozenset({S.IN_REVIEW}), S.FOUND, "review.completed"),
    Transition(T.NOT_FOUND, frozenset({S.IN_REVIEW}), S.NOT_FOUND, "review.completed"),
    Transition(T.APPROVED, frozenset({S.FOUND}), S.RELEASE_DUE, "request.approved", CIVIL),
    Transition(T.APPROVED, frozenset({S.FOUND}), S.RELEASING, "request.approved", OFFICIAL),
    Transition(
        T.APPROVED, frozenset({S.FOUND}), S.AWAITING_REDACTION, "request.approved", _SUBJECT
    ),
    Transition(T.RELEASE_PAID, frozenset({S.RELEASE_DUE}), S.RELEASING, "payment.succeeded", CIVIL),
    Transition(
        T.RELEASED, frozenset({S.RELEASING}), S.RELEASED, "request.released", CIVIL | OFFICIAL
    ),
    Transition(
        T.COLLECTED, frozenset({S.RELEASED}), S.COLLECTED, "request.collected", CIVIL | OFFICIAL
    ),
    Transition(T.REFUSED, OPEN, S.REFUSED, "request.refused"),
    Transition(T.WITHDRAWN, OPEN, S.WITHDRAWN, "request.withdrawn"),
    Transition(
        T.EXPIRED,
        frozenset({S.REVIEW_DUE, S.RELEASE_DUE, S.RELEASED}),
        S.EXPIRED,
        "request.expired",
        CIVIL,
    ),
    Transition(
        T.CLOSED,
        frozenset({S.NOT_COVERED, S.NOT_FOUND, S.RELEASED, S.COLLECTED}),
        S.CLOSED,
        "request.closed",
    ),
    Transition(T.CORRECTED, BEFORE_REVIEW, None, "request.corrected"),
    Transition(T.PRESERVED, WAITS_FOR_FOOTAGE, None, "preservation.confirmed"),
    Transition(T.SEARCHED, OPEN, None, "preserved.searched"),
    Transition(T.PAUSED, OPEN, None, "request.paused", _SUBJECT),
    Transition(T.RESUMED, OPEN, None, "request.resumed", _SUBJECT),
    Transition(T.LINKED, OPEN, None, "incident.linked"),
    Transition(T.UNLINKED, OPEN, None, "incident.unlinked"),
    Transition(T.TAKEN_IN, WAITS_FOR_FOOTAGE, None, "footage.taken_in"),
)
"""Every step that there is; of one step, path and state there is at most one row."""

_BY_STEP: Mapping[tuple[Path, RequestState, RequestStep], Transition] = MappingProxyType(
    {(path, now, one.step): one for one in TRANSITIONS for path in one.paths for now in one.now}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands: all that decides what may follow."""

    path: Path
    state: RequestState = S.SUBMITTED
    reviewer: UUID | None = None
    """Who said what the review came to."""
    searched: bool = False
    """Whether somebody looked among what was preserved already."""
    paused: bool = False


def transition(what: str, path: Path, now: RequestState, step: RequestStep) -> Transition:
    """Return what a step does to ``what``.

    Raises:
        StateError: it cannot be taken from there on this path; says where ``what`` stands.
    """
    found = _BY_STEP.get((path, now, step))
    if found is None:
        raise StateError(f"{what} is {now.replace('_', ' ')}: it cannot be {step}")
    return found


def allowed_steps(standing: Standing) -> frozenset[RequestStep]:
    """Return the steps that the table has from here; who may take them, `access` says."""
    return frozenset(
        step
        for path, now, step in _BY_STEP
        if (path, now) == (standing.path, standing.state)
        and (step is not T.PAUSED or not standing.paused)
        and (step is not T.RESUMED or standing.paused)
    )


def take(
    what: str,
    standing: Standing,
    step: RequestStep,
    *,
    by: UUID | None = None,
    why: Refusal | None = None,
) -> Standing:
    """Return where a request stands after a step; ``by`` takes it, ``why`` it is refused.

    Raises:
        StateError: the step cannot be taken from here.
        AccessRefusedError: the reviewer approves what they reviewed.
    """
    taken = transition(what, standing.path, standing.state, step)
    if step is T.APPROVED:
        decision = decide_in_principle(standing.reviewer, by)
        if not decision.allowed:
            raise AccessRefusedError(Action.APPROVE_REQUEST, decision.reason)
    if step is T.REFUSED and why is Refusal.OVERWRITTEN and not standing.searched:
        raise StateError(
            f"{what} cannot be refused as overwritten before the footage that is preserved already "
            "was searched: record that search first"
        )
    if step in {T.PAUSED, T.RESUMED} and standing.paused == (step is T.PAUSED):
        raise StateError(f"the clock of {what} {'is' if standing.paused else 'is not'} paused")
    reviewed = step in {T.FOUND, T.NOT_FOUND}
    return replace(
        standing,
        state=taken.then or standing.state,
        reviewer=by if reviewed else standing.reviewer,
        searched=standing.searched or step is T.SEARCHED,
        paused=step is T.PAUSED or (standing.paused and step is not T.RESUMED),
    )
