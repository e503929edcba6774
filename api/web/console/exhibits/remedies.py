"""Edge. Ways out for an exhibit that needs a person: tried again, right as it is, set aside."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.exhibits.details import show_exhibit
from api.web.console.words import lines
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError
from evidence.exhibits.references import as_reference
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
Reason = Annotated[str, Form()]
ACCEPTANCE, SET_ASIDE = "acceptance", "set-aside"


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
        return _page(request, services, staff, name, "", problem=str(error))
    return RedirectResponse(f"/console/exhibits/{name}", HTTPStatus.SEE_OTHER)


@router.get("/console/exhibits/{name}/acceptance")
def accept_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.ACCEPT_EXHIBIT)],
    name: str,
) -> Response:
    """Ask why the master alone is right."""
    return _page(request, services, staff, name, ACCEPTANCE)


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

    return _decide(request, services, staff, name, ACCEPTANCE, reason, work)


@router.get("/console/exhibits/{name}/set-aside")
def set_aside_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.SET_ASIDE)],
    name: str,
) -> Response:
    """Ask why an exhibit is set aside."""
    return _page(request, services, staff, name, SET_ASIDE)


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

    return _decide(request, services, staff, name, SET_ASIDE, reason, work)


def _decide(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    way: str,
    reason: str,
    work: Callable[[Session], None],
) -> Response:
    try:
        act(services, staff.subject, work)
    except InvalidError as error:
        words = str(error) if reason.strip() else "Enter the reason"
        return _page(request, services, staff, name, way, errors={error.field: words}, typed=reason)
    except StateError as error:
        return _page(request, services, staff, name, way, problem=str(error), typed=reason)
    return RedirectResponse(f"/console/exhibits/{name}", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    way: str,
    *,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    typed: str = "",
) -> Response:
    """Show the form of a decision; ``problem`` says why it cannot be taken now."""
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK

    def read(session: Session) -> Response:
        row = services.exhibits.find(session, as_reference(name))
        return page(
            request,
            "console/remedy.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else status,
            staff=staff,
            shown=show_exhibit(services, session, staff, row),
            way=way,
            errors=errors or {},
            problem=problem,
            typed={"reason": typed},
        )

    return act(services, staff.subject, read)
