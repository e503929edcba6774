"""Edge. Masters: when the files of each exhibit were last read and compared with their digests."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.web.console.places import exhibit_path, list_address, page_address
from api.web.pages import page
from api.web.staff import Staff, allowed
from evidence.paging import parse_cursor
from evidence.people.access import Action
from export.desk.masters import MasterGroup

router = APIRouter(include_in_schema=False)
MASTERS = "/console/masters"
PAGE = 50
_WORDS = {
    MasterGroup.ALL: "All",
    MasterGroup.OVERDUE: "Overdue",
    MasterGroup.DAMAGED: "Not as they were stored",
}
Shows = Annotated[Staff, allowed(Action.SHOW_EXHIBIT)]
Text = Annotated[str, Query(max_length=200)]


@router.get(MASTERS)
def listed(
    request: Request, services: UsesServices, staff: Shows, show: Text = "", cursor: Text = ""
) -> Response:
    """Show a page of exhibits, what was read longest ago first."""
    group = MasterGroup(show) if show in tuple(MasterGroup) else MasterGroup.ALL
    place, at, by, lists = (
        parse_cursor(cursor),
        services.clock(),
        staff.subject,
        services.master_list,
    )

    def read(session: Session) -> dict[str, Any]:
        found = lists.page(session, group, by=by, at=at, cursor=place, most=PAGE)
        return {
            "rows": found.rows,
            "figures": lists.figures(session, by=by, at=at),
            "above": page_address(MASTERS, {"show": group}, found.newer),
            "below": page_address(MASTERS, {"show": group}, found.older),
        }

    return page(
        request,
        "console/masters.html",
        staff=staff,
        days=lists.days,
        group=group,
        groups=[
            (one, words, list_address(MASTERS, {"show": one})) for one, words in _WORDS.items()
        ],
        path_of=exhibit_path,
        **act(services, by, read),
    )
