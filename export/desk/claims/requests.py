"""Service. What the rows tell of requests: what was asked, and each step that was taken."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Latest, Span, Standing
from custody.canonical import JSON
from custody.events import EVENTS, RecordKind
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from evidence.people.tables import PersonRow
from evidence.requests.course.course import Course, course_of
from evidence.requests.recorded import PAID, REVIEWED, requester_words, told_fields
from evidence.requests.states import (
    CIVIL,
    TRANSITIONS,
    Path,
    RequestState,
    ReviewOutcome,
)
from evidence.requests.tables import RequestFactsRow, RequestRow, RequestStepRow
from export.desk.claims.rows import claims_of, columns, dated, grouped, pick

_COLUMNS = columns(
    RequestRow,
    "id urn path state person submitted_at overwrite_due_at preserved_at "
    "outcome settled_at answered_on stood left_at",
)
_ASKED = ("request.submitted", "request.corrected")
_CALLED, _KEPT = "preservation.requested", "preservation.confirmed"
_FEES = {
    RequestState.REVIEWABLE: "review",
    RequestState.IN_REVIEW: "review",
    RequestState.FOUND: "review",
    RequestState.NOT_FOUND: "review",
    RequestState.RELEASE_DUE: "review",
    RequestState.RELEASING: "release",
    RequestState.RELEASED: "release",
    RequestState.COLLECTED: "release",
}
"""Which fee was paid last by who pays, in each state."""
_MOVING = frozenset(one.event for one in TRANSITIONS if one.then is not None) - {PAID}
"""The events of steps that move a request; payments, which do too, have rows of their own."""
_STEPS = (frozenset(one.event for one in TRANSITIONS) - {PAID}) | {_CALLED}
"""The steps that have a row. Payments have rows of their own (`export.desk.claims.fees`)."""


def requests(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each request of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _Requests, span)


class _Requests:
    """What the other tables tell of the requests from one to another, by their identifiers."""

    kind: ClassVar = RecordKind.REQUEST

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        facts, step, person, fee = RequestFactsRow, RequestStepRow, PersonRow, FeeRow
        self._fees = grouped(
            session,
            pick(fee.request, fee.stage, fee.state).where(col(fee.request).between(first, last)),
        )
        self._facts = grouped(
            session,
            pick(facts.request, facts.facts).where(col(facts.request).between(first, last)),
        )
        self._steps = grouped(
            session,
            pick(step.request, step.number, step.event, step.person, step.at, step.told)
            .where(col(step.request).between(first, last))
            .order_by(col(step.request), col(step.number)),
        )
        self._people = grouped(
            session,
            pick(RequestRow.id, person.email)
            .join(person, col(RequestRow.person) == person.id)
            .where(col(RequestRow.id).between(first, last)),
        )

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of RequestRow
        """Return the claim of one of them."""
        steps = self._steps[row.id]
        said: dict[str, JSON] = {
            "person": "".join(
                requester_words(row.person, one.email) for one in self._people[row.id]
            ),
            "kind": row.path,
            "at": dated(row.submitted_at),
        }
        events = {name: _expected(steps, name) for name in sorted(_STEPS)}
        facts = [one.facts for one in self._facts[row.id]]
        return Claim(
            row.id,
            row.urn,
            RecordKind.REQUEST,
            {
                **events,
                "request.submitted": [Expected(said)],
                "urn.issued": [Expected({"urn": row.urn})],
            },
            latest=(
                Latest(_ASKED, {"facts": facts[0] if facts else {}}),
                Latest((_CALLED,), {"until": dated(row.overwrite_due_at)}),
            ),
            flaws=(*_flaws(row, steps, self._fees[row.id]), *_miscounted(row, steps)),
            standing=_standing(row),
        )


def _expected(steps: Sequence[Any], name: str) -> list[Expected]:
    """Return what the events of one name must say."""
    return [
        Expected(
            {
                **one.told,
                **({} if one.person is None else {"actor": str(one.person)}),
                "at": dated(one.at),
            }
        )
        for one in steps
        if one.event == name
    ]


def _standing(row: Any) -> Standing:  # noqa: ANN401 - as above
    """Return with which event a request must have come into its state."""
    path, state = row.path, row.state
    if path not in tuple(Path) or state not in tuple(RequestState):
        return Standing(state, _MOVING | {"request.submitted"}, {})
    moved = {one.event for one in TRANSITIONS if one.then == state and path in one.paths}
    if PAID in moved:  # the step before it: that the fee was paid, the flaws say
        before = (
            RequestState.REVIEW_DUE
            if state == RequestState.REVIEWABLE
            else RequestState.RELEASE_DUE
        )
        moved = {one.event for one in TRANSITIONS if one.then is before and path in one.paths}
    if state == RequestState.SUBMITTED:
        moved = {"request.submitted"}
    return Standing(state, _MOVING | {"request.submitted"}, {name: {} for name in sorted(moved)})


def _flaws(row: Any, steps: Sequence[Any], fees: Sequence[Any]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say what the rows say that no history of a request gives."""
    if row.state not in tuple(RequestState) or row.path not in tuple(Path):
        yield f"is {row.state}, by {row.path}: there is no such thing"
        return
    if [one.number for one in steps] != list(range(1, len(steps) + 1)):
        yield "has steps that are not numbered one after another"
    for one in steps:
        if one.event not in _STEPS:
            yield f"has a step {one.event}, which is none"
        elif set(one.told) != told_fields(one.event):
            yield f"has a step {one.event} that says something else than its event"
        elif (one.person is not None) != ("actor" in EVENTS[one.event].fields):
            yield f"has a step {one.event} by nobody, or by somebody who took none"
    kept = [one for one in steps if one.event in {_CALLED, _KEPT}]
    since = kept[-1].at if kept and kept[-1].event == _KEPT else None
    if row.preserved_at != since:
        yield "is preserved since another moment than was confirmed, or is not"
    fee = _FEES.get(RequestState(row.state)) if row.path in CIVIL else None
    if fee and not any(one.stage == fee and one.state != FeeState.DUE for one in fees):
        yield f"is {row.state}, and nobody paid for its {fee}"
    outcomes = [one.told.get("outcome") for one in steps if one.event == REVIEWED]
    missing = bool(outcomes) and outcomes[-1] == ReviewOutcome.NOT_FOUND
    if row.state in {RequestState.FOUND, RequestState.NOT_FOUND} and missing != (
        row.state == RequestState.NOT_FOUND
    ):
        yield f"is {row.state}, and its review says otherwise"


def _miscounted(row: Any, steps: Sequence[Any]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say where statistics count a request as something else than its steps come to."""
    course = Course(row.outcome, row.settled_at, row.answered_on, row.stood, row.left_at)
    if row.path in tuple(Path) and course != course_of(Path(row.path), steps):
        yield "is counted as something else than its steps come to"
