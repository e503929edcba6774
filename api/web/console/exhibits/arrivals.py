"""Edge. What the pages share on which a file that has arrived goes to an exhibit of before."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from api.acts import act
from api.services import Services
from api.web.console.intake.files import File, files_of, identifier
from api.web.console.places import exhibit_path
from api.web.console.words import sentence
from api.web.pages import page
from api.web.staff import Staff
from evidence.errors import StateError, UnknownError
from evidence.exhibits.references import as_reference
from evidence.exhibits.tables import ExhibitRow

_SHOWN = 50
"""Files to choose from: the latest."""


def find_exhibit(services: Services, staff: Staff, name: str) -> ExhibitRow:
    """Return the exhibit that an address names; UnknownError: there is none."""
    return act(services, staff.subject, lambda s: services.exhibits.find(s, as_reference(name)))


def ask_for_file(
    request: Request,
    services: Services,
    staff: Staff,
    row: ExhibitRow,
    template: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    **more: Any,  # noqa: ANN401 - what this page shows besides
) -> HTMLResponse:
    """Show the files to choose from, with what was typed and what is wrong with it."""

    def read(session: Session) -> list[File]:
        found = services.uploads.unclaimed(session, by=staff.subject, most=_SHOWN)
        return [file for file in files_of(session, found.rows) if file.here]

    return page(
        request,
        template,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        row=row,
        path=exhibit_path(row.reference),
        files=act(services, staff.subject, read),
        typed=typed,
        errors=errors,
        **more,
    )


def arrived(services: Services, session: Session, staff: Staff, file: str) -> tuple[UUID, str]:
    """Return the identifier and name of a chosen file; UnknownError, StateError: not yet here."""
    (found,) = files_of(
        session, [services.uploads.find(session, identifier(file), by=staff.subject)]
    )
    if found.kept is None:
        raise StateError(f"{found.row.name} is being locked in the vault: add it in a minute")
    return found.kept.id, found.row.name


def unfit(error: UnknownError | StateError) -> dict[str, str]:
    """Return why a chosen file cannot be added, at its field."""
    if isinstance(error, UnknownError):
        return {"file": "The file that you chose is not here any more"}
    return {"file": sentence(error)}
