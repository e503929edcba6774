"""Edge. tus 1.0.0: what it asks of every request and answer, and the bytes that come with one.

Core, creation, creation-with-upload, checksum, expiration and termination. Bodies are read by
`async` functions, unlike everywhere else: a slow sender holds a connection and a buffer, and no
thread. What touches disk or database runs in a thread all the same.
"""

from datetime import datetime
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bounds import lanes
from api.routes.body import CUT_OFF, pieces
from api.services import Services
from evidence.people.access import Subject
from export.intake.incoming import ChecksumError, Incoming
from export.intake.tus import CHECKSUMS, parse_checksum, parse_length
from export.intake.uploads import MOST_BYTES

RESUMABLE = "/api/v1/resumable"
VERSION = "1.0.0"
OFFSET_STREAM = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
_CHECKSUM_MISMATCH = 460  # tus has its own status, which HTTPStatus does not know


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


async def append_body(
    request: Request,
    services: Services,
    subject: Subject,
    upload: UUID,
    offset: int,
    checksum: str | None,
) -> Response:
    """Append the body of a request at ``offset``; answer with where the upload stands now."""
    announced = request.headers.get("content-length")
    wanted = parse_checksum(checksum) if checksum else None
    length = None if announced is None else parse_length("Content-Length", announced)

    def begin() -> Incoming:
        return services.uploads.append(
            upload, offset, announced=length, checksum=wanted, by=subject, at=services.clock()
        )

    with lanes.UPLOADS.place():
        incoming = await lanes.UPLOADS.run(begin)
        try:
            received = await _receive(request, incoming)
        except ChecksumError as wrong:
            return Response(str(wrong), status_code=_CHECKSUM_MISMATCH, media_type="text/plain")
        finally:
            incoming.close()
    headers = {"Upload-Offset": str(received), **expires(incoming.expires_at)}
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


async def _receive(request: Request, incoming: Incoming) -> int:
    """Write the body of a request as it comes; return how many bytes the upload has then.

    A sender that stops is gone: what came is kept, and it may go on.
    """
    cut_off = False
    try:
        async for piece in pieces(request):
            await lanes.UPLOADS.run(incoming.write, piece)
    except CUT_OFF:
        cut_off = True
    return await lanes.UPLOADS.run(partial(incoming.finish, cut_off=cut_off))


def is_offset_stream(request: Request) -> bool:
    """Tell whether the body of a request is bytes of an upload."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == OFFSET_STREAM


def expires(at: datetime) -> dict[str, str]:
    """Return when an unfinished upload is forgotten, as RFC 9110 writes times."""
    return {"Upload-Expires": format_datetime(at, usegmt=True)}
