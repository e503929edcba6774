"""Edge. Stored objects as answers that browsers can play, seek in and go on with."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

import anyio
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.streams.ranges import Changed, Outside, Representation, Span, Unchanged, asked_for
from evidence.errors import EvidenceError
from storage.errors import StorageError
from storage.objects.store import ObjectReader, StoredObject

_log = logging.getLogger("custos.web")


class Closing(Protocol):
    """A stream of bytes that holds a connection until it is closed."""

    def __iter__(self) -> Iterator[bytes]:
        """Return the bytes."""

    def close(self) -> None:
        """Let go of the connection."""


class FileStream(StreamingResponse):
    """A stream that is closed whatever ends it: its end, an error, or a browser that went away."""

    def __init__(
        self, stream: Closing, status: HTTPStatus, headers: Mapping[str, str], *, media_type: str
    ) -> None:
        super().__init__(stream, status, headers, media_type=media_type)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        except (EvidenceError, StorageError) as error:
            # The headers have left: all that can be done is to end too early, so that the browser
            # sees it and asks for the rest. The next request is told why.
            _log.warning("a download was cut: %s", type(error).__name__)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._stream.close)


def streamed(
    request: Request,
    store: ObjectReader,
    stored: StoredObject,
    *,
    media_type: str,
    modified: datetime,
) -> Response:
    """Return an object, or the part of it that was asked for, in constant memory.

    The store is asked before the answer begins: what it does not have is no half answer.
    """
    held = Representation(f'"{stored.sha256}"', modified, stored.size)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "ETag": held.etag,
        "Last-Modified": held.last_modified,
    }
    asked = asked_for(request.method, request.headers, held)
    if isinstance(asked, Outside):
        headers["Content-Range"] = f"bytes */{held.size}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    if isinstance(asked, Changed | Unchanged):
        changed = isinstance(asked, Changed)
        status = HTTPStatus.PRECONDITION_FAILED if changed else HTTPStatus.NOT_MODIFIED
        return Response(status_code=status, headers=headers)
    part, status = Span(0, held.size), HTTPStatus.OK
    if isinstance(asked, Span):
        part, status = asked, HTTPStatus.PARTIAL_CONTENT
        last = part.start + part.length - 1
        headers["Content-Range"] = f"bytes {part.start}-{last}/{held.size}"
    headers["Content-Length"] = str(part.length)
    stream = store.open(stored.key, stored.version, start=part.start, length=part.length)
    return FileStream(stream, status, headers, media_type=media_type)
