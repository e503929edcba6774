"""Edge. Styles, scripts and pictures of the pages: ours, from this host, and nobody else's."""

import mimetypes
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from api.depends import ANY_QUERY, UsesServices
from api.web.pages import STATIC

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@router.get("/static/council.css")
def council(services: UsesServices) -> Response:
    """Return the council's own colours."""
    css = f":root{{--council:{services.council.colour}}}\n"
    return Response(css, media_type="text/css", headers={"Cache-Control": "max-age=300"})


@router.get("/static/{name:path}")
def asset(
    name: Annotated[str, Path(pattern=r"^(vendor/)?[a-z0-9.-]+$")],
    v: Annotated[str, Query(max_length=20)] = "",
) -> FileResponse:
    """Return a static file; one that is asked for by its digest may be kept for ever."""
    path = STATIC / name
    if not path.is_file():
        raise HTTPException(404)
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0]
    keep = _FOREVER if v else "max-age=300"
    return FileResponse(path, media_type=kind, headers={"Cache-Control": keep})
