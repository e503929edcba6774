"""Edge. The HTTP application: routes over the services, and how the machine asks if all is well."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import cache, partial

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from api import errors
from api.bounds import lanes
from api.bounds.guard import HEALTH, Guard
from api.demonstration.standins import pay_of
from api.depends import UsesServices, known_query
from api.health import OK
from api.routes import cameras, correspondence, exhibits, releases, remedies, requests, tus, uploads
from api.routes import departures as packages
from api.routes.callbacks import notify, pay
from api.routes.desk import decisions as desk_decisions
from api.routes.desk import footage as desk_footage
from api.routes.desk import links as desk_links
from api.routes.desk import log as desk_log
from api.routes.desk import statistics as desk_statistics
from api.routes.finance import accounts
from api.routes.systems import filings, webhooks
from api.routes.systems import lists as request_lists
from api.routes.systems import papers as own_papers
from api.services import Services
from api.web import assets
from api.web.collect import collection as collect
from api.web.collect import downloads, gate
from api.web.collect import feedback as answering
from api.web.collect.limiter import Limiter
from api.web.console import custody as console_custody
from api.web.console import (
    disposals,
    extract,
    histories,
    masters,
    register,
    statistics,
    whole,
)
from api.web.console import home as console_home
from api.web.console.accounts import pages as console_accounts
from api.web.console.accounts import statements
from api.web.console.cameras import lists as camera_lists
from api.web.console.cameras import pages as console_cameras
from api.web.console.exhibits import additions, clock, corrections, reviews
from api.web.console.exhibits import pages as console_exhibits
from api.web.console.exhibits import remedies as exhibit_remedies
from api.web.console.fees import differences
from api.web.console.fees import pages as console_fees
from api.web.console.intake import files as intake_files
from api.web.console.intake import pages as intake
from api.web.console.releases import decisions as deciding
from api.web.console.releases import departures
from api.web.console.releases import pages as console_releases
from api.web.console.releases import proposals as proposing
from api.web.console.releases import withdrawals as withdrawing
from api.web.console.requests import coverage, footage, links, queue
from api.web.console.requests import decisions as request_decisions
from api.web.console.requests import messages as request_messages
from api.web.console.requests import pages as console_requests
from api.web.console.requests.documents import pages as request_documents
from api.web.console.requests.documents import wanted
from api.web.public import cameras as public_cameras
from api.web.public import information, log, mailbox, signin, start, transparency
from api.web.public import pay as paying
from api.web.public.requests import account as invoicing
from api.web.public.requests import check, feedback, proof, several
from api.web.public.requests import form as asking
from api.web.public.requests import messages as own_messages
from api.web.public.requests import status as looking_after
from api.web.public.requests.documents import pages as documents
from storage.version import version

_DESCRIPTION = (
    "Packages CCTV evidence and proves its chain of custody. Every call is made with an API token "
    "that speaks for one subject; every refusal is an event in the custody ledger."
)

_CALLS = (
    *(uploads.router, exhibits.router, remedies.router, releases.router, packages.router),
    # "own" comes before numbers of requests.
    *(cameras.router, filings.router, own_papers.router, request_lists.router, webhooks.router),
    *(requests.router, desk_decisions.router, desk_footage.router, desk_links.router),
    *(desk_statistics.router, desk_log.router),
    *(correspondence.router, accounts.router, notify.router, pay.router),
)
"""What machines call."""
_ASKING = (
    asking.router,
    proof.router,
    check.router,
    documents.router,
    several.router,
    looking_after.router,
    looking_after.paced,
    own_messages.router,
    invoicing.router,
    feedback.router,
)
"""The pages of whoever asks for footage."""
_CAMERAS = (camera_lists.router, console_cameras.router)
"""“import” comes before identifiers of cameras."""
_QUEUE = (
    *(queue.router, console_requests.router, request_decisions.router),
    *(footage.router, coverage.router, links.router),
    *(request_documents.router, wanted.router, request_messages.router),
)
"""The control room's pages about that."""
_EVERYWHERE = (Depends(known_query),)
"""What every call depends on."""


def create_app(
    services: Services, *, beside: AbstractContextManager[object] | None = None
) -> FastAPI:
    """Return the application over ``services``; ``beside`` works as long as it answers."""
    about = _DESCRIPTION
    if services.demonstration:
        about = f"DEMONSTRATION: what this makes is no evidence. {about}"
    app = FastAPI(
        title="Custos",
        version=version(),
        description=about,
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # served below, as every other route is
        lifespan=_working,
        dependencies=list(_EVERYWHERE),
        redirect_slashes=False,  # it would lead to whatever host a request names
        form_limits={"max_files": 0},  # what takes files says how many
    )
    app.state.services = services
    app.state.beside = nullcontext() if beside is None else beside
    app.state.limiter = Limiter()
    errors.install(app)
    app.add_middleware(tus.Tus)
    app.add_middleware(
        Guard,
        streamed=(
            *(uploads.UPLOADS, tus.RESUMABLE, intake_files.FILES),
            *(*documents.STREAMED, own_papers.STREAMED),
        ),
        store=services.settings.s3_public_url,
        payments=pay_of(services.settings).pages,
        tiles=services.council.streets.origin,
        mapped=public_cameras.MAPPED,
        secure=services.settings.secure,
    )
    app.router.routes.extend(_routes())
    app.add_api_route("/openapi.json", partial(description, app), include_in_schema=False)
    app.add_api_route(HEALTH, healthz, tags=["health"], summary="Is this process alive?")
    app.add_api_route(
        "/readyz",
        readyz,
        tags=["health"],
        summary="Is each engine well?",
        response_model=dict[str, str],
        responses={503: {"description": "At least one is not; the log of this process says why"}},
    )
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return every route, in the order in which addresses are compared.

    They know no application, and are the same for each: what FastAPI works out of a route when it
    is first asked for takes a fifth of a second for all of them.
    """
    every = APIRouter(dependencies=list(_EVERYWHERE))
    for router in _CALLS:
        every.include_router(router, responses=errors.RESPONSES)
    every.include_router(assets.router)
    every.include_router(log.router)
    # What is past the code stands first: its addresses are no tokens.
    for router in (collect.router, answering.router, downloads.router, gate.router, gate.paced):
        every.include_router(router)
    for router in (start.router, signin.router, mailbox.router, public_cameras.router, *_ASKING):
        every.include_router(router)
    every.include_router(paying.router)
    # "differences" comes before names of fees.
    for router in (differences.router, console_fees.router):
        every.include_router(router)
    for router in (statements.router, console_accounts.router, disposals.router):
        every.include_router(router)
    # "new" comes before names of releases.
    for router in (proposing.router, console_releases.router, deciding.router):
        every.include_router(router)
    for router in (withdrawing.router, departures.router, *_QUEUE, *_CAMERAS):
        every.include_router(router)
    every.include_router(public_cameras.paced)
    every.include_router(register.router)
    every.include_router(statistics.router)
    every.include_router(masters.router)
    every.include_router(information.router)
    every.include_router(transparency.router)
    every.include_router(console_home.router)
    for router in (extract.router, console_custody.router, histories.router, whole.router):
        every.include_router(router)
    for router in (intake.router, intake_files.router, intake_files.plain):
        every.include_router(router)
    every.include_router(additions.router)
    every.include_router(clock.router)
    every.include_router(corrections.router)
    every.include_router(reviews.router)
    # After all others: a page of one exhibit answers for any name.
    every.include_router(exhibit_remedies.router)
    every.include_router(console_exhibits.router)
    return tuple(every.routes)


@asynccontextmanager
async def _working(app: FastAPI) -> AsyncIterator[None]:
    """Do beside the answers what belongs to this process."""
    beside = app.state.beside
    await run_in_threadpool(beside.__enter__)
    try:
        yield
    finally:
        await run_in_threadpool(beside.__exit__, None, None, None)


def description(app: FastAPI) -> JSONResponse:
    """Return what the service says of itself."""
    return JSONResponse(app.openapi())


async def healthz() -> dict[str, str]:
    """Say that this process answers: by the loop itself, without a thread or an engine."""
    return {"web": OK}


async def readyz(services: UsesServices) -> JSONResponse:
    """Say of each engine and process whether it is well; 503 if one is not. The log says why."""
    with lanes.HEALTH.place():
        report = {"web": OK, **await lanes.HEALTH.run(services.health.public)}
    well = all(words == OK for words in report.values())
    if services.demonstration:
        report["demonstration"] = "yes: what this makes is no evidence"
    return JSONResponse(report, status_code=200 if well else 503)
