"""Edge. The HTTP application: routes over the services, and how the machine asks if all is well."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from api import errors
from api.depends import UsesServices
from api.guard import Guard
from api.health import OK
from api.routes import exhibits, releases
from api.web import assets
from api.wiring import Services

_DESCRIPTION = (
    "Packages CCTV evidence and proves its chain of custody. Every call is made with an API token "
    "that speaks for one subject; every refusal is an event in the custody ledger."
)


def create_app(services: Services) -> FastAPI:
    """Return the application over ``services``."""
    about = _DESCRIPTION
    if services.demonstration:
        about = f"DEMONSTRATION: what this makes is no evidence. {about}"
    app = FastAPI(
        title="Custos",
        version=version("custos"),
        description=about,
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
    )
    app.state.services = services
    errors.install(app)
    app.add_middleware(
        Guard,
        streamed=(exhibits.UPLOADS,),
        store=services.settings.s3_public_url,
        secure=services.settings.secure,
    )
    app.include_router(exhibits.router, responses=errors.RESPONSES)
    app.include_router(releases.router, responses=errors.RESPONSES)
    app.include_router(assets.router)
    app.add_api_route("/healthz", healthz, tags=["health"], summary="Is this process alive?")
    app.add_api_route(
        "/readyz",
        readyz,
        tags=["health"],
        summary="Is each engine well?",
        response_model=dict[str, str],
        responses={503: {"description": "At least one is not; the sentences say which and why"}},
    )
    return app


def healthz() -> dict[str, str]:
    """Say that this process answers."""
    return {"web": OK}


def readyz(services: UsesServices) -> JSONResponse:
    """Say of each engine and process whether it is well; 503 if one is not."""
    report = {"web": OK, **services.health.report()}
    well = all(words == OK for words in report.values())
    if services.demonstration:
        report["demonstration"] = "yes: what this makes is no evidence"
    return JSONResponse(report, status_code=200 if well else 503)
