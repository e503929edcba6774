"""Edge. Whether cameras cover a request, as the register proposes; what is preserved already."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.requests.asking import COVERAGE, SEARCH
from api.web.console.requests.decisions import Reason, Reviews, SendsReview, ask, decide
from api.web.console.requests.footage import cameras_of
from api.web.console.requests.pages import LIST, act_on, story_of
from api.web.console.words import lines
from api.web.pages import page
from api.web.staff import Staff
from evidence.requests.coverage.findings import covering_words
from evidence.requests.states import RequestStep
from export.desk.asked.preserved import PreservedAlready

router = APIRouter(include_in_schema=False)
_STEPS = {"covered": RequestStep.COVERED, "not_covered": RequestStep.NOT_COVERED}
_NONE = "None of our cameras is within reach of the place that you gave"


@router.get("/console/requests/{name}/coverage")
def ask_coverage(
    request: Request,
    services: UsesServices,
    staff: Reviews,
    name: str,
    choice: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Ask whether cameras cover what is asked; what the register found is filled in."""
    found = story_of(services, staff, name).found
    words = covering_words(found) if found is not None else ""
    chosen = choice if choice in _STEPS else "covered" if words else ""
    reason = {"covered": words, "not_covered": _NONE}.get(chosen, "")
    return ask(request, services, staff, name, COVERAGE, reason=reason, chosen=chosen)


@router.post("/console/requests/{name}/coverage")
def say_coverage(
    request: Request,
    services: UsesServices,
    staff: SendsReview,
    name: str,
    choice: Annotated[str, Form()] = "",
    reason: Reason = "",
) -> Response:
    """Say whether cameras cover what is asked."""
    if choice not in _STEPS:
        errors = {"choice": COVERAGE.choose}
        return ask(request, services, staff, name, COVERAGE, errors, reason=lines(reason))
    step = _STEPS[choice]
    return decide(request, services, staff, name, COVERAGE, step, "covered", reason, chosen=choice)


@router.get("/console/requests/{name}/search")
def ask_search(request: Request, services: UsesServices, staff: Reviews, name: str) -> Response:
    """Show what is preserved already, and ask what the search came to."""
    return _search_page(request, services, staff, name)


@router.post("/console/requests/{name}/search")
def record_search(
    request: Request, services: UsesServices, staff: SendsReview, name: str, reason: Reason = ""
) -> Response:
    """Record a search of what is preserved."""
    said = lines(reason)

    def again(_errors: Mapping[str, str]) -> Response:
        errors = {"reason": SEARCH.missing}
        return _search_page(request, services, staff, name, errors, reason=said)

    return act_on(
        request,
        services,
        staff,
        name,
        "searched",
        lambda session: services.request_decisions.search_preserved(
            session, name, by=staff.subject, at=services.clock(), result=said
        ),
        again,
    )


def _search_page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    errors: Mapping[str, str] | None = None,
    *,
    reason: str | None = None,
) -> Response:
    """Show the search; ``reason`` is what was typed, and else what the house found."""
    story = story_of(services, staff, name)
    asked = story.asked
    if asked is None or not SEARCH.steps & story.allowed:
        return RedirectResponse(f"{LIST}/{story.row.urn}", HTTPStatus.SEE_OTHER)
    cameras = cameras_of(story)

    def look(session: Session) -> PreservedAlready:
        search = services.preserved_search
        return search.look(session, story.row, asked, cameras, by=staff.subject)

    found = act(services, staff.subject, look)
    return page(
        request,
        "console/request-search.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors or {}),
        row=story.row,
        asked=asked,
        cameras=cameras,
        found=found,
        asking=SEARCH,
        typed={"reason": found.words if reason is None else reason},
    )
