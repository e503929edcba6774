"""Edge. A fee at its own address: what it is for, the way to the card page and back, the receipt.

Whoever has the address may pay. Nothing here says what became of a payment but what was written
down of the provider's own answer; to come back from the card page is a reason to ask for it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.bounds import lanes
from api.denials import ForgedFormError
from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.pages import page
from api.web.staff import same_site
from evidence.errors import StateError
from evidence.fees.provider import ProviderRefusedError
from evidence.fees.states import FeeState, PaymentState
from export.desk.fees import FeeAccount
from storage.errors import UnavailableError

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
FAILURES: Mapping[str, tuple[str, str]] = {
    PaymentState.FAILED: (
        "Your card was declined",
        (
            "No money was taken. Check the details of the card and try again, or use another card. "
            "Only your bank can say why it declined."
        ),
    ),
    PaymentState.CANCELLED: (
        "The payment was cancelled",
        "No money was taken. You can pay now, or come back to this page later.",
    ),
    PaymentState.EXPIRED: (
        "The payment was not finished in time",
        "No money was taken. A payment must be finished within 90 minutes: please start again.",
    ),
    PaymentState.ERROR: (
        "There was a problem at the payment provider",
        "No money was taken. Try again in a few minutes. If it happens again, write to us.",
    ),
}
"""What each end without money means, and what to do."""


@router.get("/pay/{address}")
def shown(request: Request, services: UsesServices, address: str) -> Response:
    """Show what is to be paid, the receipt, or that it is on account."""
    with services.transaction() as session:
        fee = services.fees.at(session, address)
        account = services.fee_list.account(session, fee.id)
    if FeeState(account.row.state) in (FeeState.DUE, FeeState.WAIVED):
        return _ask(request, address, account)
    if account.lines:
        return page(request, "pay/account.html", it=account)
    return page(
        request,
        "pay/receipt.html",
        it=account,
        vat_number=services.council.fees.vat_number,
    )


def _ask(request: Request, address: str, account: FeeAccount) -> Response:
    last = account.last
    failure = FAILURES.get(last.state) if last is not None else None
    return page(
        request,
        "pay/fee.html",
        it=account,
        here=f"/pay/{address}",
        failure=None if account.row.state == FeeState.WAIVED else failure,
    )


@router.post("/pay/{address}")
async def pay(request: Request, services: UsesServices, address: str) -> Response:
    """Send somebody to the card page: of the payment that is under way, or of a new one."""
    if not same_site(request, services):
        raise ForgedFormError
    with lanes.PAYMENTS.place():
        return await lanes.PAYMENTS.run(_pay, request, services, address)


def _pay(request: Request, services: Services, address: str) -> Response:
    fee = _fee(services, address)
    try:
        url = services.payments.start(fee)
    except (UnavailableError, ProviderRefusedError, StateError) as error:
        return _away(request, address, error, began=False)
    return RedirectResponse(url or f"/pay/{address}", HTTPStatus.SEE_OTHER)


@router.get("/pay/{address}/return")
async def returned(request: Request, services: UsesServices, address: str) -> Response:
    """Take somebody in who comes back from the card page: the provider says what became of it."""
    with lanes.PAYMENTS.place():
        return await lanes.PAYMENTS.run(_return, request, services, address)


def _return(request: Request, services: Services, address: str) -> Response:
    fee = _fee(services, address)
    try:
        services.payments.check(fee)
    except (UnavailableError, ProviderRefusedError) as error:
        return _away(request, address, error, began=True)
    return RedirectResponse(f"/pay/{address}", HTTPStatus.SEE_OTHER)


def _fee(services: Services, address: str) -> UUID:
    with services.transaction() as session:
        return services.fees.at(session, address).id


def _away(request: Request, address: str, error: Exception, *, began: bool) -> Response:
    """Say that the provider does not help now; ``began``: somebody may have paid."""
    return page(
        request,
        "pay/away.html",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Retry-After": "60"},
        here=f"/pay/{address}",
        again=f"/pay/{address}/return" if began else f"/pay/{address}",
        began=began,
        lasting=not isinstance(error, UnavailableError),
        words=str(error) if isinstance(error, StateError) else "",
    )
