"""Edge. `/api/v1/requests/…`: what is done about the footage of a request. It decides nothing."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.depends import Acts, UsesServices
from api.routes.requests import WholeRequestView, as_it_stands
from api.views import View
from evidence.requests.asked import MOST_CAMERAS, MOST_WHERE, parse_preserved
from evidence.requests.decisions import MOST_REASON
from evidence.requests.states import ReviewOutcome

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])
_MOST_NAMED = 100
_MOST_TIME = 40


class PreservationRequest(View):
    """What is preserved: all that is asked, of each camera that was named."""

    cameras: list[Annotated[str, Field(min_length=1, max_length=MOST_CAMERAS)]] = Field(
        min_length=1, max_length=_MOST_NAMED, examples=[["BAR-0017"]]
    )
    start: str = Field(
        max_length=_MOST_TIME,
        examples=["2026-11-20 14:00:00"],
        description="Europe/London, unless it says its offset from UTC",
    )
    end: str = Field(max_length=_MOST_TIME, examples=["2026-11-20 14:30:00"])
    where: str = Field(min_length=1, max_length=MOST_WHERE, examples=["locked on recorder 3"])


class SearchRequest(View):
    """What a search of the footage that is preserved already came to."""

    result: str = Field(
        min_length=1, max_length=MOST_REASON, examples=["No exhibit of BAR-0017 is of that hour"]
    )


class OutcomeRequest(View):
    """What a review came to."""

    outcome: ReviewOutcome = Field(examples=["found"])
    exhibits: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default=[],
        max_length=_MOST_NAMED,
        examples=[["JS/1"]],
        description="with the footage that was found; of what was not found, none",
    )
    reason: str = Field(
        min_length=1,
        max_length=MOST_REASON,
        examples=["The collision is on JS/1 from 14:12"],
        description="in words: whoever asked reads why nothing was found",
    )


@router.post("/{name}/preservation", summary="Confirm that footage is preserved")
def confirm_preserved(
    name: str, wanted: PreservationRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Confirm that everything that is asked is preserved; whoever asked gets a receipt."""
    kept = parse_preserved("\n".join(wanted.cameras), wanted.start, wanted.end, wanted.where)
    decisions = services.request_decisions
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: decisions.confirm_preserved(session, name, kept, by=subject, at=at),
    )


@router.post("/{name}/search", summary="Record a search of what is preserved")
def record_search(
    name: str, wanted: SearchRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Record that somebody looked among the footage that is preserved already."""
    decisions = services.request_decisions
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: decisions.search_preserved(
            session, name, by=subject, at=at, result=wanted.result
        ),
    )


@router.post("/{name}/review", summary="Begin a review")
def begin_review(name: str, services: UsesServices, subject: Acts) -> WholeRequestView:
    """Begin to look at the footage: from now on whoever asked corrects nothing any more."""
    decisions = services.request_decisions
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: decisions.begin_review(session, name, by=subject, at=at),
    )


@router.post("/{name}/outcome", summary="Say what a review came to")
def say_outcome(
    name: str, wanted: OutcomeRequest, services: UsesServices, subject: Acts
) -> WholeRequestView:
    """Say what a review came to, and which exhibits hold what was found."""
    decisions = services.request_decisions
    return as_it_stands(
        services,
        subject,
        name,
        lambda session, at: decisions.complete_review(
            session,
            name,
            wanted.outcome,
            exhibits=wanted.exhibits,
            by=subject,
            at=at,
            reason=wanted.reason,
        ),
    )
