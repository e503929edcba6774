"""Edge. A council's list of cameras: sent, looked at, mapped, and taken over as it was rehearsed.

Nothing is kept between the steps: the list travels in the page that shows what it would change.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.cameras.pages import LIST
from api.web.console.intake.files import SentForm
from api.web.console.words import said_in, sentence
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.cameras.differences import Rehearsal
from evidence.cameras.lists.columns import ListField
from evidence.cameras.lists.listed import header_of
from evidence.cameras.lists.sheets import MOST_BYTES
from evidence.cameras.register import NewList
from evidence.errors import BrokenListError, InvalidError, StateError
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
IMPORT = f"{LIST}/import"
MOST_SHOWN = 200
"""Changes that a page lists; its counts and its digest are of all of them."""
Imports = Annotated[Staff, allowed(Action.IMPORT_CAMERAS)]
SendsList = Annotated[Staff, sends(Action.IMPORT_CAMERAS)]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a list came to: a rehearsal, or what is wrong with it."""

    new: NewList
    found: Rehearsal | None
    faults: tuple[str, ...] = ()
    more: bool = False
    errors: Mapping[str, str] | None = None


@router.get(IMPORT)
def begin(request: Request, staff: Imports) -> Response:
    """Ask for a list."""
    return _form(request, staff, {}, {})


@router.post(IMPORT, form_limits={"max_files": 1, "max_fields": 40, "max_part_size": MOST_BYTES})
def rehearse(
    request: Request, services: UsesServices, staff: SendsList, form: SentForm
) -> Response:
    """Say what a list would change; nothing is changed."""
    new = _list_in(form)
    if new is None:
        return _form(request, staff, {"file": "Select the list"}, _typed(form))
    return _looked_page(request, staff, _look(services, staff, new))


@router.post(f"{IMPORT}/apply", form_limits={"max_files": 0, "max_part_size": MOST_BYTES})
def apply(request: Request, services: UsesServices, staff: SendsList, form: SentForm) -> Response:
    """Take a list over as it was rehearsed; if it would change anything else by now, say so."""
    new, by = _list_in(form), staff.subject
    if new is None:
        return _form(request, staff, {"file": "Select the list again"}, _typed(form))
    rehearsed = said_in(form, "rehearsed")
    try:
        found = act(
            services,
            by,
            lambda s: services.cameras.apply(s, new, rehearsed, by=by, at=services.clock()),
        )
    except (StateError, InvalidError) as error:
        looked = _look(services, staff, new)
        return _looked_page(request, staff, looked, problem=sentence(error))
    done = "imported" if found.changes else "same"
    return RedirectResponse(f"{LIST}?done={done}", HTTPStatus.SEE_OTHER)


def _look(services: Services, staff: Staff, new: NewList) -> Looked:
    by = staff.subject
    try:
        found = act(
            services, by, lambda s: services.cameras.rehearse(s, new, by=by, at=services.clock())
        )
    except BrokenListError as error:
        return Looked(new, None, error.faults, error.more)
    except InvalidError as error:
        return Looked(new, None, errors={error.field: sentence(error)})
    return Looked(new, found)


def _list_in(form: FormData) -> NewList | None:
    """Return the list that a form brings: a file, or what the page before carries; none: None."""
    file, carried = form.get("file"), said_in(form, "list")
    if isinstance(file, UploadFile) and file.filename:
        content, name = file.file.read(MOST_BYTES + 1), file.filename
    elif carried:
        content, name = _unpacked(carried), said_in(form, "name")
    else:
        return None
    mapping = {field: said for field in ListField if (said := said_in(form, f"map_{field}"))}
    return NewList(
        content, name, mapping, said_in(form, "source"), said_in(form, "licence")
    )  # fmt: skip


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _unpacked(text: str) -> bytes:
    """Return a list that a page carried; of anything else, what no list is."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(text), MOST_BYTES + 1)
    except (binascii.Error, zlib.error, ValueError):
        return b""


def _typed(form: FormData) -> dict[str, str]:
    return {name: said_in(form, name) for name in ("source", "licence")}


def _form(
    request: Request, staff: Staff, errors: Mapping[str, str], typed: Mapping[str, str]
) -> Response:
    return page(
        request,
        "console/cameras-import.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        errors=dict(errors),
        typed=typed,
    )


def _looked_page(request: Request, staff: Staff, looked: Looked, problem: str = "") -> Response:
    new, found = looked.new, looked.found
    wrong = bool(problem or looked.errors or looked.faults)
    return page(
        request,
        "console/cameras-rehearsal.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        staff=staff,
        new=new,
        found=found,
        changes=[] if found is None else found.changes[:MOST_SHOWN],
        faults=looked.faults,
        more=looked.more,
        problem=problem,
        errors=dict(looked.errors or {}),
        carried=_packed(new.content),
        header=header_of(new.content),
        fields=[(field, field.capitalize()) for field in ListField],
        columns={} if found is None else found.columns,
    )
