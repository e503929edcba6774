"""Edge. Pages on which a clip is taken in: its files, what is said of it, check answers.

Files arrive in pieces (`api.routes.uploads`), or by a plain form where no script runs. What was
typed travels in the forms themselves: nothing is kept for an exhibit that is not yet one.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.intake.asked import FIELD, begun, link
from api.web.console.intake.clip import (
    DOUBTS,
    cameras_offered,
    read_clip,
    refusal,
    shown_in_form,
    typed_in,
)
from api.web.console.intake.files import (
    NEW,
    File,
    ForRequest,
    SendsClip,
    SentForm,
    TakesIn,
    files_of,
    files_page,
    identifier,
)
from api.web.console.words import sentence
from api.web.pages import page
from api.web.staff import Staff
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits.description import sequence
from evidence.exhibits.doubts import Doubt
from evidence.exhibits.particulars import MasterDigest, NewExhibit
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from export.holdings.masters import Arrived

MOST_FILES = 100
router = APIRouter(include_in_schema=False)


@router.get(f"{NEW}/details")
def describe(
    request: Request,
    services: UsesServices,
    staff: TakesIn,
    file: Annotated[list[str], Query(max_length=MOST_FILES, default_factory=list)],
    asked: ForRequest = "",
) -> HTMLResponse:
    """Ask what the clip is, once its files are chosen."""
    try:
        files = _chosen(services, staff, file)
    except InvalidError as error:
        errors = {"file": str(error)}
        return files_page(request, services, staff, errors=errors, chosen=file, asked=asked)
    try:
        typed, errors = begun(services, staff, asked, len(files)), {}
    except InvalidError as error:
        typed, errors = {}, {error.field: sentence(error)}
    return _details_page(request, services, staff, files, typed, errors)


@router.post(f"{NEW}/details")
def check(
    request: Request, services: UsesServices, staff: SendsClip, form: SentForm
) -> HTMLResponse:
    """Check what was typed, and show all of it, with the times in truth; or the form again."""
    typed, chosen = typed_in(form)
    try:
        files = _chosen(services, staff, chosen)
    except InvalidError as error:
        return files_page(request, services, staff, errors={"file": str(error)}, chosen=chosen)
    if form.get("change"):
        return _details_page(request, services, staff, files, typed, {})
    new, errors = read_clip(typed, len(files))
    if new is not None and not errors:
        try:
            row = _rehearse(services, staff, new, files)
        except (InvalidError, StateError) as error:
            errors = refusal(error, len(files))
        else:
            return _check_page(request, services, staff, files, typed, new, row)
    return _details_page(request, services, staff, files, typed, errors)


@router.post(NEW)
def confirm(request: Request, services: UsesServices, staff: SendsClip, form: SentForm) -> Response:
    """Make the exhibit; sent twice, it is made once."""
    typed, chosen = typed_in(form)
    try:
        files = _chosen(services, staff, chosen, claimed=True)
    except InvalidError as error:
        return files_page(request, services, staff, errors={"file": str(error)}, chosen=chosen)
    made = {file.kept.exhibit if file.kept else None for file in files}
    if len(made) == 1 and (exhibit := made.pop()) is not None:
        return RedirectResponse(f"/console/exhibits/{exhibit}", HTTPStatus.SEE_OTHER)
    new, errors = read_clip(typed, len(files))
    if new is None or errors:
        return _details_page(request, services, staff, files, typed, errors)

    def make(session: Session) -> ExhibitRow:
        at = services.clock()
        row = services.masters.add(session, new, arrived, by=staff.subject, at=at)
        link(services, session, staff, typed.get(FIELD, ""), row, at=at)
        return row

    arrived = [Arrived(file.kept.id, file.row.name) for file in files if file.kept is not None]
    if len(arrived) < len(files):
        row = _rehearse(services, staff, new, files)
        return _check_page(request, services, staff, files, typed, new, row, too_early=True)
    try:
        added = act(services, staff.subject, make)
    except (InvalidError, StateError) as error:
        errors = refusal(error, len(files))
        return _details_page(request, services, staff, files, typed, errors)
    return RedirectResponse(f"/console/exhibits/{added.id}", HTTPStatus.SEE_OTHER)


class _RehearsedError(Exception):
    """Carries the exhibit that would be made out of a transaction that is undone."""

    def __init__(self, row: ExhibitRow) -> None:
        super().__init__()
        self.row = row


def _rehearse(
    services: Services, staff: Staff, new: NewExhibit, files: Sequence[File]
) -> ExhibitRow:
    """Return the exhibit as it would be, and leave no trace of it.

    The rules are the service's own, and so are the number and the corrected times.

    Raises:
        InvalidError, StateError: it would be refused.
    """

    def receive(session: Session) -> ExhibitRow:
        # A file that is not in the vault yet has no digest: its place among the others stands in.
        digests = [
            MasterDigest(file.kept.sha256 if file.kept else f"{number:064x}", file.row.length)
            for number, file in enumerate(files)
        ]
        row = services.exhibits.receive(
            session, new, digests, by=staff.subject, at=services.clock()
        )
        raise _RehearsedError(row)

    try:
        return act(services, staff.subject, receive)
    except _RehearsedError as rehearsed:
        return rehearsed.row


def _chosen(
    services: Services, staff: Staff, names: Sequence[str], *, claimed: bool = False
) -> list[File]:
    """Return the files that were chosen, in their order.

    Raises:
        InvalidError: none, or one that is not here; or, but for ``claimed``, is taken.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        raise InvalidError("file", "Select at least one file that has arrived")

    def read(session: Session) -> list[File]:
        rows = [
            services.uploads.find(session, identifier(name), by=staff.subject) for name in wanted
        ]
        return files_of(session, rows)

    try:
        files = act(services, staff.subject, read)
    except UnknownError:
        raise InvalidError("file", "A file that you chose is not here any more") from None
    for file in files:
        if not file.here:
            raise InvalidError("file", f"{file.row.name} has not arrived yet")
        if file.kept is not None and file.kept.removed_at is not None:
            raise InvalidError("file", f"{file.row.name} was removed")
        if not claimed and file.kept is not None and file.kept.exhibit is not None:
            raise InvalidError("file", f"{file.row.name} belongs to an exhibit already")
    return files


def _details_page(
    request: Request,
    services: Services,
    staff: Staff,
    files: Sequence[File],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> HTMLResponse:
    if FIELD in errors:
        typed = {name: said for name, said in typed.items() if name != FIELD}
    return page(
        request,
        "console/intake_details.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        files=files,
        typed=typed,
        errors=errors,
        cameras=cameras_offered(services, staff),
        **shown_in_form(typed, errors, len(files)),
    )


def _check_page(
    request: Request,
    services: Services,
    staff: Staff,
    files: Sequence[File],
    typed: Mapping[str, str],
    new: NewExhibit,
    row: ExhibitRow,
    *,
    too_early: bool = False,
) -> HTMLResponse:
    said = described(row)
    with services.transaction() as session:
        known = services.named_cameras.has(session, said.camera.id)
    return page(
        request,
        "console/intake_check.html",
        status=HTTPStatus.CONFLICT if too_early else HTTPStatus.OK,
        staff=staff,
        files=files,
        typed=typed,
        new=new,
        row=row,
        said=said,
        known=known,
        gaps=sequence(said.files),
        confirmed=[DOUBTS[Doubt(one)] for one in said.confirmed],
        automatic="/" not in new.reference,
        too_early=too_early,
    )
