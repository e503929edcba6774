"""Edge. `/api/v1/requests`: what is asked for, what is overwritten next first. It decides nothing.

A request is made on the public pages, where a code proves the mailbox of who asks.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.acts import act
from api.depends import Acts, UsesServices
from api.routes.cameras import CoveringView
from api.routes.pages import From, Limit, link_pages
from api.services import Services
from api.views import View
from evidence.cameras.coverage import Found, FoundBy
from evidence.paging import parse_cursor
from evidence.people.access import Subject
from evidence.requests.states import Path, RequestState
from export.desk.asked.queue import RequestGroup, WantedRequests
from export.desk.requests import ListedRequest, RequestStory

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])
Show = Annotated[
    RequestGroup,
    Query(description="preserve: those whose footage nobody has preserved", examples=["open"]),
]
Words = Annotated[
    str,
    Query(
        max_length=200,
        description="a number of ours, or of the council's incident system",
        examples=["INC-004512"],
    ),
]
Of = Annotated[Path | None, Query(description="left out: every path", examples=["insurer"])]
Mine = Annotated[
    bool, Query(description="only those that you did something with", examples=[False])
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


class FoundView(View):
    """What the public cameras of the register said of it last (docs/formats/requests.md)."""

    by: FoundBy
    places: list[str]
    cameras: list[CoveringView]
    named: list[str]
    """The public cameras that were named with it."""
    version: str
    """The SHA-256 of the public cameras as they were then."""


class WholeRequestView(RequestView):
    """The same, with what is asked and what was done."""

    answers: dict[str, str]
    start: datetime | None
    """From when footage is asked for; null: it was erased."""
    end: datetime | None
    found: FoundView | None
    """null: the register was not asked, or it was erased."""
    incident: str
    """Of the council's own system; empty: it is linked to none."""
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
    path: Of = None,
    words: Words = "",
    mine: Mine = False,
    limit: Limit = 50,
    cursor: From = "",
) -> list[RequestView]:
    """List requests, what is overwritten next first: `Link` says where the next page is."""
    place, at = parse_cursor(cursor), services.clock()
    wanted = WantedRequests(words, path, subject.person if mine else None)
    page = act(
        services,
        subject,
        lambda session: services.request_list.page(
            session, show, wanted=wanted, by=subject, at=at, cursor=place, most=limit
        ),
    )
    asked = {"path": path and path.value, "words": words, "mine": mine and "true"}
    given = {name: value for name, value in asked.items() if value}
    link_pages(request, response, page, limit, show=show.value, **given)
    return [listed_request(one) for one in page.rows]


@router.get("/{name}", summary="Show a request")
def show_request(name: str, services: UsesServices, subject: Acts) -> WholeRequestView:
    """Show one request, by its number: what is asked, and what was done."""
    return as_it_stands(services, subject, name)


def as_it_stands(
    services: Services,
    subject: Subject,
    name: str,
    work: Callable[[Session, datetime], object] | None = None,
) -> WholeRequestView:
    """Return a request after ``work`` on it, in the same transaction; commands do the same."""
    at = services.clock()

    def do(session: Session) -> WholeRequestView:
        if work is not None:
            work(session, at)
        return _whole(services.request_list.story(session, name, by=subject, at=at))

    return act(services, subject, do)


def listed_request(one: ListedRequest) -> RequestView:
    """Return the view of a request of a list."""
    return RequestView(**_listed(one))


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
        found=None if story.found is None else _found(story.found),
        incident=story.incident,
        exhibits=list(story.exhibits),
        releases=list(story.releases),
        steps=[
            StepView(event=step.event, at=step.at, by=who, told=step.told)
            for step, who in story.steps
        ],
    )


def _found(found: Found) -> FoundView:
    return FoundView(
        by=found.by,
        places=list(found.places),
        cameras=[
            CoveringView(reference=one.reference, location=one.location, distance_m=one.distance_m)
            for one in found.cameras
        ],
        named=list(found.named),
        version=found.register,
    )
