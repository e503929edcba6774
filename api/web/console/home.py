"""Edge. The first page after the sign-in: what waits for whoever looks."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.depends import UsesServices
from api.web.console.fees.words import DIFFERENCES
from api.web.pages import page
from api.web.staff import Staff, allowed
from evidence.people.access import Action
from export.desk.inbox import desk_of

router = APIRouter(include_in_schema=False)


@router.get("/console")
def home(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.USE_CONSOLE)],
) -> HTMLResponse:
    """Show what waits."""
    with services.transaction() as session:
        desk = desk_of(session, staff.subject, services.clock(), services.due_reviews)
        return page(request, "console/home.html", staff=staff, desk=desk, differences=DIFFERENCES)
