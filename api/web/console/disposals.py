"""Edge. Disposals of exhibits: proposed, decided and listed, and the certificate of each."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.places import exhibit_path, page_address
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError
from evidence.exhibits.references import as_reference
from evidence.paging import parse_cursor
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
LIST = "/console/disposals"
PAGE = 25
Shows = Annotated[Staff, allowed(Action.SHOW_EXHIBIT)]
Text = Annotated[str, Query(max_length=200)]
Typed = Annotated[str, Form(max_length=10_000)]
PROPOSAL, APPROVAL, REFUSAL = "disposal", "approval", "refusal"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which form is shown, about what, and what was typed into it."""

    way: str
    name: str
    """Of the exhibit that is proposed, or the disposal that is decided."""
    reason: str = ""
    early: bool = False


@router.get(LIST)
def listed(request: Request, services: UsesServices, staff: Shows, cursor: Text = "") -> Response:
    """Show a page of the disposals."""
    lists, by, at = services.disposal_list, staff.subject, parse_cursor(cursor)
    found = act(services, by, lambda s: lists.page(s, by=by, cursor=at, most=PAGE))
    return page(
        request,
        "console/disposals.html",
        staff=staff,
        disposals=found.rows,
        newer=page_address(LIST, {}, found.newer),
        older=page_address(LIST, {}, found.older),
    )


@router.get(f"{LIST}/{{disposal}}/certificate.json")
def certificate(services: UsesServices, staff: Shows, disposal: UUID) -> Response:
    """Return the certificate of a disposal, as it was written."""
    by, disposals = staff.subject, services.disposals
    data = act(services, by, lambda s: disposals.certificate(s, str(disposal), by=by))
    name = f"disposal-{disposal}.json"
    return Response(
        data,
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/console/exhibits/{name}/disposal")
def propose_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.PROPOSE_DISPOSAL)],
    name: str,
) -> Response:
    """Ask why an exhibit is to go."""
    return _page(request, services, staff, Asked(PROPOSAL, name))


@router.post("/console/exhibits/{name}/disposal")
def propose(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.PROPOSE_DISPOSAL)],
    name: str,
    reason: Typed = "",
    early: Typed = "",
) -> Response:
    """Propose that an exhibit is disposed of."""
    asked, by, at = Asked(PROPOSAL, name, reason, bool(early)), staff.subject, services.clock()

    def work(session: Session) -> None:
        services.disposals.propose(
            session, as_reference(name), basis=lines(reason), early=asked.early, by=by, at=at
        )

    return _decide(request, services, staff, asked, work)


@router.get(f"{LIST}/{{disposal}}/approval")
def approve_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.APPROVE_DISPOSAL)],
    disposal: UUID,
) -> Response:
    """Ask whether an exhibit goes for good."""
    return _page(request, services, staff, Asked(APPROVAL, str(disposal)))


@router.post(f"{LIST}/{{disposal}}/approval")
def approve(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.APPROVE_DISPOSAL)],
    disposal: UUID,
) -> Response:
    """Approve a disposal that somebody else proposed."""
    asked, by, at = Asked(APPROVAL, str(disposal)), staff.subject, services.clock()

    def work(session: Session) -> None:
        services.disposals.approve(session, asked.name, by=by, at=at)

    return _decide(request, services, staff, asked, work)


@router.get(f"{LIST}/{{disposal}}/refusal")
def refuse_page(
    request: Request,
    services: UsesServices,
    # Who proposed it may take it back; of another's, the service asks for more.
    staff: Annotated[Staff, allowed(Action.PROPOSE_DISPOSAL)],
    disposal: UUID,
) -> Response:
    """Ask why an exhibit stays."""
    return _page(request, services, staff, Asked(REFUSAL, str(disposal)))


@router.post(f"{LIST}/{{disposal}}/refusal")
def refuse(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.PROPOSE_DISPOSAL)],
    disposal: UUID,
    reason: Typed = "",
) -> Response:
    """Refuse a disposal, or take one's own back."""
    asked, by, at = Asked(REFUSAL, str(disposal), reason), staff.subject, services.clock()

    def work(session: Session) -> None:
        services.disposals.refuse(session, asked.name, by=by, at=at, reason=lines(reason))

    return _decide(request, services, staff, asked, work)


def _decide(
    request: Request,
    services: Services,
    staff: Staff,
    asked: Asked,
    work: Callable[[Session], None],
) -> Response:
    try:
        act(services, staff.subject, work)
    except InvalidError as error:
        words = sentence(error) if asked.reason.strip() else "Enter the reason"
        return _page(request, services, staff, asked, error=words)
    except StateError as error:
        return _page(request, services, staff, asked, problem=sentence(error))
    return RedirectResponse(LIST, HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    services: Services,
    staff: Staff,
    asked: Asked,
    *,
    error: str = "",
    problem: str = "",
) -> Response:
    """Show a form; ``problem`` says why it cannot be done now."""
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    by = staff.subject

    def read(session: Session) -> Response:
        row, name = None, as_reference(asked.name)
        if asked.way != PROPOSAL:
            row = services.disposals.find(session, asked.name)
            name = str(row.exhibit)
        exhibit = services.exhibits.find(session, name, disposed=row is not None)
        return page(
            request,
            "console/disposal.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if error else status,
            staff=staff,
            row=row,
            own=row is not None and row.proposed_by == by.person,
            exhibit=exhibit,
            path=exhibit_path(exhibit.reference),
            way=asked.way,
            errors={"reason": error} if error else {},
            problem=problem,
            typed={"reason": asked.reason, "early": asked.early},
        )

    return act(services, by, read)
