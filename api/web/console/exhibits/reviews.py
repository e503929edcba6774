"""Edge. Retention: the exhibits that are due for review, and what a review of one comes to."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.days import parse_day
from api.web.console.exhibits.details import show_exhibit
from api.web.console.places import exhibit_path, page_address
from api.web.console.words import lines
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError
from evidence.exhibits.references import as_reference
from evidence.paging import parse_cursor
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
LIST = "/console/reviews"
PAGE = 50
CLASS, REVIEW = "class", "review"
_MISSING = {"reason": "Enter the reason"}
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
    return _page(request, services, staff, name, REVIEW, {})


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
    return _decide(request, services, staff, name, REVIEW, typed, work)


@router.get("/console/exhibits/{name}/class")
def class_page(request: Request, services: UsesServices, staff: Looks, name: str) -> Response:
    """Ask into which class an exhibit is put."""
    return _page(request, services, staff, name, CLASS, {})


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
    return _decide(request, services, staff, name, CLASS, typed, work)


def _decide(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    way: str,
    typed: Mapping[str, str],
    work: Callable[[Session], None],
) -> Response:
    try:
        act(services, staff.subject, work)
    except InvalidError as error:
        words = str(error) if typed[error.field].strip() else _MISSING.get(error.field, str(error))
        return _page(request, services, staff, name, way, typed, errors={error.field: words})
    except StateError as error:
        return _page(request, services, staff, name, way, typed, problem=str(error))
    return RedirectResponse(f"/console/exhibits/{name}", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    way: str,
    typed: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    """Show the form of a decision; ``problem`` says why it cannot be taken now."""
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK

    def read(session: Session) -> Response:
        row = services.exhibits.find(session, as_reference(name))
        return page(
            request,
            "console/retention.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else status,
            staff=staff,
            shown=show_exhibit(services, session, staff, row),
            way=way,
            classes=services.reviews.retention.classes.values(),
            errors=errors or {},
            problem=problem,
            typed=typed,
        )

    return act(services, staff.subject, read)
