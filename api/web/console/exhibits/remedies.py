"""Edge. Ways out for an exhibit that needs a person: tried again, right as it is, set aside."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.web.console.exhibits.forms import DecisionForm
from api.web.console.words import lines
from api.web.staff import Staff, allowed, sends
from evidence.errors import StateError
from evidence.exhibits.references import as_reference
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
Reason = Annotated[str, Form()]
ACCEPTANCE, SET_ASIDE = "acceptance", "set-aside"
_FORM, _UNTYPED = DecisionForm("console/remedy.html"), {"reason": ""}


@router.post("/console/exhibits/{name}/retry")
def retry(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.RETRY_EXHIBIT)],
    name: str,
) -> Response:
    """Have the work on an exhibit done again."""
    try:
        act(
            services,
            staff.subject,
            lambda s: services.remedies.retry(
                s, as_reference(name), by=staff.subject, at=services.clock()
            ),
        )
    except StateError as error:
        return _FORM.show(request, services, staff, name, "", _UNTYPED, problem=str(error))
    return RedirectResponse(f"/console/exhibits/{name}", HTTPStatus.SEE_OTHER)


@router.get("/console/exhibits/{name}/acceptance")
def accept_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.ACCEPT_EXHIBIT)],
    name: str,
) -> Response:
    """Ask why the master alone is right."""
    return _FORM.show(request, services, staff, name, ACCEPTANCE, _UNTYPED)


@router.post("/console/exhibits/{name}/acceptance")
def accept(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.ACCEPT_EXHIBIT)],
    name: str,
    reason: Reason = "",
) -> Response:
    """Say that the master alone is right."""

    def work(session: Session) -> None:
        services.remedies.accept(
            session,
            as_reference(name),
            by=staff.subject,
            at=services.clock(),
            reason=lines(reason),
        )

    return _FORM.decide(request, services, staff, name, ACCEPTANCE, {"reason": reason}, work)


@router.get("/console/exhibits/{name}/set-aside")
def set_aside_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.SET_ASIDE)],
    name: str,
) -> Response:
    """Ask why an exhibit is set aside."""
    return _FORM.show(request, services, staff, name, SET_ASIDE, _UNTYPED)


@router.post("/console/exhibits/{name}/set-aside")
def set_aside(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.SET_ASIDE)],
    name: str,
    reason: Reason = "",
) -> Response:
    """Set an exhibit aside."""

    def work(session: Session) -> None:
        services.remedies.set_aside(
            session,
            as_reference(name),
            by=staff.subject,
            at=services.clock(),
            reason=lines(reason),
        )

    return _FORM.decide(request, services, staff, name, SET_ASIDE, {"reason": reason}, work)
