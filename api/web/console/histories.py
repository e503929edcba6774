"""Edge. The custody history of an exhibit, a release or a request, in order, page by page."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.custody import Reads, shown_event
from api.web.console.places import record_path
from api.web.events import records_in, told_fields
from api.web.pages import page
from api.web.staff import Staff
from custody.formats.canonical import MAX_INTEGER
from evidence.exhibits.references import as_reference
from evidence.people.access import Action
from evidence.people.people import require

router = APIRouter(include_in_schema=False)
PAGE = 50
From = Annotated[int, Query(ge=0, le=MAX_INTEGER)]


@router.get("/console/exhibits/{name}/history")
def exhibit_history(
    request: Request,
    services: UsesServices,
    staff: Reads,
    name: str,
    start: From = 0,
) -> HTMLResponse:
    """Show the custody events of an exhibit."""

    def read(session: Session) -> HTMLResponse:
        row = services.exhibits.find(session, as_reference(name))
        return _history(request, services, session, staff, row.id, start)

    return act(services, staff.subject, read)


@router.get("/console/releases/{name}/history")
def release_history(
    request: Request,
    services: UsesServices,
    staff: Reads,
    name: str,
    start: From = 0,
) -> HTMLResponse:
    """Show the custody events of a release."""

    def read(session: Session) -> HTMLResponse:
        row = services.releases.find(session, name)
        return _history(request, services, session, staff, row.id, start)

    return act(services, staff.subject, read)


@router.get("/console/requests/{name}/history")
def request_history(
    request: Request,
    services: UsesServices,
    staff: Reads,
    name: str,
    start: From = 0,
) -> HTMLResponse:
    """Show the custody events of a request."""

    def read(session: Session) -> HTMLResponse:
        row = services.requests.find(session, name)
        return _history(request, services, session, staff, row.id, start)

    return act(services, staff.subject, read)


def _history(
    request: Request,
    services: Services,
    session: Session,
    staff: Staff,
    record: UUID,
    start: int,
) -> HTMLResponse:
    require(Action.READ_CUSTODY, staff.subject)
    found = services.histories.of(session, record, start=start, most=PAGE + 1)
    rows, more = found[:PAGE], len(found) > PAGE
    told = services.histories.tell(session, rows)
    wanted = {record}.union(*(records_in(one, told[one.id]) for one in rows))
    named = services.search.named(session, wanted)
    shown = [
        shown_event(one, named, tuple(told_fields(one.event, told[one.id], named))) for one in rows
    ]
    about = named[record]
    history = f"{record_path(about)}/history"
    return page(
        request,
        "console/history.html",
        staff=staff,
        about=about,
        rows=shown,
        earlier=f"{history}?start={max(0, start - PAGE)}" if start else "",
        later=f"{history}?start={start + PAGE}" if more else "",
    )
