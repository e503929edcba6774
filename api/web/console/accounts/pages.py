"""Edge. Accounts of firms that pay monthly: the list, one of them, opening, approving, closing."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.acts import act
from api.depends import UsesServices
from api.services import Services
from api.web.console.accounts.words import DECISIONS, DONE, GROUPS, MISSING
from api.web.console.places import list_address, page_address
from api.web.console.words import lines, sentence
from api.web.pages import page
from api.web.staff import Staff, allowed, sends
from evidence.errors import InvalidError, StateError
from evidence.fees.invoicing.states import AccountState
from evidence.fees.invoicing.terms import USUAL_DAYS, Terms
from evidence.fees.prices import parse_pounds
from evidence.paging import parse_cursor
from evidence.people.access import Action
from export.desk.invoicing.accounts import ShownAccount

router = APIRouter(include_in_schema=False)
LIST = "/console/accounts"
PAGE = 25
Shows = Annotated[Staff, allowed(Action.SHOW_ACCOUNTS)]
Opens = Annotated[Staff, allowed(Action.OPEN_ACCOUNT)]
SendsOpening = Annotated[Staff, sends(Action.OPEN_ACCOUNT)]
Text = Annotated[str, Query(max_length=200)]
Words = Annotated[str, Form()]
Decision = Callable[[Session, str], object]


@router.get(LIST)
def listed(
    request: Request, services: UsesServices, staff: Shows, show: Text = "", cursor: Text = ""
) -> Response:
    """Show a page of the accounts."""
    state, at = AccountState(show) if show in set(AccountState) else None, parse_cursor(cursor)
    lists, by = services.account_list, staff.subject
    found, counts = act(
        services,
        by,
        lambda session: (
            lists.page(session, state, by=by, cursor=at, most=PAGE),
            lists.counts(session, by=by),
        ),
    )
    asked = {"show": state or ""}
    return page(
        request,
        "console/accounts.html",
        staff=staff,
        accounts=found.rows,
        found=counts[state],
        state=state,
        groups=[
            (one, words, list_address(LIST, {"show": one or ""}), counts[one])
            for one, words in GROUPS.items()
        ],
        newer=page_address(LIST, asked, found.newer),
        older=page_address(LIST, asked, found.older),
    )


@router.get(f"{LIST}/new")
def ask(request: Request, staff: Opens) -> Response:
    """Ask what is agreed with a firm."""
    return _ask(request, staff, {}, {})


@router.post(f"{LIST}/new")
def open_one(
    request: Request,
    services: UsesServices,
    staff: SendsOpening,
    organisation: Words = "",
    domains: Words = "",
    reference: Words = "",
    address: Words = "",
    days: Words = "",
    limit: Words = "",
    reason: Words = "",
) -> Response:
    """Open an account, which a second person has to approve."""
    typed = {
        "organisation": organisation,
        "domains": lines(domains),
        "reference": reference,
        "address": lines(address),
        "days": days,
        "limit": limit,
        "reason": lines(reason),
    }
    errors = {name: words for name, words in MISSING.items() if not typed[name].strip()}
    pence = parse_pounds(limit) if limit.strip() else None
    if limit.strip() and pence is None:
        errors["limit"] = "Enter an amount in pounds, such as 500, or leave it empty"
    if not (days.strip().isascii() and days.strip().isdecimal() and len(days.strip()) < 4):  # noqa: PLR2004 - at most 90
        errors["days"] = "Enter a number of days, such as 30"
    if errors:
        return _ask(request, staff, typed, errors)
    told = tuple(typed["domains"].split())
    terms = Terms(organisation, told, reference, typed["address"], int(days), pence)

    def work(session: Session) -> UUID:
        accounts, at = services.invoice_accounts, services.clock()
        row = accounts.open(session, terms, by=staff.subject, at=at, reason=typed["reason"])
        return row.id

    try:
        account = act(services, staff.subject, work)
    except InvalidError as error:
        return _ask(request, staff, typed, {error.field: sentence(error)})
    return RedirectResponse(f"{LIST}/{account}?done=opened", HTTPStatus.SEE_OTHER)


def _ask(
    request: Request, staff: Staff, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    return page(
        request,
        "console/account-new.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        typed={**dict.fromkeys((*MISSING, "limit"), ""), "days": str(USUAL_DAYS), **typed},
        errors=errors,
    )


@router.get(f"{LIST}/{{account}}")
def shown(
    request: Request,
    services: UsesServices,
    staff: Shows,
    account: UUID,
    done: Text = "",
    before: Text = "",
) -> Response:
    """Show an account, what is on it, and a page of its statements."""
    it = _shown(services, staff, account, before)
    return page(
        request,
        "console/account.html",
        staff=staff,
        it=it,
        own=it.row.opened_by == staff.subject.person,
        done=DONE.get(done, ""),
        first=f"{LIST}/{account}" if before else "",
        older=list_address(f"{LIST}/{account}", {"before": it.older}) if it.older else "",
    )


@router.get(f"{LIST}/{{account}}/approval")
def ask_approval(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.APPROVE_ACCOUNT)],
    account: UUID,
) -> Response:
    """Ask why an account is approved."""
    return _decide(request, services, staff, account, "approved")


@router.post(f"{LIST}/{{account}}/approval")
def approve(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.APPROVE_ACCOUNT)],
    account: UUID,
    reason: Words = "",
) -> Response:
    """Approve an account, as somebody else than who opened it."""

    def work(session: Session, said: str) -> object:
        accounts, at = services.invoice_accounts, services.clock()
        return accounts.approve(session, account, by=staff.subject, at=at, reason=said)

    return _decided(request, services, staff, account, "approved", work, lines(reason))


@router.get(f"{LIST}/{{account}}/closure")
def ask_closure(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, allowed(Action.CLOSE_ACCOUNT)],
    account: UUID,
) -> Response:
    """Ask why an account is closed."""
    return _decide(request, services, staff, account, "closed")


@router.post(f"{LIST}/{{account}}/closure")
def close(
    request: Request,
    services: UsesServices,
    staff: Annotated[Staff, sends(Action.CLOSE_ACCOUNT)],
    account: UUID,
    reason: Words = "",
) -> Response:
    """Close an account for good."""

    def work(session: Session, said: str) -> object:
        accounts, at = services.invoice_accounts, services.clock()
        return accounts.close(session, account, by=staff.subject, at=at, reason=said)

    return _decided(request, services, staff, account, "closed", work, lines(reason))


def _decide(
    request: Request,
    services: Services,
    staff: Staff,
    account: UUID,
    decision: str,
    typed: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    return page(
        request,
        "console/account-decide.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        staff=staff,
        it=_shown(services, staff, account),
        asking=DECISIONS[decision],
        typed={"reason": typed},
        errors=errors or {},
    )


def _decided(
    request: Request,
    services: Services,
    staff: Staff,
    account: UUID,
    decision: str,
    work: Decision,
    reason: str,
) -> Response:
    try:
        act(services, staff.subject, lambda session: work(session, reason))
    except InvalidError as error:
        words = sentence(error) if reason.strip() else DECISIONS[decision].missing
        return _decide(request, services, staff, account, decision, reason, {"reason": words})
    except StateError as error:  # somebody was faster: the form says how it stands
        errors = {"reason": sentence(error)}
        return _decide(request, services, staff, account, decision, reason, errors)
    return RedirectResponse(f"{LIST}/{account}?done={decision}", HTTPStatus.SEE_OTHER)


def _shown(services: Services, staff: Staff, account: UUID, before: str = "") -> ShownAccount:
    by, lists = staff.subject, services.account_list
    return act(services, by, lambda session: lists.shown(session, account, by=by, before=before))
