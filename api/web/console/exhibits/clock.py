"""Edge. The picture of a clock's comparison: added by a correction, and shown."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.streams.answers import answer
from api.streams.outgoing import Outgoing, outgoing_file
from api.web.console.exhibits.arrivals import arrived, ask_for_file, find_exhibit, unfit
from api.web.console.intake.files import SentForm
from api.web.console.places import exhibit_path
from api.web.console.words import said_in, sentence
from api.web.staff import Staff, admit, allowed, sends
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.references import as_reference
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
_PAGE = "console/clock-picture.html"
_PLACES = {"reason": "reason"}
"""Where a service's name of a field is the form's; everything else stands at the file."""


@router.get("/console/exhibits/{name}/clock-picture")
def ask(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.ADD_EXHIBIT)],
    name: str,
) -> HTMLResponse:
    """Ask which picture is added, and why."""
    row = find_exhibit(services, staff, name)
    return ask_for_file(request, services, staff, row, _PAGE, {}, {})


@router.post("/console/exhibits/{name}/clock-picture")
def add(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.ADD_EXHIBIT)],
    name: str,
    form: SentForm,
) -> Response:
    """Add it: a correction, which states everything anew with the picture."""
    row = find_exhibit(services, staff, name)
    typed = {field: said_in(form, field) for field in ("file", "reason")}
    errors = {}
    if not typed["file"]:
        errors["file"] = "Select the picture that is added"
    if not typed["reason"].strip():
        errors["reason"] = "Enter why it is added"
    errors = errors or _added(services, staff, row, typed)
    if errors:
        return ask_for_file(request, services, staff, row, _PAGE, typed, errors)
    return RedirectResponse(exhibit_path(row.reference), HTTPStatus.SEE_OTHER)


def _added(
    services: Services, staff: Staff, row: ExhibitRow, typed: Mapping[str, str]
) -> dict[str, str]:
    """Add a picture to what is stated; return what was wrong, by the field of the form."""
    try:
        file, _ = act(
            services,
            staff.subject,
            lambda session: arrived(services, session, staff, typed["file"]),
        )
        picture = services.clock_pictures.look_at(file, by=staff.subject)
        act(
            services,
            staff.subject,
            lambda session: services.corrections.correct(
                session,
                str(row.id),
                lambda said: said,
                picture=picture,
                reason=typed["reason"],
                by=staff.subject,
                at=services.clock(),
            ),
        )
    except (UnknownError, StateError) as error:
        return unfit(error)
    except InvalidError as error:
        return {_PLACES.get(error.field, "file"): sentence(error)}
    return {}


@router.api_route("/console/exhibits/{name}/clock-picture.jpg", methods=["GET", "HEAD"])
async def show(
    request: Request,
    services: UsesServices,
    _staff: Annotated[Staff, allowed(Action.VIEW_FOOTAGE)],
    name: str,
) -> Response:
    """Send the picture as it was drawn anew: never a byte of what was brought."""

    def find() -> Outgoing:
        subject = admit(Action.VIEW_FOOTAGE, request, services).subject

        def read(session: Session) -> Outgoing:
            row = services.exhibits.find(session, as_reference(name))
            return outgoing_file(services.clock_pictures.shown(session, row, by=subject))

        return act(services, subject, read)

    return await answer(request, services.vault, find, clock=services.clock)
