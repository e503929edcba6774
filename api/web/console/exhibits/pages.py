"""Edge. Exhibits: the list, one exhibit, watching it, and its legal hold."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.streams.answers import answer
from api.streams.outgoing import Outgoing, outgoing_file
from api.web.console.days import parse_day
from api.web.console.exhibits.details import (
    ShownExhibit,
    pictures_in,
    recorded_at,
    show_exhibit,
)
from api.web.console.places import page_address
from api.web.console.words import lines
from api.web.pages import page
from api.web.staff import Staff, admit, allowed, is_saved, sends
from api.words import STATES
from evidence.errors import InvalidError, StateError
from evidence.exhibits.references import as_reference
from evidence.exhibits.states import ExhibitState
from evidence.paging import Page, parse_cursor
from evidence.people.access import Action
from export.desk.exhibits import ListedExhibit, WantedExhibits
from export.holdings.files import CONTACT_SHEET, COPY
from export.holdings.stoppages.pickups import AGAIN_AFTER, PICKED_UP

router = APIRouter(include_in_schema=False)
PAGE = 50
_FILES = {"copy.mp4": COPY, "contact-sheet.jpg": CONTACT_SHEET}
_STATES = tuple((state.value, STATES[state.value][0]) for state in ExhibitState)

Shows = Annotated[Staff, allowed(Action.SHOW_EXHIBIT)]
Views = Annotated[Staff, allowed(Action.VIEW_FOOTAGE)]
Text = Annotated[str, Query(max_length=200)]
Reason = Annotated[str, Form()]


@router.get("/console/exhibits")
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    q: Text = "",
    recorded: Text = "",
    state: Text = "",
    cursor: Text = "",
) -> HTMLResponse:
    """Show a page of the exhibits that are looked for."""
    typed = {"q": q, "recorded": recorded, "state": state}
    errors: dict[str, str] = {}
    day = None
    try:
        day = parse_day("recorded", recorded)
    except InvalidError as error:
        errors[error.field] = str(error)
    wanted = WantedExhibits(
        q, day, state if state in dict(_STATES) else "", set_aside=bool(q or state)
    )

    at = parse_cursor(cursor)

    def read(session: Session) -> HTMLResponse:
        found: Page[ListedExhibit] = Page(())
        if not errors:
            found = services.exhibit_list.page(
                session, wanted, by=staff.subject, cursor=at, most=PAGE
            )
        return page(
            request,
            "console/exhibits.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
            staff=staff,
            errors=errors,
            typed=typed,
            states=_STATES,
            rows=found.rows,
            newer=page_address("/console/exhibits", typed, found.newer),
            older=page_address("/console/exhibits", typed, found.older),
        )

    return act(services, staff.subject, read)


@router.get("/console/exhibits/{name}")
def one(request: Request, services: UsesServices, staff: Shows, name: str) -> HTMLResponse:
    """Show what is known of an exhibit; no footage."""

    def read(session: Session) -> HTMLResponse:
        shown = _shown(services, session, staff, name)
        return page(
            request,
            "console/exhibit.html",
            staff=staff,
            shown=shown,
            picked_up=PICKED_UP,
            again_minutes=int(AGAIN_AFTER.total_seconds() // 60),
        )

    return act(services, staff.subject, read)


def _shown(services: Services, session: Session, staff: Staff, name: str) -> ShownExhibit:
    row = services.exhibits.find(session, as_reference(name))
    return show_exhibit(services, session, staff, row)


@router.post("/console/exhibits/{name}/views")
def watch(
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.VIEW_FOOTAGE)],
    name: str,
    chosen: Annotated[UUID | None, Form(alias="copy")] = None,
) -> RedirectResponse:
    """Open a view: one event, and an address that plays for an hour."""
    viewing = act(
        services,
        staff.subject,
        lambda session: (
            services.views.open(
                session, as_reference(name), copy=chosen, by=staff.subject, at=services.clock()
            ).id
        ),
    )
    return RedirectResponse(f"/console/views/{viewing}", HTTPStatus.SEE_OTHER)


@router.get("/console/views/{viewing}")
def view(request: Request, services: UsesServices, staff: Views, viewing: UUID) -> HTMLResponse:
    """Show the working copy to whoever opened the view."""

    def read(session: Session) -> HTMLResponse:
        found = services.views.find(session, viewing, by=staff.subject)
        over = found.over(services.clock())
        return page(
            request,
            "console/watch.html",
            status=HTTPStatus.GONE if over else HTTPStatus.OK,
            staff=staff,
            viewing=found,
            over=over,
            copies=services.views.copies(session, found.exhibit.id),
            times=recorded_at(found.exhibit, found.copy.position),
            pictures=pictures_in(found.exhibit, found.copy.position),
            findings_here=[
                finding
                for finding in found.exhibit.findings
                if finding["master"] == found.copy.position
            ],
        )

    return act(services, staff.subject, read)


@router.api_route("/console/views/{viewing}/{file}", methods=["GET", "HEAD"])
async def media(
    request: Request, services: UsesServices, _staff: Views, viewing: UUID, file: str
) -> Response:
    """Send footage, or the part of it that a player asks for, to whoever opened the view."""
    if is_saved(request):
        raise StateError("a view shows footage on its page, and nowhere else: release it instead")

    def find() -> Outgoing:
        subject = admit(Action.VIEW_FOOTAGE, request, services).subject
        kind, at = _FILES.get(file, ""), services.clock()
        return outgoing_file(
            act(
                services,
                subject,
                lambda s: services.views.media(s, viewing, kind, by=subject, at=at),
            )
        )

    # No transaction is left open: a film of an hour holds no connection to the database.
    return await answer(request, services.vault, find, clock=services.clock)


@router.get("/console/exhibits/{name}/hold")
def place_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.PLACE_HOLD)],
    name: str,
) -> HTMLResponse:
    """Ask why an exhibit is to be held."""
    return _hold_page(request, services, staff, name, lifts=False)


@router.get("/console/exhibits/{name}/lift")
def lift_page(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.LIFT_HOLD)],
    name: str,
) -> HTMLResponse:
    """Ask why a hold is to be lifted."""
    return _hold_page(request, services, staff, name, lifts=True)


def _hold_page(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    *,
    lifts: bool,
    **more: Any,  # noqa: ANN401
) -> HTMLResponse:
    def read(session: Session) -> HTMLResponse:
        shown = _shown(services, session, staff, name)
        return page(
            request,
            "console/hold.html",
            **{"staff": staff, "shown": shown, "lifts": lifts, "typed": {}, **more},
        )

    return act(services, staff.subject, read)


@router.post("/console/exhibits/{name}/hold")
def place(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.PLACE_HOLD)],
    name: str,
    reason: Reason = "",
) -> Response:
    """Place a legal hold."""
    return _decide(
        request,
        services,
        staff,
        name,
        reason,
        lambda session: services.holds.place(
            session, as_reference(name), reason=lines(reason), by=staff.subject, at=services.clock()
        ),
        lifts=False,
    )


@router.post("/console/exhibits/{name}/lift")
def lift(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.LIFT_HOLD)],
    name: str,
    reason: Reason = "",
) -> Response:
    """Lift a legal hold."""
    return _decide(
        request,
        services,
        staff,
        name,
        reason,
        lambda session: services.holds.lift(
            session, as_reference(name), reason=lines(reason), by=staff.subject, at=services.clock()
        ),
        lifts=True,
    )


def _decide(
    request: Request,
    services: Services,
    staff: Staff,
    name: str,
    reason: str,
    do: Callable[[Session], object],
    *,
    lifts: bool,
) -> Response:
    try:
        act(services, staff.subject, do)
    except InvalidError as error:
        return _hold_page(
            request,
            services,
            staff,
            name,
            lifts=lifts,
            typed={"reason": reason},
            errors={error.field: str(error)},
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    return RedirectResponse(f"/console/exhibits/{name}", HTTPStatus.SEE_OTHER)
