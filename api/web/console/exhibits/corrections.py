"""Edge. The page on which what is stated of an exhibit is corrected."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.intake.clip import (
    cameras_offered,
    read_clip,
    refusal,
    shown_in_form,
    typed_in,
    typed_of,
)
from api.web.console.intake.files import SentForm
from api.web.console.places import exhibit_path
from api.web.console.words import said_in, sentence
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError
from evidence.exhibits.particulars import NewExhibit
from evidence.exhibits.recorded import described
from evidence.exhibits.references import as_reference
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action
from export.holdings.files import MASTER, files_of

router = APIRouter(include_in_schema=False)


@router.get("/console/exhibits/{name}/correct")
def ask(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.CORRECT_EXHIBIT)],
    name: str,
) -> HTMLResponse:
    """Ask what is right, beginning with what is stated."""
    row, files = _found(services, staff, name)
    return _form(request, services, staff, row, files, typed_of(described(row)), {})


@router.post("/console/exhibits/{name}/correct")
def correct(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.CORRECT_EXHIBIT)],
    name: str,
    form: SentForm,
) -> Response:
    """Correct it; sent twice, nothing changes the second time."""
    row, files = _found(services, staff, name)
    typed, _ = typed_in(form)
    reason = said_in(form, "reason")
    typed = {**typed, "reference": row.reference, "reason": reason}
    new, errors = read_clip(typed, len(files))
    if not reason.strip():
        errors["reason"] = "Enter why it is corrected"
    if new is not None and not errors:
        errors = _corrected(services, staff, row, new, reason)
        if not errors:
            return RedirectResponse(exhibit_path(row.reference), HTTPStatus.SEE_OTHER)
    return _form(request, services, staff, row, files, typed, errors)


def _corrected(
    services: Services, staff: Staff, row: ExhibitRow, new: NewExhibit, reason: str
) -> dict[str, str]:
    """Correct an exhibit; return what was wrong, by the field of the form."""
    try:
        act(
            services,
            staff.subject,
            lambda session: services.corrections.correct(
                session,
                str(row.id),
                # The form says nothing of the picture: it stays, as long as there is a comparison.
                lambda said: replace(
                    new, reference=said.reference, clock_picture=said.clock_picture
                ),
                reason=reason,
                by=staff.subject,
                at=services.clock(),
            ),
        )
    except StateError as error:
        return {"reason": sentence(error)}
    except InvalidError as error:
        return refusal(error, len(new.files) or 1)
    return {}


def _found(services: Services, staff: Staff, name: str) -> tuple[ExhibitRow, list[str]]:
    """Return an exhibit, and the names of the files of its original."""

    def read(session: Session) -> tuple[ExhibitRow, list[str]]:
        row = services.exhibits.find(session, as_reference(name))
        return row, [file.name for file in files_of(session, row.id, MASTER)]

    return act(services, staff.subject, read)


def _form(
    request: Request,
    services: Services,
    staff: Staff,
    row: ExhibitRow,
    files: list[str],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> HTMLResponse:
    return page(
        request,
        "console/correct.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        row=row,
        path=exhibit_path(row.reference),
        names=files,
        typed=typed,
        errors=errors,
        cameras=cameras_offered(services, staff),
        **shown_in_form(typed, errors, len(files)),
    )
