"""Service. Steps of a request: the event, and the row that says the same, written in one act.

Whoever compares the rows with the ledger (`export/desk/claims/requests`) finds what differs.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.formats.canonical import JSON
from custody.formats.events import PERSON_FIELDS, event_type
from custody.ledger.ledger import Ledger, Person
from evidence.people.access import Subject
from evidence.people.people import as_person
from evidence.people.tables import PersonRow
from evidence.requests.clocks import Pause
from evidence.requests.course.course import course_of
from evidence.requests.states import Path, RequestState, ReviewOutcome, Standing
from evidence.requests.tables import RequestRow, RequestStepRow

Moved = Callable[[Session, RequestRow, datetime], None]
"""Told, in the same transaction, that a request is in another state."""
REQUESTER = "requester"
"""The role of whoever asks, in the events of what they do."""
SYSTEM = "system"
"""The role in which it does what nobody decides."""
PAUSED, RESUMED = "request.paused", "request.resumed"
PAID = "payment.succeeded"
REVIEWED, SEARCHED = "review.completed", "preserved.searched"
_ELSEWHERE = {"request.corrected": {"facts"}}
"""What a step's row does not repeat, because it stands in a row that can be erased."""


def told_fields(event: str) -> frozenset[str]:
    """Return which fields of an event the row of a step keeps."""
    return frozenset(event_type(event).fields) - PERSON_FIELDS - _ELSEWHERE.get(event, set())


def requester_words(person: UUID, email: str) -> str:
    """Return what the ledger commits to of whoever asks."""
    return f"{email} ({person})"


def requester_of(session: Session, row: RequestRow) -> Subject:
    """Return whoever asks, as somebody who acts, by their mailbox."""
    return Subject(row.person, session.get_one(PersonRow, row.person).email, frozenset())


def record_step(
    session: Session,
    ledger: Ledger,
    request: UUID,
    event: str,
    values: Mapping[str, JSON],
    *,
    by: Subject | None,
    at: datetime,
) -> int:
    """Write an event of a request that is locked, and its row; return the number of this step."""
    at = at.replace(microsecond=0)  # events tell the time to the second
    said: dict[str, JSON | Person] = dict(values)
    if by is not None:
        said["actor"] = as_person(by)
    ledger.append(session, request, event, said, at=at)
    last = session.exec(
        select(func.max(RequestStepRow.number)).where(RequestStepRow.request == request)
    ).one()
    kept, number = told_fields(event), (last or 0) + 1
    session.add(
        RequestStepRow(
            request=request,
            number=number,
            event=event,
            person=None if by is None else by.person,
            at=at,
            told={name: value for name, value in values.items() if name in kept},
        )
    )
    session.flush()
    _keep_course(session, request)
    return number


def _keep_course(session: Session, request: UUID) -> None:
    """Write down what the steps of a request come to now."""
    row = session.get_one(RequestRow, request)
    course = course_of(Path(row.path), steps_of(session, request))
    row.outcome, row.settled_at = course.outcome, course.settled_at
    row.answered_on, row.stood, row.left_at = course.answered_on, course.stood, course.left_at
    session.flush()


def steps_of(session: Session, request: UUID) -> Sequence[RequestStepRow]:
    """Return what was done with a request, the first first."""
    statement = select(RequestStepRow).where(RequestStepRow.request == request)
    return session.exec(statement.order_by(col(RequestStepRow.number))).all()


def standing_of(row: RequestRow, steps: Sequence[RequestStepRow]) -> Standing:
    """Return where a request stands, as its rows say."""
    reviewed = [step.person for step in steps if step.event == REVIEWED]
    pauses = pauses_of(steps)
    return Standing(
        Path(row.path),
        RequestState(row.state),
        reviewer=reviewed[-1] if reviewed else None,
        searched=any(step.event == SEARCHED for step in steps),
        paused=bool(pauses) and pauses[-1].until is None,
    )


def pauses_of(steps: Sequence[RequestStepRow]) -> tuple[Pause, ...]:
    """Return when the clock of a request stood."""
    found: list[Pause] = []
    for step in steps:
        if step.event == PAUSED:
            found.append(Pause(step.at, None))
        elif step.event == RESUMED and found:
            found[-1] = Pause(found[-1].since, step.at)
    return tuple(found)


def found_exhibits(steps: Sequence[RequestStepRow]) -> tuple[UUID, ...]:
    """Return the exhibits that the last review found."""
    reviews: list[Any] = [step.told for step in steps if step.event == REVIEWED]
    if not reviews or reviews[-1]["outcome"] == ReviewOutcome.NOT_FOUND:
        return ()
    return tuple(UUID(one) for one in reviews[-1]["exhibits"])


def reviewed_exhibits(steps: Sequence[RequestStepRow]) -> frozenset[UUID]:
    """Return the exhibits that any review found."""
    reviews: list[Any] = [step.told for step in steps if step.event == REVIEWED]
    return frozenset(UUID(one) for review in reviews for one in review["exhibits"])
