"""Edge. The first page: what this is, where staff sign in, and what a demonstration offers."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.demonstration.standins import ACTORS
from api.depends import ANY_QUERY
from api.web.pages import page
from api.web.staff import MaybeStaff

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])


@router.get("/")
def start(request: Request, staff: MaybeStaff) -> HTMLResponse:
    """Say what this is."""
    return page(request, "start.html", staff=staff, actors=ACTORS)
