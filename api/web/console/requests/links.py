"""Edge. The incident of the council's own system to which a request belongs."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.depends import UsesServices
from api.services import Services
from api.web.console.requests.decisions import Reviews, SendsReview
from api.web.console.requests.pages import LIST, act_on, story_of
from api.web.console.words import lines
from api.web.pages import page
from api.web.staff import Staff
from evidence.requests.states import RequestStep

router = APIRouter(include_in_schema=False)
_MISSING = {
    "incident": "Enter the number of the incident",
    "reason": "Enter why it belongs to no incident",
}


@router.get("/console/requests/{name}/incident")
def ask_incident(request: Request, services: UsesServices, staff: Reviews, name: str) -> Response:
    """Ask for the number of an incident."""
    return _page(request, services, staff, name)


@router.post("/console/requests/{name}/incident")
def link_incident(
    request: Request,
    services: UsesServices,
    staff: SendsReview,
    name: str,
    incident: Annotated[str, Form()] = "",
) -> Response:
    """Link a request to an incident, in place of another if it had one."""
    return act_on(
        request,
        services,
        staff,
        name,
        "linked",
        lambda session: services.request_links.link_incident(
            session, name, incident, by=staff.subject, at=services.clock()
        ),
        lambda errors: _page(request, services, staff, name, errors, incident=incident),
    )


@router.post("/console/requests/{name}/incident/removal")
def unlink_incident(
    request: Request,
    services: UsesServices,
    staff: SendsReview,
    name: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Say that a request belongs to no incident."""
    said = lines(reason)
    return act_on(
        request,
        services,
        staff,
        name,
        "unlinked",
        lambda session: services.request_links.unlink_incident(
            session, name, by=staff.subject, at=services.clock(), reason=said
        ),
        lambda errors: _page(request, services, staff, name, errors, reason=said),
    )


def _page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    errors: Mapping[str, str] | None = None,
    **typed: str,
) -> Response:
    story = story_of(services, staff, name)
    if RequestStep.LINKED not in story.allowed:
        return RedirectResponse(f"{LIST}/{story.row.urn}", HTTPStatus.SEE_OTHER)
    said = {
        field: words if typed.get(field, "").strip() else _MISSING.get(field, words)
        for field, words in (errors or {}).items()
    }
    return page(
        request,
        "console/request-incident.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=said,
        row=story.row,
        incident=story.incident,
        example=services.council.incidents.example,
        typed={"incident": "", "reason": "", **typed},
    )
