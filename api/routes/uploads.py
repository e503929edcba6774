"""Edge. `/api/v1/uploads` and `/api/v1/resumable`: bytes on their way in, at once or in pieces.

What may break off and go on speaks tus 1.0.0 (`api.routes.tus`). Standard clients work; so do the
pages of the console, with the session of whoever is signed in.
"""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.acts import act, record_refusal
from api.bounds import lanes
from api.denials import ForgedFormError, UnauthorisedError
from api.depends import Acts, Credentials, UsesServices, subject_of
from api.routes.body import pieces
from api.routes.tus import OFFSET_STREAM, RESUMABLE, append_body, expires, is_offset_stream
from api.services import Services
from api.views import View
from api.web.staff import MaybeStaff, same_site
from evidence.errors import AccessRefusedError, InvalidError
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.intake.arrivals import kept_uploads
from export.intake.passing import Passing
from export.intake.tables import ResumableUploadRow, UploadRow
from export.intake.tus import parse_length, parse_metadata
from export.intake.uploads import MOST_BYTES, UploadState

router = APIRouter(prefix="/api/v1", tags=["uploads"])
UPLOADS = f"{router.prefix}/uploads"
EXAMPLE_ID = "3f2f7a54-5a4f-4d0c-9f0e-0c7f2b1f6a11"
DIGEST = "94ee059335e587e501cc4bf90613e0814f00a7b08bc7c648fd865a2af6a22cc2"


class UploadView(View):
    """Bytes that arrived and are locked in the vault."""

    upload: UUID = Field(examples=[EXAMPLE_ID])
    size: int = Field(examples=[2811553])
    sha256: str = Field(examples=[DIGEST])
    scan: str = Field(examples=["clean"], description="what the malware scanner said, or why not")


class ResumableView(View):
    """An upload of one's own, and how far it is."""

    id: UUID
    name: str
    length: int
    received: int
    state: UploadState
    words: str
    """What is wrong, if anything."""
    upload: UUID | None
    """What an exhibit claims it by, once it is in the vault."""
    sha256: str | None
    scan: str | None
    """What the malware scanner said."""


def uploader(
    request: Request,
    services: UsesServices,
    staff: MaybeStaff,
    credentials: Credentials,
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
    "/uploads",
    status_code=201,
    summary="Take in the bytes of one file",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def upload(
    request: Request,
    services: UsesServices,
    subject: Acts,
    content_length: Annotated[int | None, Header(ge=0)] = None,
) -> UploadView:
    """Take the body of the request, as it is and of any length, into the vault, locked there.

    The bytes belong to no exhibit until one claims them by the identifier that is answered.
    """
    lane = lanes.UPLOADS
    with lane.place(), await lane.run(_expect, services, subject, content_length) as passing:
        try:
            async for piece in pieces(request):
                await lane.run(passing.write, piece)
        except ClientDisconnect as error:
            raise InvalidError("body", "the upload was cut off: send it again") from error
        passing.end()
        return await lanes.VAULT.run(_keep, services, subject, passing)


def _expect(services: Services, subject: Subject, announced: int | None) -> Passing:
    """Say where the bytes go; a refusal is an event."""
    try:
        return services.uploads.passing(announced, by=subject)
    except AccessRefusedError as refused:
        record_refusal(services, subject, refused)
        raise


def _keep(services: Services, subject: Subject, passing: Passing) -> UploadView:
    """Lock bytes that came in the vault, and record that they did."""
    with services.scanner.watch(passing) as watched:
        stored = services.intake.store(watched, by=subject, size=passing.size)
        scan = watched.verdict()
    passing.require_same(stored)
    # A crash here leaves a locked object that no record names.
    now = services.clock()
    identifier = act(
        services, subject, lambda session: services.intake.keep(session, stored, at=now, scan=scan)
    )
    return UploadView(upload=identifier, size=stored.size, sha256=stored.sha256, scan=scan)


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
    where = {"Location": f"{RESUMABLE}/{row.id}", **expires(row.expires_at)}
    if length == 0:
        services.uploads.completed.set()
    if not is_offset_stream(request):
        return Response(status_code=HTTPStatus.CREATED, headers=where)
    answer = await append_body(request, services, subject, row.id, 0, upload_checksum)
    if answer.status_code == HTTPStatus.NO_CONTENT:
        answer.status_code = HTTPStatus.CREATED
    answer.headers.update(where)
    return answer


@router.head("/resumable/{resumable}", response_class=Response, summary="Ask where it stands")
def ask(resumable: UUID, services: UsesServices, subject: Uploads) -> Response:
    """Say how many bytes are safe: `Upload-Offset`. There the next request goes on."""
    row = act(services, subject, lambda s: services.uploads.find(s, resumable, by=subject))
    if row.state == UploadState.FAILED:
        raise HTTPException(HTTPStatus.GONE, row.words)
    headers = {"Upload-Offset": str(row.received), "Upload-Length": str(row.length)}
    if row.state == UploadState.OPEN:
        headers |= expires(row.expires_at)
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
    if not is_offset_stream(request):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send bytes as {OFFSET_STREAM}")
    return await append_body(request, services, subject, resumable, offset, upload_checksum)


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
        return resumable_view(row, kept_uploads(session, [row.upload]).get(row.upload))

    return act(services, subject, read)


def resumable_view(row: ResumableUploadRow, kept: UploadRow | None) -> ResumableView:
    """Return the view of a row, and of what is in the vault of it."""
    return ResumableView(
        id=row.id,
        name=row.name,
        length=row.length,
        received=row.received,
        state=UploadState(row.state),
        words=row.words,
        upload=row.upload,
        sha256=kept.sha256 if kept else None,
        scan=kept.scan if kept else None,
    )
