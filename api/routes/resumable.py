"""Edge. `/api/v1/resumable`: uploads that may break off and go on (tus 1.0.0).

Core, creation, creation-with-upload, checksum, expiration and termination. Standard clients work;
so do the pages of the console, with the session of whoever is signed in.

Bodies are read by `async` functions, unlike everywhere else: a slow sender holds a connection and
a buffer, and no thread. What touches disk or database runs in a thread all the same.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.acts import act, record_refusal
from api.denials import ForgedFormError, UnauthorisedError
from api.depends import UsesServices, bearer, subject_of
from api.views import View
from api.web.staff import MaybeStaff, same_site
from api.wiring import Services
from evidence.errors import AccessRefusedError, InvalidError
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.intake.tables import ResumableUploadRow, UploadRow
from export.intake.tus import CHECKSUMS, parse_checksum, parse_length, parse_metadata
from export.intake.uploads import MOST_BYTES, Appending, ChecksumError, ResumableState

router = APIRouter(prefix="/api/v1", tags=["uploads"])
RESUMABLE = f"{router.prefix}/resumable"
VERSION = "1.0.0"
OFFSET_STREAM = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
_BATCH = 1 << 20
_IDLE_S = 30.0
"""A sender that is silent for so long is gone: what came is kept, and it may go on."""
_CHECKSUM_MISMATCH = 460  # tus has its own status, which HTTPStatus does not know


class ResumableView(View):
    """An upload of one's own, and how far it is."""

    id: UUID
    name: str
    length: int
    received: int
    state: ResumableState
    words: str
    """What is wrong, if anything."""
    upload: UUID | None
    """What an exhibit claims it by, once it is in the vault."""
    sha256: str | None
    scan: str | None
    """What the malware scanner said."""


class Tus:
    """What tus asks of every request and every answer below `RESUMABLE`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http" or not _is_ours(scope["path"]):
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope)
        if scope["method"] == "POST" and (method := said.get("x-http-method-override")):
            if method not in {"PATCH", "DELETE", "HEAD"}:
                await Response(status_code=HTTPStatus.METHOD_NOT_ALLOWED)(scope, receive, send)
                return
            scope = {**scope, "method": method}

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"])["Tus-Resumable"] = VERSION
            await send(message)

        if scope["method"] == "OPTIONS":
            await _abilities()(scope, receive, send)
        elif scope["method"] != "GET" and said.get("tus-resumable") != VERSION:
            wrong = Response(
                status_code=HTTPStatus.PRECONDITION_FAILED, headers={"Tus-Version": VERSION}
            )
            await wrong(scope, receive, labelled)
        else:
            await self._app(scope, receive, labelled)


def _is_ours(path: str) -> bool:
    return path == RESUMABLE or path.startswith(f"{RESUMABLE}/")


def _abilities() -> Response:
    """Say what this server can do (tus, "OPTIONS"); who asks does not matter."""
    return Response(
        status_code=HTTPStatus.NO_CONTENT,
        headers={
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(MOST_BYTES),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        },
    )


def uploader(
    request: Request,
    services: UsesServices,
    staff: MaybeStaff,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Subject:
    """Return who uploads: a token's subject, or whoever is signed in on our own pages.

    Raises:
        UnauthorisedError, ForgedFormError: nobody is; or another site's page asks.
        AccessRefusedError: they may not, and that is an event now.
    """
    if credentials is not None:
        subject = subject_of(services, credentials)
    elif staff is None:
        raise UnauthorisedError("send an API token, or sign in")
    elif request.method != "GET" and not same_site(request, services):
        raise ForgedFormError
    else:
        subject = staff.subject
    try:
        require(Action.ADD_EXHIBIT, subject)
    except AccessRefusedError as refused:
        record_refusal(services, subject, refused)
        raise
    return subject


Uploads = Annotated[Subject, Depends(uploader)]
Tells = Annotated[str | None, Header(max_length=200)]


@router.post(
    "/resumable", status_code=201, response_class=Response, summary="Begin a resumable upload"
)
async def create(
    request: Request,
    services: UsesServices,
    subject: Uploads,
    upload_length: Tells = None,
    upload_metadata: Annotated[str, Header(max_length=8192)] = "",
    upload_checksum: Tells = None,
) -> Response:
    """Begin an upload: `Upload-Length`, and `Upload-Metadata` with a `filename`.

    `Location` says where the bytes go. The first of them may come with this request.
    """
    length = parse_length("Upload-Length", upload_length)
    if length > MOST_BYTES:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES:,} bytes")
    name = parse_metadata(upload_metadata).get("filename")
    if name is None:
        raise InvalidError("Upload-Metadata", "name the file: filename, and its name in Base64")

    def begin(session: Session) -> ResumableUploadRow:
        return services.uploads.create(
            session, name=name, length=length, by=subject, at=services.clock()
        )

    row = await run_in_threadpool(act, services, subject, begin)
    where = {"Location": f"{RESUMABLE}/{row.id}", **_expires(row.expires_at)}
    if length == 0:
        services.uploads.completed.set()
    if _kind(request) != OFFSET_STREAM:
        return Response(status_code=HTTPStatus.CREATED, headers=where)
    answer = await _append(request, services, subject, row.id, 0, upload_checksum)
    if answer.status_code == HTTPStatus.NO_CONTENT:
        answer.status_code = HTTPStatus.CREATED
    answer.headers.update(where)
    return answer


@router.head("/resumable/{resumable}", response_class=Response, summary="Ask where it stands")
def ask(resumable: UUID, services: UsesServices, subject: Uploads) -> Response:
    """Say how many bytes are safe: `Upload-Offset`. There the next request goes on."""
    row = act(services, subject, lambda s: services.uploads.find(s, resumable, by=subject))
    if row.state == ResumableState.FAILED:
        raise HTTPException(HTTPStatus.GONE, row.words)
    headers = {"Upload-Offset": str(row.received), "Upload-Length": str(row.length)}
    if row.state == ResumableState.OPEN:
        headers |= _expires(row.expires_at)
    return Response(headers=headers)


@router.patch(
    "/resumable/{resumable}",
    status_code=204,
    response_class=Response,
    summary="Send bytes of a resumable upload",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {OFFSET_STREAM: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def append(
    resumable: UUID,
    request: Request,
    services: UsesServices,
    subject: Uploads,
    upload_offset: Tells = None,
    upload_checksum: Tells = None,
) -> Response:
    """Append bytes at `Upload-Offset`, which is where the upload stands and nowhere else.

    204 means that they are on the disk, flushed. A request that is cut off keeps what arrived.
    """
    offset = parse_length("Upload-Offset", upload_offset)
    if _kind(request) != OFFSET_STREAM:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send bytes as {OFFSET_STREAM}")
    return await _append(request, services, subject, resumable, offset, upload_checksum)


@router.delete(
    "/resumable/{resumable}",
    status_code=204,
    response_class=Response,
    summary="Give up a resumable upload",
)
def terminate(resumable: UUID, services: UsesServices, subject: Uploads) -> Response:
    """Forget an upload and its bytes, unless they are in the vault already."""
    services.uploads.terminate(resumable, by=subject)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/resumable/{resumable}", summary="Show a resumable upload")
def show(resumable: UUID, services: UsesServices, subject: Uploads) -> ResumableView:
    """Show how far an upload is; once it is in the vault, also its digest and its scan."""

    def read(session: Session) -> ResumableView:
        row = services.uploads.find(session, resumable, by=subject)
        return resumable_view(session, row)

    return act(services, subject, read)


def resumable_view(session: Session, row: ResumableUploadRow) -> ResumableView:
    """Return the view of a row."""
    kept = session.get(UploadRow, row.upload) if row.upload else None
    return ResumableView(
        id=row.id,
        name=row.name,
        length=row.length,
        received=row.received,
        state=ResumableState(row.state),
        words=row.words,
        upload=row.upload,
        sha256=kept.sha256 if kept else None,
        scan=kept.scan if kept else None,
    )


async def _append(
    request: Request,
    services: Services,
    subject: Subject,
    resumable: UUID,
    offset: int,
    checksum: str | None,
) -> Response:
    announced = request.headers.get("content-length")
    wanted = parse_checksum(checksum) if checksum else None
    length = None if announced is None else parse_length("Content-Length", announced)

    def begin() -> Appending:
        return services.uploads.append(
            resumable, offset, announced=length, checksum=wanted, by=subject, at=services.clock()
        )

    appending = await run_in_threadpool(begin)
    try:
        received = await _receive(request, appending)
    except ChecksumError as wrong:
        return Response(str(wrong), status_code=_CHECKSUM_MISMATCH, media_type="text/plain")
    finally:
        appending.close()
    headers = {"Upload-Offset": str(received), **_expires(appending.expires_at)}
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


async def _receive(request: Request, appending: Appending) -> int:
    """Write the body of a request as it comes; return how many bytes the upload has then."""
    held = bytearray()
    cut_off = False
    try:
        async for chunk in _chunks(request):
            held += chunk
            if len(held) >= _BATCH:
                await run_in_threadpool(appending.write, bytes(held))
                held.clear()
    except (ClientDisconnect, TimeoutError):
        cut_off = True
    await run_in_threadpool(appending.write, bytes(held))
    return await run_in_threadpool(appending.finish, cut_off=cut_off)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield what comes; TimeoutError if nothing comes for long: the sender may be gone."""
    stream = request.stream()
    while True:
        with anyio.fail_after(_IDLE_S):
            chunk = await anext(stream, None)
        if chunk is None:
            return
        yield chunk


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _expires(at: datetime) -> dict[str, str]:
    """Return when an unfinished upload is forgotten, as RFC 9110 writes times."""
    return {"Upload-Expires": format_datetime(at, usegmt=True)}
