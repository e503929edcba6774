"""Edge. Putting a fee on the account of one's firm instead of paying it by card.

Only whoever entered the code that went to the mailbox of who asked comes here: the domain of that
mailbox says which account it is, and nothing that is typed does.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from api.depends import ANY_QUERY, UsesServices
from api.services import Services
from api.web.console.words import sentence
from api.web.pages import page
from api.web.public.requests.kept import OURS, lead
from api.web.public.requests.status import SHOWN, STATUS, MaybeVisited, account_of
from evidence.errors import InvalidError, StateError
from evidence.fees.invoicing.charges import MOST_ORDER
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from export.desk.requests import RequestStory

router = APIRouter(include_in_schema=False, dependencies=[ANY_QUERY])
ACCOUNT = f"{STATUS}/account"


@router.get(ACCOUNT)
def ask(request: Request, services: UsesServices, story: MaybeVisited) -> Response:
    """Ask for the reference of the purchase order."""
    if story is None:
        return lead(STATUS)
    return _ask(request, services, story, "", {})


@router.post(ACCOUNT, dependencies=OURS)
def put(
    request: Request,
    services: UsesServices,
    story: MaybeVisited,
    purchase_order: Annotated[str, Form()] = "",
    fee: Annotated[str, Form()] = "",
) -> Response:
    """Put the fee on the account; pressed twice, it is there once."""
    if story is None:
        return lead(STATUS)
    due = _due(story)
    if due is None or str(due.id) != fee:
        return lead(SHOWN)
    try:
        with services.transaction() as session:
            services.request_decisions.put_on_account(
                session,
                story.row.id,
                UUID(fee),
                at=services.clock(),
                purchase_order=purchase_order,
            )
    except InvalidError as error:
        words = "Enter the reference of your purchase order"
        said = sentence(error) if purchase_order.strip() else words
        return _ask(request, services, story, purchase_order, {"purchase_order": said})
    except StateError as error:
        errors = {"purchase_order": sentence(error)}
        return _ask(request, services, story, purchase_order, errors)
    return lead(f"{SHOWN}?done=on_account")


def _ask(
    request: Request,
    services: Services,
    story: RequestStory,
    typed: str,
    errors: Mapping[str, str],
) -> Response:
    account, due = account_of(services, story), _due(story)
    if account is None or due is None:
        return lead(SHOWN)
    return page(
        request,
        "requests/account.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        row=story.row,
        account=account,
        fee=due,
        card=f"/pay/{services.fees.address(due.id)}",
        typed=typed[:MOST_ORDER],
        errors=dict(errors),
    )


def _due(story: RequestStory) -> FeeRow | None:
    return next((fee for fee in story.fees if fee.state == FeeState.DUE), None)
