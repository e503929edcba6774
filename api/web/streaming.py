"""Edge. Stored objects as answers that browsers can play, seek in and go on with."""

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.web.ranges import Changed, Outside, Representation, Span, Unchanged, asked_for
from storage.objects import ObjectReader, ObjectStream, StoredObject


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
    return StreamingResponse(
        _chunks(stream), status_code=status, media_type=media_type, headers=headers
    )


def _chunks(stream: ObjectStream) -> Iterator[bytes]:
    """Yield the stream, and let go of it: a browser that seeks leaves most answers half read."""
    with stream:
        yield from stream
