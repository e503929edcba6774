"""Edge. The page on which a file that was missing is added to an exhibit."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.web.console.intake.clip import (
    confirmed_in,
    read_recording,
    refusal,
    sentence,
    shown_in_form,
    typed_in,
)
from api.web.console.intake.files import File, SentForm, files_of, identifier
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from api.wiring import Services
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.particulars import NewFile
from evidence.exhibits.references import as_reference, file_safe
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action
from export.holdings.masters import Arrived
from export.release.corrections import AddedFile

router = APIRouter(include_in_schema=False)
_SHOWN = 50
_OF_FILE = re.compile(r"file[0-9]+_", re.ASCII)
RECORDING, PLAYER = "recording", "player"


@router.get("/console/exhibits/{name}/files")
def ask(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.EXTEND_EXHIBIT)],
    name: str,
) -> HTMLResponse:
    """Ask which file is added, what it is, and why."""
    return _form(request, services, staff, _found(services, staff, name), {}, {})


@router.post("/console/exhibits/{name}/files")
def extend(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.EXTEND_EXHIBIT)],
    name: str,
    form: SentForm,
) -> Response:
    """Add it; sent twice, the second time says that it is there."""
    row = _found(services, staff, name)
    typed, chosen = typed_in(form)
    for field in ("kind", "reason"):
        said = form.get(field)
        typed[field] = said.replace("\r\n", "\n") if isinstance(said, str) else ""
    typed["file"] = chosen[0] if chosen else ""
    times, errors = _times(typed)
    if not typed["file"]:
        errors["file"] = "Select the file that is added"
    if not typed["reason"].strip():
        errors["reason"] = "Enter why it is added"
    if not errors:
        errors = _extended(services, staff, row, typed, times)
    if not errors:
        return RedirectResponse(_path(row), HTTPStatus.SEE_OTHER)
    return _form(request, services, staff, row, typed, errors)


def _times(typed: Mapping[str, str]) -> tuple[NewFile | None, dict[str, str]]:
    """Return when a recording starts and ends; of what is no recording nothing is asked."""
    if typed["kind"] == PLAYER:
        return None, {}
    if typed["kind"] != RECORDING:
        return None, {"kind": "Select what the file is"}
    return read_recording(typed)


def _extended(
    services: Services,
    staff: Staff,
    row: ExhibitRow,
    typed: Mapping[str, str],
    times: NewFile | None,
) -> dict[str, str]:
    """Add a file to an exhibit; return what was wrong, by the field of the form."""

    def work(session: Session) -> None:
        file = _arrived(services, session, staff, identifier(typed["file"]))
        services.corrections.extend(
            session,
            str(row.id),
            [AddedFile(file, times)],
            confirmed=confirmed_in(typed),
            reason=typed["reason"],
            by=staff.subject,
            at=services.clock(),
        )

    try:
        act(services, staff.subject, work)
    except UnknownError:
        return {"file": "The file that you chose is not here any more"}
    except StateError as error:
        return {"file": sentence(error)}
    except InvalidError as error:
        found = refusal(error, 2)
        return {_OF_FILE.sub("file1_", field): words for field, words in found.items()}
    return {}


def _arrived(services: Services, session: Session, staff: Staff, upload: UUID) -> Arrived:
    (file,) = files_of(session, [services.uploads.find(session, upload, by=staff.subject)])
    if file.kept is None:
        raise StateError(f"{file.row.name} is being locked in the vault: add it in a minute")
    return Arrived(file.kept.id, file.row.name)


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
        "console/extend.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        row=row,
        path=_path(row),
        files=act(services, staff.subject, read),
        typed=typed,
        errors=errors,
        **shown_in_form(typed, errors, 1),
    )


def _path(row: ExhibitRow) -> str:
    return f"/console/exhibits/{file_safe(row.reference)}"
