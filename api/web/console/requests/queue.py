"""Edge. The queue of requests: what is overwritten next stands first, and is drawn so."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.web.console.places import list_address, page_address
from api.web.console.requests.drawing import footage_clock
from api.web.console.requests.pages import LIST, Shows
from api.web.console.requests.words import GROUPS
from api.web.pages import page
from api.web.public.requests.words import PATHS, STATE_TAGS
from evidence.paging import Page, parse_cursor
from evidence.requests.states import Path
from export.desk.asked.queue import RequestGroup, WantedRequests
from export.desk.requests import ListedRequest

router = APIRouter(include_in_schema=False)
PAGE = 20
MINE = "me"
Text = Annotated[str, Query(max_length=200)]


@router.get("/console/requests")
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    show: Text = "",
    q: Text = "",
    path: Text = "",
    who: Text = "",
    cursor: Text = "",
) -> Response:
    """Show a page of the queue, what is overwritten next first."""
    asked = {"q": q, "path": path if path in set(Path) else "", "who": who if who == MINE else ""}
    fallback = RequestGroup.OPEN if any(asked.values()) else RequestGroup.PRESERVE
    group = RequestGroup(show) if show in set(RequestGroup) else fallback
    place, at = parse_cursor(cursor), services.clock()
    wanted = WantedRequests(
        words=q,
        path=Path(asked["path"]) if asked["path"] else None,
        by=staff.subject.person if asked["who"] else None,
    )

    def read(session: Session) -> tuple[Page[ListedRequest], Mapping[RequestGroup, int]]:
        lists, by = services.request_list, staff.subject
        found = lists.page(session, group, wanted=wanted, by=by, at=at, cursor=place, most=PAGE)
        return found, lists.counts(session, wanted=wanted, by=by, at=at)

    found, counts = act(services, staff.subject, read)
    days = services.council.retention_days
    return page(
        request,
        "console/requests.html",
        staff=staff,
        requests=[(one, footage_clock(one, at, days)) for one in found.rows],
        found=counts[group],
        group=group,
        groups=[
            (one, words, list_address(LIST, {"show": one.value, **asked}), counts[one])
            for one, words in GROUPS.items()
        ],
        asked=asked,
        shown=show if show in set(RequestGroup) else "",
        earlier=page_address(LIST, {"show": group.value, **asked}, found.newer),
        later=page_address(LIST, {"show": group.value, **asked}, found.older),
        paths=PATHS,
        tags=STATE_TAGS,
    )
