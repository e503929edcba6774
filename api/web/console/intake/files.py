"""Edge. The page on which the files of a clip arrive: in pieces, or by a plain form.

In pieces they come through `api.routes.uploads`, sent by `static/intake.js`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.acts import act
from api.bounds import lanes
from api.denials import ForgedFormError
from api.depends import UsesServices, known_query, services_of
from api.services import Services
from api.web.console.places import list_address, page_address
from api.web.console.words import said_in, sentence
from api.web.pages import page
from api.web.staff import Staff, admit, allowed, same_site, sends
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.paging import Page, parse_cursor
from evidence.people.access import Action
from export.intake.arrivals import kept_uploads
from export.intake.malware import FOUND
from export.intake.tables import ResumableUploadRow, UploadRow
from export.intake.uploads import UploadState
from storage.errors import RefusedError

NEW = "/console/exhibits/new"
FILES = f"{NEW}/files"
MOST_FORM = 2 << 30
"""Bytes of a plain form: it cannot go on where it broke off, and waits on the disk meanwhile."""
MOST_FILES = 20
"""In one plain form: up to 1 MiB of each is held in memory until the form is whole."""
PAGE = 50
ForRequest = Annotated[str, Query(max_length=60, alias="request")]
"""The number of the request that a clip is taken in for."""
TakesIn = Annotated[Staff, allowed(Action.ADD_EXHIBIT)]
SendsClip = Annotated[Staff, sends(Action.ADD_EXHIBIT)]


class SignedInFirst(APIRoute):
    """Asks who sends a form before its body is read: a stranger fills no disk of ours."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Return the handler of the route, behind the question."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            await known_query(request)
            await run_in_threadpool(_admit, request)
            with lanes.FORMS.place():
                answer: Response = await handle(request)
            return answer

        return handler


def _admit(request: Request) -> None:
    services = services_of(request)
    admit(Action.ADD_EXHIBIT, request, services)
    if not same_site(request, services):
        raise ForgedFormError
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise HTTPException(HTTPStatus.LENGTH_REQUIRED, "The form does not say how long it is.")
    if int(length) > MOST_FORM:
        raise HTTPException(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "A plain form takes files of up to 2 GB. For larger ones, use a browser that runs "
            "scripts, or the command line.",
        )
    services.intake.require_room(int(length))


router = APIRouter(include_in_schema=False)
plain = APIRouter(include_in_schema=False, route_class=SignedInFirst)


async def sent_form(request: Request) -> FormData:
    """Return the form that was sent."""
    return await request.form()


SentForm = Annotated[FormData, Depends(sent_form)]


@dataclass(frozen=True, slots=True)
class File:
    """An upload as the pages show it."""

    row: ResumableUploadRow
    kept: UploadRow | None

    @property
    def here(self) -> bool:
        """Whether all of its bytes are, so that an exhibit can be made of it."""
        return self.row.state in (UploadState.COMPLETE, UploadState.STORED)

    @property
    def percent(self) -> int:
        """How much of it arrived."""
        return 100 * self.row.received // max(1, self.row.length)

    @property
    def infected(self) -> str:
        """What the malware scanner found in it, if anything."""
        scan = self.kept.scan if self.kept else ""
        return scan.removeprefix(FOUND) if scan.startswith(FOUND) else ""


@router.get(NEW)
def begin(
    request: Request,
    services: UsesServices,
    staff: TakesIn,
    cursor: Annotated[str, Query(max_length=200)] = "",
    asked: ForRequest = "",
) -> HTMLResponse:
    """Show where files are dropped, and which have come and belong to no exhibit yet."""
    return files_page(request, services, staff, cursor=cursor, asked=asked)


def files_page(
    request: Request,
    services: Services,
    staff: Staff,
    *,
    errors: Mapping[str, str] | None = None,
    chosen: Sequence[str] | None = None,
    cursor: str = "",
    asked: str = "",
) -> HTMLResponse:
    """Show a page of the files, again if something is wrong with what was chosen."""
    at = parse_cursor(cursor)

    def read(session: Session) -> Page[File]:
        found = services.uploads.unclaimed(session, by=staff.subject, cursor=at, most=PAGE)
        return found.of(files_of(session, found.rows))

    shown = act(services, staff.subject, read)
    return page(
        request,
        "console/intake_files.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        files=shown.rows,
        newer=page_address(NEW, {"request": asked}, shown.newer),
        older=page_address(NEW, {"request": asked}, shown.older),
        asked=asked,
        chosen=chosen,
        errors=errors or {},
    )


def files_of(session: Session, rows: Sequence[ResumableUploadRow]) -> list[File]:
    """Return what is shown of uploads."""
    kept = kept_uploads(session, (row.upload for row in rows))
    return [File(row, kept.get(row.upload)) for row in rows]


@plain.post(FILES, form_limits={"max_files": MOST_FILES, "max_fields": 10, "max_part_size": 4096})
async def upload(
    request: Request, services: UsesServices, staff: SendsClip, form: SentForm
) -> Response:
    """Take in the files of a plain form, one after the other."""
    return await lanes.VAULT.run(_take_all, request, services, staff, form)


def _take_all(request: Request, services: Services, staff: Staff, form: FormData) -> Response:
    files = [
        file for file in form.getlist("file") if isinstance(file, UploadFile) and file.filename
    ]
    asked = said_in(form, "request")
    if not files:
        return files_page(request, services, staff, errors={"file": "Select a file"}, asked=asked)
    try:
        for file in files:
            _take(services, staff, file)
    except (InvalidError, RefusedError) as error:
        errors = {"file": sentence(error)}
        return files_page(request, services, staff, errors=errors, asked=asked)
    return RedirectResponse(list_address(NEW, {"request": asked}), HTTPStatus.SEE_OTHER)


def _take(services: Services, staff: Staff, file: UploadFile) -> None:
    with services.scanner.watch(file.file) as watched:
        stored = services.intake.store(watched, by=staff.subject, size=file.size)
        scan = watched.verdict()
    # A crash here leaves a locked object that no record names; the sender sees no answer.
    act(
        services,
        staff.subject,
        lambda session: services.uploads.take(
            session,
            stored,
            name=file.filename or "",
            scan=scan,
            by=staff.subject,
            at=services.clock(),
        ),
    )


@router.get(f"{NEW}/remove")
def removing(request: Request, services: UsesServices, staff: TakesIn, file: str) -> HTMLResponse:
    """Ask why a file that is in the vault was a mistake."""
    return _remove_page(request, services, staff, identifier(file), {})


@router.post(f"{NEW}/remove")
def remove(request: Request, services: UsesServices, staff: SendsClip, form: SentForm) -> Response:
    """Forget an upload that is not in the vault; of one that is, say that it was a mistake."""
    upload = identifier(said_in(form, "file"))
    reason = said_in(form, "reason")
    try:
        if "reason" in form:
            act(services, staff.subject, partial(_take_back, services, staff, upload, reason))
        else:
            services.uploads.terminate(upload, by=staff.subject)
    except InvalidError as error:
        words = sentence(error) if reason.strip() else "Enter why it was a mistake"
        return _remove_page(request, services, staff, upload, {"reason": words}, reason)
    except StateError as error:
        return files_page(request, services, staff, errors={"file": sentence(error)})
    except UnknownError:
        pass  # it is gone already: what was asked for is so
    return RedirectResponse(NEW, HTTPStatus.SEE_OTHER)


def _take_back(
    services: Services, staff: Staff, upload: UUID, reason: str, session: Session
) -> None:
    row = services.uploads.find(session, upload, by=staff.subject)
    if row.upload is None:
        raise StateError(f"{row.name} is being locked in the vault: remove it in a minute")
    services.intake.remove(
        session, row.upload, by=staff.subject, at=services.clock(), reason=reason
    )


def _remove_page(
    request: Request,
    services: Services,
    staff: Staff,
    upload: UUID,
    errors: Mapping[str, str],
    reason: str = "",
) -> HTMLResponse:
    def read(session: Session) -> File:
        (file,) = files_of(session, [services.uploads.find(session, upload, by=staff.subject)])
        return file

    return page(
        request,
        "console/intake_remove.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        file=act(services, staff.subject, read),
        errors=errors,
        typed={"reason": reason},
    )


def identifier(text: str) -> UUID:
    """Return the identifier that a form names an upload by."""
    try:
        return UUID(text)
    except ValueError:
        raise UnknownError("there is no such upload") from None
