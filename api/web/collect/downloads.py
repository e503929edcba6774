"""Edge. The package on its way out: a stable address that answers Range.

The address is bound to the cookie and good for as long as the collection is; each request there
asks anew whether link and collection still stand. docs/adr/0009-downloads.md says when it leads
to the object store instead of streaming through us.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Self
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from api.depends import UsesServices
from api.streams.answers import FileStream
from api.streams.ranges import Changed, Outside, Representation, Span, Unchanged, Whole, asked_for
from api.web.collect.collection import Sends, address, closed
from api.web.collect.gate import cookie_name
from api.web.pages import page
from api.wiring import Services
from evidence.errors import StateError
from export.delivery.packages import Package
from storage.errors import UnavailableError
from storage.objects.store import ObjectStream

router = APIRouter(include_in_schema=False)
PRESIGNED_S = 60
LOOK_AGAIN_S = 20.0
"""How long a download that is under way goes on after its link was withdrawn, at most."""
_ZIP = "application/zip"


class Watched(Iterator[bytes]):
    """A stream that asks now and then whether it may still go on. Closing it closes the source."""

    def __init__(
        self,
        source: ObjectStream,
        still: Callable[[], object],
        *,
        every: float = LOOK_AGAIN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._still, self._every, self._clock = source, still, every, clock
        self._looked = clock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._clock() - self._looked > self._every:
            self._still()
            self._looked = self._clock()
        return next(self._source)

    def close(self) -> None:
        """Let go of the connection to the store."""
        self._source.close()


@router.post("/collect/download")
def authorise(request: Request, services: UsesServices, who: Sends) -> Response:
    """Authorise a download, once a collection, and lead to its address."""
    if who is None:
        return closed(request, services)
    it = who.collected
    if it.downloads:
        # Beginning again is no new download: the same person, in the same browser.
        return _to(address(it.downloads[-1], it.package.name))
    with services.transaction() as session:
        download = services.links.authorise(session, who.secret, at=services.clock())
    # A crash or a lost answer here costs nothing: the page finds the download that is there.
    return _to(address(download.id, it.package.name))


@router.api_route("/collect/download/{download}/{name}", methods=["GET", "HEAD"])
def fetch(request: Request, services: UsesServices, download: str, name: str) -> Response:
    """Give the package, or the range of it that is asked for (RFC 9110, section 14)."""
    secret = request.cookies.get(cookie_name(services), "")
    look = partial(_package, services, secret, _download(download))
    try:
        package = look()
    except StateError:
        return closed(request, services)
    if name != package.name:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    held = Representation(f'"{package.sha256}"', package.made_at, package.size)
    asked = asked_for(request.method, request.headers, held)
    headers = _headers(package, held)
    if not isinstance(asked, Whole | Span):
        return _nothing(asked, package, headers)
    if request.method == "HEAD":
        headers["Content-Length"] = str(package.size)
        return Response(headers=headers, media_type=_ZIP)
    # A client that resumes here may follow no redirect: ranges always come from us.
    if isinstance(asked, Whole) and services.settings.s3_public_url:
        return RedirectResponse(_presigned(services, package), HTTPStatus.FOUND)
    try:
        return _stream(services, package, asked, look, headers)
    except UnavailableError:
        return _away(request)


def _download(text: str) -> UUID:
    """Read the name of a download, in the one way that we write it."""
    try:
        download = UUID(text)
    except ValueError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None
    if str(download) != text:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return download


def _package(services: Services, secret: str, download: UUID) -> Package:
    """Return what this browser may fetch at this moment."""
    with services.transaction() as session:
        return services.links.package(session, secret, download, at=services.clock())


def _headers(package: Package, held: Representation) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        # Whoever compresses or keeps it on the way breaks ranges, digests or privacy.
        "Cache-Control": "no-store, no-transform",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(package.name, safe='')}",
        "ETag": held.etag,
        "Last-Modified": held.last_modified,
        "Repr-Digest": f"sha-256=:{package.digest_base64}:",
        # A proxy that wrote ten gigabytes to its disk first would look like a download that hangs.
        "X-Accel-Buffering": "no",
    }


def _nothing(
    asked: Outside | Unchanged | Changed, package: Package, headers: dict[str, str]
) -> Response:
    """Answer a request that gets no bytes of it."""
    status = HTTPStatus.PRECONDITION_FAILED
    if isinstance(asked, Outside):
        headers["Content-Range"] = f"bytes */{package.size}"
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    elif isinstance(asked, Unchanged):
        status = HTTPStatus.NOT_MODIFIED
    return Response(status_code=status, headers=headers)


def _presigned(services: Services, package: Package) -> str:
    """Return an address at the object store that gives this package and dies in a minute."""
    return services.vault.presign(
        package.key, package.version, seconds=PRESIGNED_S, filename=package.name
    )


def _stream(
    services: Services,
    package: Package,
    asked: Whole | Span,
    still: Callable[[], object],
    headers: dict[str, str],
) -> Response:
    """Open the object, which fails before anything is promised, and stream it."""
    services.vault.check()  # asks once: a person should not wait for a minute to be told
    span = asked if isinstance(asked, Span) else Span(0, package.size)
    source = services.vault.open(package.key, package.version, start=span.start, length=span.length)
    headers["Content-Length"] = str(span.length)
    status = HTTPStatus.OK
    if isinstance(asked, Span):
        last = span.start + span.length - 1
        headers["Content-Range"] = f"bytes {span.start}-{last}/{package.size}"
        status = HTTPStatus.PARTIAL_CONTENT
    return FileStream(Watched(source, still), status, headers, media_type=_ZIP)


def _away(request: Request) -> Response:
    """Say that the store does not answer; what was authorised stays so."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return page(request, "collect/away.html", status=status, headers={"Retry-After": "30"})


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
