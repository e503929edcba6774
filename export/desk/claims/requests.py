"""Service. What the rows tell of requests: what was asked, and each step that was taken."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Latest, Span, Standing
from custody.formats.canonical import JSON
from custody.formats.events import EVENTS, RecordKind
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from evidence.people.tables import PersonRow
from evidence.requests.correspondence.messages import READ, RECEIVED, SENT, words_digest
from evidence.requests.correspondence.tables import RequestMessageRow
from evidence.requests.course.course import Course, course_of
from evidence.requests.coverage.findings import FOUND
from evidence.requests.documents import kinds as documents
from evidence.requests.documents.tables import DocumentRow
from evidence.requests.erasure.erasures import BEGUN, ERASED
from evidence.requests.erasure.traces import kept_fields
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
    "outcome settled_at answered_on stood left_at erased_at",
)
_DOCUMENT = "request id kind type size sha256 scan received_at checked_at deleted_at"
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
_STEPS = (frozenset(one.event for one in TRANSITIONS) - {PAID}) | {
    *(_CALLED, FOUND, SENT, RECEIVED, READ, BEGUN, ERASED),
    *documents.DOCUMENT_EVENTS,
}
"""The steps that have a row. Payments have rows of their own (`export.desk.claims.money.fees`)."""


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
        document = DocumentRow
        self._documents = grouped(
            session,
            pick(*columns(document, _DOCUMENT)).where(col(document.request).between(first, last)),
        )
        message = RequestMessageRow
        self._messages = grouped(
            session,
            pick(message.request, message.number, message.words).where(
                col(message.request).between(first, last)
            ),
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
        facts = [one.facts for one in self._facts[row.id]]
        messages = self._messages[row.id]
        if row.erased_at is not None:
            said = {"at": said["at"]}  # what the event said beside it, nobody can open any more
            left = (*facts, *messages, *self._documents[row.id])
            others = tuple(_left_over(row, steps, left))
            events = {name: _dated(row, steps, name) for name in sorted(_STEPS)}
        else:
            others = (
                *_said_otherwise(steps, messages),
                *_document_flaws(self._documents[row.id], steps),
            )
            events = {name: _expected(steps, name) for name in sorted(_STEPS)}
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
            flaws=(*_flaws(row, steps, self._fees[row.id]), *_miscounted(row, steps), *others),
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


def _dated(row: Any, steps: Sequence[Any], name: str) -> list[Expected]:  # noqa: ANN401 - as above
    """Return what the events of one name must say of a request that was erased.

    That they are there, when each was, and who of the staff: that stands under their own keys.
    """
    own = (None, row.person)
    return [
        Expected({**({} if one.person in own else {"actor": str(one.person)}), "at": dated(one.at)})
        for one in steps
        if one.event == name
    ]


def _left_over(
    row: Any,  # noqa: ANN401 - as above
    steps: Sequence[Any],
    left: Sequence[Any],
) -> Iterator[str]:
    """Say where a request is not erased as its rows say."""
    if row.erased_at not in [one.at for one in steps if one.event == ERASED]:
        yield "is erased, and no step says that it was then"
    if left:
        yield "is erased, and holds what was asked, written or sent"


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
        elif set(one.told) != (told_fields if row.erased_at is None else kept_fields)(one.event):
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


def _document_flaws(rows: Sequence[Any], steps: Sequence[Any]) -> Iterator[str]:
    """Say where the rows of documents differ from the steps that tell of them."""
    received = [
        (one.at, {name: said for name, said in one.told.items() if name != "role"})
        for one in steps
        if one.event == documents.RECEIVED
    ]
    there = [
        (
            row.received_at,
            {
                "document": str(row.id),
                "document_kind": row.kind,
                "type": row.type,
                "size": row.size,
                "sha256": row.sha256,
                "result": row.scan,
            },
        )
        for row in rows
    ]
    if any(one not in there for one in received) or any(one not in received for one in there):
        yield "has other documents than were received"
    for row in rows:
        if (row.checked_at, row.deleted_at) != _clocks(str(row.id), steps):
            yield f"has a document ({row.kind}) checked or deleted at another moment than on record"


def _clocks(document: str, steps: Sequence[Any]) -> tuple[Any, Any]:
    """Return when a document was checked last, and deleted; a correction asks for another check."""
    checked = deleted = None
    for one in steps:
        if one.event == documents.CORRECTED and deleted is None:
            checked = None
        elif one.told.get("document") == document:
            checked = one.at if one.event == documents.CHECKED else checked
            deleted = one.at if one.event == documents.DELETED else deleted
    return checked, deleted


def _said_otherwise(steps: Sequence[Any], messages: Sequence[Any]) -> Iterator[str]:
    """Say where messages are not those whose digests the steps have, which the events hold."""
    if any(one.event == ERASED for one in steps):
        yield "is not erased, and a step says that it was"
    told = {one.number: one.told["message"] for one in steps if one.event in {SENT, RECEIVED}}
    if told != {one.number: words_digest(one.words) for one in messages}:
        yield "has messages that say something else than their events"


def _miscounted(row: Any, steps: Sequence[Any]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say where statistics count a request as something else than its steps come to."""
    course = Course(row.outcome, row.settled_at, row.answered_on, row.stood, row.left_at)
    if row.path in tuple(Path) and course != course_of(Path(row.path), steps):
        yield "is counted as something else than its steps come to"
