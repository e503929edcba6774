"""Edge. The package on its way to its recipient: a stable address that answers Range.

The address is bound to the cookie and good for as long as the collection is; each request there
asks anew whether link and collection still stand, and so does each stream that is under way.
docs/adr/0009-downloads.md says when it leads to the object store instead of streaming through us.
"""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.depends import ANY_QUERY, UsesServices
from api.streams.answers import answer
from api.streams.outgoing import Outgoing, outgoing_package
from api.web.collect.collection import Sends, address, closed
from api.web.collect.gate import cookie_name
from api.web.pages import page
from evidence.errors import StateError
from export.delivery.collections import HeldBackError
from storage.errors import UnavailableError

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])


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
        download = services.collections.authorise(session, who.secret, at=services.clock())
    # A crash or a lost answer here costs nothing: the page finds the download that is there.
    return _to(address(download.id, it.package.name))


@router.api_route("/collect/download/{download}/{name}", methods=["GET", "HEAD"])
async def fetch(request: Request, services: UsesServices, download: str, name: str) -> Response:
    """Give the package, or the range of it that is asked for (RFC 9110, section 14)."""
    secret, authorised = request.cookies.get(cookie_name(services), ""), _download(download)

    def find() -> Outgoing:
        with services.transaction() as session:
            package = services.collections.package(session, secret, authorised, at=services.clock())
        if name != package.name:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return outgoing_package(package)

    def record(resumed: bool) -> None:
        with services.transaction() as session:
            services.collections.begin(
                session, secret, authorised, at=services.clock(), resumed=resumed
            )

    leads = bool(services.settings.s3_public_url)
    try:
        return await answer(
            request, services.vault, find, clock=services.clock, record=record, leads=leads
        )
    except HeldBackError:
        raise  # a page of its own says so
    except StateError:
        return await run_in_threadpool(closed, request, services)
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


def _away(request: Request) -> Response:
    """Say that the store does not answer; what was authorised stays so."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return page(request, "collect/away.html", status=status, headers={"Retry-After": "30"})


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
