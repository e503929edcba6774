"""Edge. `/api/v1/accounts`: firms that pay monthly, and their statements. It decides nothing."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.acts import act
from api.depends import Acts, UsesServices
from api.routes.pages import From, Limit, link_pages
from api.routes.releases import ReasonRequest
from api.views import View
from evidence.fees.invoicing.lines import Line, statement_reference
from evidence.fees.invoicing.states import AccountState
from evidence.fees.invoicing.tables import InvoiceAccountRow, StatementRow
from evidence.fees.invoicing.terms import MOST_LIMIT, USUAL_DAYS, Terms, parse_terms
from evidence.paging import parse_cursor
from export.desk.invoicing.accounts import ShownStatement
from export.desk.spreadsheet import MEDIA_TYPE, format_statement

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])
Name = Annotated[str, Path(description="as it is quoted", examples=["S-000001"])]
Before = Annotated[str, Query(max_length=20, description="a statement", examples=["S-000120"])]
Show = Annotated[
    AccountState | None, Query(description="left out: accounts in every state", examples=["open"])
]


class TermsRequest(View):
    """What is agreed with a firm, and why an account is opened for it."""

    organisation: str = Field(min_length=1, max_length=200, examples=["Harbour Mutual"])
    domains: list[str] = Field(
        min_length=1,
        max_length=20,
        examples=[["harbour-mutual.example"]],
        description="exactly these; a mailbox of a part of one is not of the firm",
    )
    reference: str = Field(min_length=1, max_length=60, examples=["PO-2026-117"])
    address: str = Field(min_length=1, max_length=500, examples=["1 Quay, Barchester"])
    days: int = Field(
        USUAL_DAYS, ge=1, le=90, examples=[30], description="until a statement must be settled"
    )
    limit_pence: int | None = Field(
        None, ge=1, le=MOST_LIMIT, description="null: no limit", examples=[50000]
    )
    reason: str = Field(min_length=1, max_length=2000, examples=["agreed with its claims team"])


class RemittanceRequest(View):
    """Under which reference the money of a statement came."""

    remittance: str = Field(min_length=1, max_length=200, examples=["BACS 2026-12-04 4711"])


class AccountView(View):
    """One account."""

    id: UUID
    state: AccountState
    organisation: str
    domains: list[str]
    reference: str
    address: str
    days: int
    limit_pence: int | None
    opened_at: datetime
    approved_at: datetime | None
    closed_at: datetime | None


class StatementView(View):
    """One statement."""

    number: int
    reference: str
    account: UUID
    month: date
    """Its first day."""
    made_at: datetime
    pence: int
    vat_pence: int
    sha256: str
    """Of its lines, as the event `statement.made` commits to them (docs/formats/ledger.md)."""
    due_on: date
    settled_at: datetime | None
    remittance: str


class WholeAccountView(AccountView):
    """The same, with what is on it."""

    unsettled_pence: int
    waiting_pence: int
    """On no statement yet."""
    statements: list[StatementView]
    older: str
    """What `before` is asked with for those before these; empty: there are none."""


class LineView(View):
    """A fee, or a credit: below zero."""

    urn: str
    stage: str
    claim_reference: str
    purchase_order: str
    net_pence: int
    vat_pence: int
    pence: int
    at: datetime


class WholeStatementView(StatementView):
    """The same, with its lines."""

    lines: list[LineView]


@router.get("", summary="List accounts")
def list_accounts(
    request: Request,
    response: Response,
    services: UsesServices,
    subject: Acts,
    show: Show = None,
    limit: Limit = 50,
    cursor: From = "",
) -> list[AccountView]:
    """List accounts, the newest first: `Link` says where the next page is."""
    place = parse_cursor(cursor)
    page = act(
        services,
        subject,
        lambda session: services.account_list.page(
            session, show, by=subject, cursor=place, most=limit
        ),
    )
    asked = {} if show is None else {"show": show.value}
    link_pages(request, response, page, limit, **asked)
    return [_account(row) for row in page.rows]


@router.post("", status_code=201, summary="Open an account")
def open_account(wanted: TermsRequest, services: UsesServices, subject: Acts) -> AccountView:
    """Open an account; nothing goes on it before a second person has approved it."""
    terms = Terms(
        wanted.organisation,
        tuple(wanted.domains),
        wanted.reference,
        wanted.address,
        wanted.days,
        wanted.limit_pence,
    )
    return act(
        services,
        subject,
        lambda session: _account(
            services.invoice_accounts.open(
                session, terms, by=subject, at=services.clock(), reason=wanted.reason
            )
        ),
    )


@router.get("/statements/{statement}", summary="Show a statement")
def show_statement(statement: Name, services: UsesServices, subject: Acts) -> WholeStatementView:
    """Show the statement of a month with its lines."""
    it = _shown(statement, services, subject)
    return WholeStatementView(
        **_statement(it.row).model_dump(), lines=[_line(one) for one in it.lines]
    )


@router.get(
    "/statements/{statement}/lines",
    summary="Fetch a statement as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def fetch_lines(statement: Name, services: UsesServices, subject: Acts) -> Response:
    """Fetch a statement as a file for a spreadsheet."""
    it = _shown(statement, services, subject)
    return Response("".join(format_statement(it.reference, it.lines)), media_type=MEDIA_TYPE)


@router.post("/statements/{statement}/settlement", summary="Settle a statement")
def settle(
    statement: Name, wanted: RemittanceRequest, services: UsesServices, subject: Acts
) -> StatementView:
    """Say that the money of a statement came."""
    return act(
        services,
        subject,
        lambda session: _statement(
            services.statements.settle(
                session, statement, by=subject, at=services.clock(), remittance=wanted.remittance
            )
        ),
    )


@router.get("/{account}", summary="Show an account")
def show_account(
    account: UUID, services: UsesServices, subject: Acts, before: Before = ""
) -> WholeAccountView:
    """Show an account, what is on it, and its statements: the newest, or those before one."""
    lists = services.account_list
    it = act(services, subject, lambda s: lists.shown(s, account, by=subject, before=before))
    return WholeAccountView(
        **_account(it.row).model_dump(),
        unsettled_pence=it.unsettled,
        waiting_pence=it.waiting,
        statements=[_statement(one) for one in it.statements],
        older=it.older,
    )


@router.post("/{account}/approval", summary="Approve an account")
def approve(
    account: UUID, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> AccountView:
    """Approve an account, as another person than who opened it."""
    return act(
        services,
        subject,
        lambda session: _account(
            services.invoice_accounts.approve(
                session, account, by=subject, at=services.clock(), reason=wanted.reason
            )
        ),
    )


@router.post("/{account}/closure", summary="Close an account")
def close(
    account: UUID, wanted: ReasonRequest, services: UsesServices, subject: Acts
) -> AccountView:
    """Close an account for good; what is on it is still stated, credited and settled."""
    return act(
        services,
        subject,
        lambda session: _account(
            services.invoice_accounts.close(
                session, account, by=subject, at=services.clock(), reason=wanted.reason
            )
        ),
    )


def _shown(name: str, services: UsesServices, subject: Acts) -> ShownStatement:
    return act(services, subject, lambda s: services.account_list.statement(s, name, by=subject))


def _account(row: InvoiceAccountRow) -> AccountView:
    terms = parse_terms(row.terms)
    return AccountView(
        id=row.id,
        state=AccountState(row.state),
        organisation=terms.organisation,
        domains=list(terms.domains),
        reference=terms.reference,
        address=terms.address,
        days=terms.days,
        limit_pence=terms.limit_pence,
        opened_at=row.opened_at,
        approved_at=row.approved_at,
        closed_at=row.closed_at,
    )


def _statement(row: StatementRow) -> StatementView:
    return StatementView(
        number=row.number,
        reference=statement_reference(row.number),
        account=row.account,
        month=row.month,
        made_at=row.made_at,
        pence=row.pence,
        vat_pence=row.vat_pence,
        sha256=row.sha256,
        due_on=row.due_on,
        settled_at=row.settled_at,
        remittance=row.remittance,
    )


def _line(line: Line) -> LineView:
    return LineView(
        urn=line.urn,
        stage=line.stage,
        claim_reference=line.claim_reference,
        purchase_order=line.purchase_order,
        net_pence=line.net_pence,
        vat_pence=line.vat_pence,
        pence=line.pence,
        at=line.at,
    )
