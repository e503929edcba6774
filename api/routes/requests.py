"""Edge. `/api/v1/requests`: what is asked for, what is overwritten next first. It decides nothing.

A request is made on the public pages, where a code proves the mailbox of who asks.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.acts import act
from api.depends import Acts, UsesServices
from api.routes.pages import From, Limit, link_pages
from api.views import View
from evidence.paging import parse_cursor
from evidence.requests.states import Path, RequestState
from export.desk.asked.queue import RequestGroup
from export.desk.requests import ListedRequest, RequestStory

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])
Show = Annotated[
    RequestGroup,
    Query(description="preserve: those whose footage nobody has preserved", examples=["open"]),
]


class RequestView(View):
    """One request, with its clocks."""

    id: UUID
    urn: str
    path: Path
    state: RequestState
    organisation: str
    """Empty: what was asked is erased."""
    place: str
    submitted_at: datetime
    overwrite_due_at: datetime
    preserved_at: datetime | None
    days_left: int | None
    """Whole days until the recorder overwrites, below zero: it did; null: that is no matter."""
    answer_due: date | None
    """By the end of this day; null: it was given, or the clock stands."""
    late: bool


class StepView(View):
    """Something that was done with a request, as its custody event says."""

    event: str
    at: datetime
    by: str
    told: dict[str, Any]


class WholeRequestView(RequestView):
    """The same, with what is asked and what was done."""

    answers: dict[str, str]
    start: datetime | None
    """From when footage is asked for; null: it was erased."""
    end: datetime | None
    exhibits: list[str]
    releases: list[str]
    steps: list[StepView]


@router.get("", summary="List requests")
def list_requests(
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    show: Show = RequestGroup.OPEN,
    limit: Limit = 50,
    cursor: From = "",
) -> list[RequestView]:
    """List requests, what is overwritten next first: `Link` says where the next page is."""
    place, at = parse_cursor(cursor), services.clock()
    page = act(
        services,
        subject,
        lambda session: services.request_list.page(
            session, show, by=subject, at=at, cursor=place, most=limit
        ),
    )
    link_pages(request, response, page, limit, show=show.value)
    return [RequestView(**_listed(one)) for one in page.rows]


@router.get("/{name}", summary="Show a request")
def show_request(name: str, services: UsesServices, subject: Acts) -> WholeRequestView:
    """Show one request, by its number: what is asked, and what was done."""
    at = services.clock()
    story = act(
        services,
        subject,
        lambda session: services.request_list.story(session, name, by=subject, at=at),
    )
    return _whole(story)


def _listed(one: ListedRequest) -> dict[str, Any]:
    row = one.row
    return {
        "id": row.id,
        "urn": row.urn,
        "path": row.path,
        "state": row.state,
        "organisation": one.organisation,
        "place": one.place,
        "submitted_at": row.submitted_at,
        "overwrite_due_at": row.overwrite_due_at,
        "preserved_at": row.preserved_at,
        "days_left": one.left,
        "answer_due": one.due,
        "late": one.late,
    }


def _whole(story: RequestStory) -> WholeRequestView:
    asked = story.asked
    return WholeRequestView(
        **_listed(story.listed),
        answers={} if asked is None else dict(asked.answers),
        start=None if asked is None else asked.start,
        end=None if asked is None else asked.end,
        exhibits=list(story.exhibits),
        releases=list(story.releases),
        steps=[
            StepView(event=step.event, at=step.at, by=who, told=step.told)
            for step, who in story.steps
        ],
    )
