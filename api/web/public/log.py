"""Edge. The public log (C2SP tlog-tiles): read by anybody, without an account, from any page.

What is read comes from the database, by the functions that publish it: the bytes are those of the
log's bucket, and a stranger has no business with the store.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from api.bounds import lanes
from api.builders.record.log import FOREVER
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from custody.errors import FormatError
from custody.ledger.publication.stored import StoredLog
from custody.tree.tiles import parse_tile

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
_GET = ["GET", "HEAD"]
_TILE = "application/octet-stream"
_NOTE = "text/plain; charset=utf-8"
_TAG_DIGITS = 32
_NOT_THERE = (
    "This log has no such object. It has checkpoint, and tile/ with the names of C2SP tlog-tiles, "
    "up to the size that its checkpoint says.\n"
)
Known = Annotated[str, Header(alias="If-None-Match", max_length=2000)]


_CORS = {
    # Pages of auditors, wherever they are served from, may read what everybody may.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
}


@router.api_route("/log/checkpoint", methods=_GET)
async def checkpoint(services: UsesServices, known: Known = "") -> Response:
    """Return the newest signed checkpoint; whoever keeps it asks each time whether it is still."""
    data = await _read(services, lambda log: log.checkpoint() if log.size else None)
    return _answer(data, known, kind=_NOTE, keep="no-cache")


@router.api_route("/log/{name:path}", methods=_GET)
async def tile(request: Request, services: UsesServices, known: Known = "") -> Response:
    """Return a tile or a bundle by its one name; none of them ever changes."""
    # The whole of what was asked for: a route's pattern overlooks a line's end.
    name = str(request.scope["path"]).removeprefix("/log/")
    try:
        wanted = parse_tile(name)
    except FormatError:
        return _answer(None, known, kind=_TILE, keep=FOREVER)
    data = await _read(services, lambda log: log.read(wanted) if log.has(wanted) else None)
    return _answer(data, known, kind=_TILE, keep=FOREVER)


async def _read(services: Services, read: Callable[[StoredLog], bytes | None]) -> bytes | None:
    def work() -> bytes | None:
        with services.transaction() as session:
            return read(StoredLog(session))

    with lanes.LOG.place():
        return await lanes.LOG.run(work)


def _answer(data: bytes | None, known: str, *, kind: str, keep: str) -> Response:
    if data is None:
        return Response(_NOT_THERE, status_code=404, media_type=_NOTE, headers=_CORS)
    tag = f'"{hashlib.sha256(data).hexdigest()[:_TAG_DIGITS]}"'
    headers = {**_CORS, "Cache-Control": keep, "ETag": tag}
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    if tag in tags or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)
