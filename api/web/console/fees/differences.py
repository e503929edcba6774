"""Edge. What does not agree with the payment provider: the list, one of them, and its settling."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.fees.pages import PAGE, Shows
from api.web.console.fees.words import DIFFERENCES, DONE
from api.web.console.places import list_address, page_address
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.staff import Staff, sends
from evidence.errors import InvalidError, StateError
from evidence.fees.tables import DifferenceRow
from evidence.paging import Page, parse_cursor
from evidence.people.access import Action
from evidence.people.people import names_of

router = APIRouter(include_in_schema=False)
LIST = "/console/fees/differences"
SETTLED = "settled"
Text = Annotated[str, Query(max_length=200)]


@router.get(LIST)
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    show: Text = "",
    cursor: Text = "",
    done: Text = "",
) -> Response:
    """Show a page of what differs, or of what was settled."""
    settled, at = show == SETTLED, parse_cursor(cursor)
    lists, by = services.fee_list, staff.subject

    def read(session: Session) -> dict[str, Any]:
        found: Page[DifferenceRow] = lists.differences(
            session, settled=settled, by=by, cursor=at, most=PAGE
        )
        return {
            "rows": found.rows,
            "names": names_of(session, (row.settled_by for row in found.rows)),
            "day": lists.compared(session),
            "waiting": lists.waiting(session),
            "newer": page_address(LIST, {"show": show if settled else ""}, found.newer),
            "older": page_address(LIST, {"show": show if settled else ""}, found.older),
        }

    return page(
        request,
        "console/differences.html",
        staff=staff,
        settled=settled,
        words=DIFFERENCES,
        done=DONE.get(done, ""),
        groups=[(False, "Open", LIST), (True, "Settled", list_address(LIST, {"show": SETTLED}))],
        **act(services, by, read),
    )


@router.get(f"{LIST}/{{difference}}")
def shown(request: Request, services: UsesServices, staff: Shows, difference: UUID) -> Response:
    """Show one difference, and ask how it was dealt with."""
    return _show(request, services, staff, difference, "", {})


@router.post(f"{LIST}/{{difference}}")
def settle(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.SETTLE_DIFFERENCE)],
    difference: UUID,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Say that it is dealt with."""

    def work(session: Session) -> None:
        services.differences.settle(
            session, difference, by=staff.subject, at=services.clock(), reason=lines(reason)
        )

    try:
        act(services, staff.subject, work)
    except InvalidError as error:
        words = sentence(error) if reason.strip() else "Enter how it was dealt with"
        return _show(request, services, staff, difference, reason, {"reason": words})
    except StateError:
        pass  # somebody was faster: the page tells who
    return RedirectResponse(f"{LIST}?done=settled", HTTPStatus.SEE_OTHER)


def _show(
    request: Request,
    services: Services,
    staff: Staff,
    difference: UUID,
    reason: str,
    errors: Mapping[str, str],
) -> Response:
    by = staff.subject

    def read(session: Session) -> dict[str, Any]:
        row = services.fee_list.difference(session, difference, by=by)
        return {"row": row, "names": names_of(session, [row.settled_by])}

    return page(
        request,
        "console/difference.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        words=DIFFERENCES,
        typed={"reason": reason},
        errors=errors,
        **act(services, by, read),
    )
