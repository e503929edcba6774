"""Edge. Retention: the exhibits that are due for review, and what a review of one comes to."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.web.console.days import parse_day
from api.web.console.exhibits.forms import DecisionForm
from api.web.console.places import exhibit_path, page_address
from api.web.console.words import lines
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.exhibits.references import as_reference
from evidence.paging import parse_cursor
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
LIST = "/console/reviews"
PAGE = 50
CLASS, REVIEW = "class", "review"
_FORM = DecisionForm(
    "console/retention.html",
    more=lambda services: {"classes": services.reviews.retention.classes.values()},
)
Shows = Annotated[Staff, allowed(Action.SHOW_EXHIBIT)]
Looks = Annotated[Staff, allowed(Action.REVIEW_EXHIBIT)]
Sends = Annotated[Staff, sends(Action.REVIEW_EXHIBIT)]
Typed = Annotated[str, Form(max_length=10_000)]


@router.get(LIST)
def due(
    request: Request,
    services: UsesServices,
    staff: Shows,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show a page of the exhibits that are due for review."""
    lists, by, place = services.due_reviews, staff.subject, parse_cursor(cursor)
    at = services.clock()
    found = act(services, by, lambda s: lists.page(s, by=by, at=at, cursor=place, most=PAGE))
    return page(
        request,
        "console/reviews.html",
        staff=staff,
        rows=found.rows,
        usual=lists.retention.usual,
        above=page_address(LIST, {}, found.newer),
        below=page_address(LIST, {}, found.older),
        path_of=exhibit_path,
    )


@router.get("/console/exhibits/{name}/review")
def review_page(request: Request, services: UsesServices, staff: Looks, name: str) -> Response:
    """Ask whether an exhibit is needed yet."""
    return _FORM.show(request, services, staff, name, REVIEW, {})


@router.post("/console/exhibits/{name}/review")
def keep(
    request: Request,
    services: UsesServices,
    staff: Sends,
    name: str,
    until: Typed = "",
    reason: Typed = "",
) -> Response:
    """Take down that an exhibit is needed yet."""

    def work(session: Session) -> None:
        services.reviews.keep(
            session,
            as_reference(name),
            until=parse_day("until", until),
            by=staff.subject,
            at=services.clock(),
            reason=lines(reason),
        )

    typed = {"until": until, "reason": reason}
    return _FORM.decide(request, services, staff, name, REVIEW, typed, work)


@router.get("/console/exhibits/{name}/class")
def class_page(request: Request, services: UsesServices, staff: Looks, name: str) -> Response:
    """Ask into which class an exhibit is put."""
    return _FORM.show(request, services, staff, name, CLASS, {})


@router.post("/console/exhibits/{name}/class")
def classify(
    request: Request,
    services: UsesServices,
    staff: Sends,
    name: str,
    retention_class: Typed = "",
    reason: Typed = "",
) -> Response:
    """Put an exhibit into a class."""

    def work(session: Session) -> None:
        services.reviews.classify(
            session,
            as_reference(name),
            retention_class=retention_class,
            by=staff.subject,
            at=services.clock(),
            reason=lines(reason),
        )

    typed = {"retention_class": retention_class, "reason": reason}
    return _FORM.decide(request, services, staff, name, CLASS, typed, work)
