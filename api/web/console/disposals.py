"""Edge. Disposals of exhibits: the list, and the certificate of each that is done."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.acts import act
from api.depends import UsesServices
from api.web.console.places import page_address
from api.web.pages import page
from api.web.staff import Staff, allowed
from evidence.paging import parse_cursor
from evidence.people.access import Action

router = APIRouter(include_in_schema=False)
LIST = "/console/disposals"
PAGE = 25
Shows = Annotated[Staff, allowed(Action.SHOW_EXHIBIT)]
Text = Annotated[str, Query(max_length=200)]


@router.get(LIST)
def listed(request: Request, services: UsesServices, staff: Shows, cursor: Text = "") -> Response:
    """Show a page of the disposals."""
    lists, by, at = services.disposal_list, staff.subject, parse_cursor(cursor)
    found = act(services, by, lambda s: lists.page(s, by=by, cursor=at, most=PAGE))
    return page(
        request,
        "console/disposals.html",
        staff=staff,
        disposals=found.rows,
        newer=page_address(LIST, {}, found.newer),
        older=page_address(LIST, {}, found.older),
    )


@router.get(f"{LIST}/{{disposal}}/certificate.json")
def certificate(services: UsesServices, staff: Shows, disposal: UUID) -> Response:
    """Return the certificate of a disposal, as it was written."""
    by, disposals = staff.subject, services.disposals
    data = act(services, by, lambda s: disposals.certificate(s, str(disposal), by=by))
    name = f"disposal-{disposal}.json"
    return Response(
        data,
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
