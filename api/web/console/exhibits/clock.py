"""Edge. The picture of a clock's comparison: added by a correction, and shown."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.streams.answers import answer
from api.streams.outgoing import Outgoing, outgoing_file
from api.web.console.intake.clip import sentence
from api.web.console.intake.files import File, SentForm, files_of, identifier
from api.web.pages import page
from api.web.staff import Staff, admit, allowed, sends
from api.wiring import Services
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.references import as_reference, file_safe
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
_SHOWN = 50
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
    return _form(request, services, staff, _found(services, staff, name), {}, {})


@router.post("/console/exhibits/{name}/clock-picture")
def add(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.ADD_EXHIBIT)],
    name: str,
    form: SentForm,
) -> Response:
    """Add it: a correction, which states everything anew with the picture."""
    row = _found(services, staff, name)
    said = {field: form.get(field) for field in ("file", "reason")}
    typed = {
        field: value.replace("\r\n", "\n") if isinstance(value, str) else ""
        for field, value in said.items()
    }
    errors = {}
    if not typed["file"]:
        errors["file"] = "Select the picture that is added"
    if not typed["reason"].strip():
        errors["reason"] = "Enter why it is added"
    errors = errors or _added(services, staff, row, typed)
    if errors:
        return _form(request, services, staff, row, typed, errors)
    return RedirectResponse(_path(row), HTTPStatus.SEE_OTHER)


def _added(
    services: Services, staff: Staff, row: ExhibitRow, typed: Mapping[str, str]
) -> dict[str, str]:
    """Add a picture to what is stated; return what was wrong, by the field of the form."""

    def arrived(session: Session) -> File:
        upload = identifier(typed["file"])
        (file,) = files_of(session, [services.uploads.find(session, upload, by=staff.subject)])
        return file

    try:
        file = act(services, staff.subject, arrived)
        if file.kept is None:
            return {"file": f"{file.row.name} is being locked in the vault: add it in a minute"}
        picture = services.clock_pictures.look_at(file.kept.id, by=staff.subject)
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
    except UnknownError:
        return {"file": "The file that you chose is not here any more"}
    except StateError as error:
        return {"file": sentence(error)}
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


def _found(services: Services, staff: Staff, name: str) -> ExhibitRow:
    return act(services, staff.subject, lambda s: services.exhibits.find(s, as_reference(name)))


def _form(
    request: Request,
    services: Services,
    staff: Staff,
    row: ExhibitRow,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> HTMLResponse:
    def read(session: Session) -> list[File]:
        found = services.uploads.unclaimed(session, by=staff.subject, most=_SHOWN)
        return [file for file in files_of(session, found.rows) if file.here]

    return page(
        request,
        "console/clock-picture.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        row=row,
        path=_path(row),
        files=act(services, staff.subject, read),
        typed=typed,
        errors=errors,
    )


def _path(row: ExhibitRow) -> str:
    return f"/console/exhibits/{file_safe(row.reference)}"
