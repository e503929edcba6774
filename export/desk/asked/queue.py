"""Service. Which requests the queue shows: its groups, and what they are parted by, in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, literal_column, true, union
from sqlmodel import col, select

from evidence.errors import InvalidError
from evidence.exhibits.references import parse_urn
from evidence.requests.deadlines import WARN_DAYS
from evidence.requests.documents.documents import with_unchecked
from evidence.requests.links.links import LINKED
from evidence.requests.states import ENDS, OPEN, WAITS_FOR_FOOTAGE, Path, RequestState
from evidence.requests.tables import RequestRow, RequestStepRow

AT_RISK = timedelta(days=max(WARN_DAYS))
"""What is overwritten within this time, and nobody preserved, is at risk: people are warned."""


class RequestGroup(StrEnum):
    """Which requests the queue shows."""

    PRESERVE = "preserve"
    """Nobody has confirmed that their footage is preserved."""
    AT_RISK = "at_risk"
    """Nor has anybody, and the recorder overwrites it within days."""
    OPEN = "open"
    REVIEW = "review"
    """Somebody may look, or is looking."""
    APPROVE = "approve"
    """Footage was found; a second person has yet to agree."""
    DOCUMENTS = "documents"
    """A document came that nobody has checked."""
    UNPAID = "unpaid"
    RELEASE = "release"
    CLOSE = "close"
    """Answered, and nothing is left to do."""
    ENDED = "ended"


_S = RequestState
_STATES: Mapping[RequestGroup, frozenset[RequestState]] = {
    RequestGroup.PRESERVE: WAITS_FOR_FOOTAGE,
    RequestGroup.AT_RISK: WAITS_FOR_FOOTAGE,
    RequestGroup.OPEN: OPEN,
    RequestGroup.REVIEW: frozenset({_S.SUBMITTED, _S.REVIEWABLE, _S.IN_REVIEW}),
    RequestGroup.APPROVE: frozenset({_S.FOUND}),
    RequestGroup.DOCUMENTS: OPEN,
    RequestGroup.UNPAID: frozenset({_S.REVIEW_DUE, _S.RELEASE_DUE}),
    RequestGroup.RELEASE: frozenset({_S.RELEASING, _S.RELEASED, _S.AWAITING_REDACTION}),
    RequestGroup.CLOSE: frozenset({_S.NOT_COVERED, _S.NOT_FOUND, _S.COLLECTED}),
    RequestGroup.ENDED: ENDS,
}


@dataclass(frozen=True, slots=True)
class WantedRequests:
    """Which requests are looked for; what is empty does not matter."""

    words: str = ""
    """A number of ours, however it is typed, or one of the council's incident system."""
    path: Path | None = None
    by: UUID | None = None
    """Somebody who did something with it."""


EVERY = WantedRequests()


def is_in(group: RequestGroup, at: datetime) -> ColumnElement[bool]:
    """Return the condition that a request is of a group."""
    states = col(RequestRow.state).in_(sorted(_STATES[group]))
    if group is RequestGroup.DOCUMENTS:
        return and_(states, col(RequestRow.id).in_(with_unchecked()))
    if group not in {RequestGroup.PRESERVE, RequestGroup.AT_RISK}:
        return states
    waits = and_(states, col(RequestRow.preserved_at).is_(None))
    if group is RequestGroup.PRESERVE:
        return waits
    due = col(RequestRow.overwrite_due_at)
    return and_(waits, due > at, due <= at + AT_RISK)


def is_wanted(wanted: WantedRequests) -> ColumnElement[bool]:
    """Return the condition that a request is what is looked for."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.words.strip():
        conditions.append(_called(wanted.words.strip()))
    if wanted.path is not None:
        conditions.append(col(RequestRow.path) == wanted.path.value)
    if wanted.by is not None:
        taken = select(RequestStepRow.request).where(RequestStepRow.person == wanted.by)
        conditions.append(col(RequestRow.id).in_(taken))
    return and_(true(), *conditions)


def _called(words: str) -> ColumnElement[bool]:
    """Return the condition that this is the number of a request, or of its incident."""
    # As the index has it (`0018_queue.sql`).
    linked = select(RequestStepRow.request).where(
        RequestStepRow.event == literal_column(f"'{LINKED}'"),
        literal_column("request_step.told ->> 'incident'") == words,
    )
    try:
        number = parse_urn(words)
    except InvalidError:
        number = words
    named = select(RequestRow.id).where(RequestRow.urn == number)
    return col(RequestRow.id).in_(union(named, linked))  # "or" would walk the whole queue
