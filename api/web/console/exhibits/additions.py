"""Edge. The page on which a file that was missing is added to an exhibit."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.exhibits.arrivals import arrived, ask_for_file, find_exhibit, unfit
from api.web.console.intake.clip import (
    confirmed_in,
    read_recording,
    refusal,
    shown_in_form,
    typed_in,
)
from api.web.console.intake.files import SentForm
from api.web.console.places import exhibit_path
from api.web.console.words import said_in
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.particulars import NewFile
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action
from export.holdings.masters import Arrived
from export.release.corrections import AddedFile

router = APIRouter(include_in_schema=False)
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
    return _form(request, services, staff, find_exhibit(services, staff, name), {}, {})


@router.post("/console/exhibits/{name}/files")
def extend(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.EXTEND_EXHIBIT)],
    name: str,
    form: SentForm,
) -> Response:
    """Add it; sent twice, the second time says that it is there."""
    row = find_exhibit(services, staff, name)
    typed, chosen = typed_in(form)
    typed |= {field: said_in(form, field) for field in ("kind", "reason")}
    typed["file"] = chosen[0] if chosen else ""
    times, wrong = _times(typed)
    errors = {} if typed["file"] else {"file": "Select the file that is added"}
    errors |= wrong
    if not typed["reason"].strip():
        errors["reason"] = "Enter why it is added"
    if not errors:
        errors = _extended(services, staff, row, typed, times)
    if not errors:
        return RedirectResponse(exhibit_path(row.reference), HTTPStatus.SEE_OTHER)
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
        file = Arrived(*arrived(services, session, staff, typed["file"]))
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
    except (UnknownError, StateError) as error:
        return unfit(error)
    except InvalidError as error:
        found = refusal(error, 2)
        return {_OF_FILE.sub("file1_", field): words for field, words in found.items()}
    return {}


def _form(
    request: Request,
    services: Services,
    staff: Staff,
    row: ExhibitRow,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> HTMLResponse:
    shown = shown_in_form(typed, errors, 1)
    return ask_for_file(
        request, services, staff, row, "console/extend.html", typed, errors, **shown
    )
