"""Edge. Fees: the list, one of them with all that became of it, and giving money back."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.fees.words import DIFFERENCES, DONE, GROUPS
from api.web.console.places import list_address, page_address
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError
from evidence.fees.prices import parse_pounds, pounds
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from evidence.paging import Page, parse_cursor
from evidence.people.access import Action
from export.desk.fees import ShownFee

router = APIRouter(include_in_schema=False)
LIST = "/console/fees"
PAGE = 25
Shows = Annotated[Staff, allowed(Action.SHOW_FEES)]
Text = Annotated[str, Query(max_length=200)]
Words = Annotated[str, Form()]


@router.get(LIST)
def listed(
    request: Request,
    services: UsesServices,
    staff: Shows,
    show: Text = "",
    q: Text = "",
    cursor: Text = "",
) -> Response:
    """Show a page of the fees."""
    state, at = FeeState(show) if show in set(FeeState) else None, parse_cursor(cursor)

    def read(session: Session) -> tuple[Page[FeeRow], Mapping[FeeState | None, int]]:
        lists, by = services.fee_list, staff.subject
        found = lists.page(session, state, urn=q, by=by, cursor=at, most=PAGE)
        return found, lists.counts(session, urn=q, by=by)

    found, counts = act(services, staff.subject, read)
    asked = {"show": state or "", "q": q}
    return page(
        request,
        "console/fees.html",
        staff=staff,
        fees=found.rows,
        found=counts[state],
        state=state,
        groups=[
            (one, words, list_address(LIST, {"show": one or "", "q": q}), counts[one])
            for one, words in GROUPS.items()
        ],
        q=q,
        newer=page_address(LIST, asked, found.newer),
        older=page_address(LIST, asked, found.older),
    )


@router.get("/console/fees/{fee}")
def shown(
    request: Request, services: UsesServices, staff: Shows, fee: UUID, done: Text = ""
) -> Response:
    """Show a fee, its payments and its refunds."""
    return page(
        request,
        "console/fee.html",
        staff=staff,
        it=_shown(services, staff, fee),
        differences=DIFFERENCES,
        done=DONE.get(done, ""),
        vat_number=services.council.fees.vat_number,
    )


@router.get("/console/fees/{fee}/refund")
def refunding(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.REFUND_PAYMENT)],
    fee: UUID,
) -> Response:
    """Ask how much is given back, and why."""
    return _ask(request, services, staff, fee, {}, {})


@router.post("/console/fees/{fee}/refund")
def refund(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.REFUND_PAYMENT)],
    fee: UUID,
    amount: Words = "",
    reason: Words = "",
) -> Response:
    """Give a part of what was paid back, or all of it."""
    typed, pence = {"amount": amount, "reason": reason}, parse_pounds(amount)
    errors: dict[str, str] = {}
    if pence is None:
        errors["amount"] = "Enter an amount in pounds, such as 25 or 12.50"
    if not reason.strip():
        errors["reason"] = "Enter why it is given back"
    if errors or pence is None:
        return _ask(request, services, staff, fee, typed, errors)

    def work(session: Session) -> str:
        services.refund_orders.order(
            session, fee, pence, by=staff.subject, at=services.clock(), reason=lines(reason)
        )
        account = services.fee_list.account(session, fee)
        return "credited" if account.lines else "refunded"

    try:
        done = act(services, staff.subject, work)
    except InvalidError as error:
        return _ask(request, services, staff, fee, typed, {error.field: sentence(error)})
    except StateError as error:
        return _ask(request, services, staff, fee, typed, {"amount": sentence(error)})
    return RedirectResponse(f"{LIST}/{fee}?done={done}", HTTPStatus.SEE_OTHER)


def _ask(
    request: Request,
    services: Services,
    staff: Staff,
    fee: UUID,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    it = _shown(services, staff, fee)
    left = pounds(it.account.refundable).removeprefix("£")
    return page(
        request,
        "console/refund.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        it=it,
        typed={"amount": left, "reason": "", **typed},
        errors=errors,
    )


def _shown(services: Services, staff: Staff, fee: UUID) -> ShownFee:
    by = staff.subject
    return act(services, by, lambda session: services.fee_list.shown(session, fee, by=by))
