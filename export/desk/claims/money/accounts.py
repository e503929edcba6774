"""Service. What the rows tell of accounts of firms that pay monthly, and of their statements."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Span
from custody.formats.canonical import JSON, format_time
from custody.formats.events import RecordKind
from evidence.fees.invoicing.lines import statement_reference, statement_sha256
from evidence.fees.invoicing.months import due_on, month_end
from evidence.fees.invoicing.statements import line_of
from evidence.fees.invoicing.states import AccountState
from evidence.fees.invoicing.tables import (
    InvoiceAccountRow,
    InvoiceDomainRow,
    InvoiceLineRow,
    StatementRow,
)
from evidence.fees.tables import FeeRow
from export.desk.claims.rows import claims_of, columns, dated, grouped, pick

_ACCOUNT = columns(
    InvoiceAccountRow,
    "id state organisation terms opened_by opened_at opened_reason approved_by approved_at "
    "approved_reason closed_by closed_at closed_reason",
)
_STATEMENT = (
    *("account", "number", "month", "made_at", "pence", "vat_pence", "sha256", "due_on"),
    *("settled_by", "settled_at", "remittance"),
)
_LINE = ("statement", "pence", "vat_pence", "claim_reference", "purchase_order", "at")


def invoice_accounts(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each account of a span, sorted by record."""
    return claims_of(session, _ACCOUNT, _Accounts, span)


class _Accounts:
    """What other tables tell of the accounts from one to another."""

    kind: ClassVar = RecordKind.STAFF_ACTION

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        domain, statement, line, fee = InvoiceDomainRow, StatementRow, InvoiceLineRow, FeeRow
        self._domains = grouped(
            session,
            pick(domain.account, domain.domain).where(col(domain.account).between(first, last)),
        )
        self._statements = grouped(
            session,
            pick(*(getattr(statement, name) for name in _STATEMENT))
            .where(col(statement.account).between(first, last))
            .order_by(col(statement.number)),
        )
        self._lines = grouped(
            session,
            pick(line.account, fee.urn, fee.stage, *(getattr(line, name) for name in _LINE))
            .join(fee, col(fee.id) == line.fee)
            .where(col(line.account).between(first, last), col(line.statement).is_not(None))
            .order_by(col(line.at), col(line.fee), col(line.number)),
        )

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - columns of InvoiceAccountRow
        """Return the claim of one of them."""
        statements = self._statements[row.id]
        events: dict[str, Sequence[Expected]] = {
            "account.opened": [_act(row, "opened", facts=row.terms)],
            "account.approved": [_act(row, "approved")] if row.approved_at else [],
            "account.closed": [_act(row, "closed")] if row.closed_at else [],
            "statement.made": [_made(one) for one in statements],
            "statement.settled": [_settled(one) for one in statements if one.settled_at],
        }
        flaws = [*_flaws(row, {one.domain for one in self._domains[row.id]})]
        days = row.terms["days"]
        lines = self._lines[row.id]
        if {one.statement for one in lines} - {one.number for one in statements}:
            flaws.append("has lines on a statement that there is not")
        for one in statements:
            of = [line for line in lines if line.statement == one.number]
            said = _statement_flaws(one, of, days)
            flaws += [f"{statement_reference(one.number)}: {flaw}" for flaw in said]
        name = f"the account of {row.organisation}"
        return Claim(row.id, name, RecordKind.STAFF_ACTION, events, flaws=tuple(flaws))


def _act(row: Any, what: str, **more: JSON) -> Expected:  # noqa: ANN401 - as above
    said: dict[str, JSON] = {
        "actor": str(getattr(row, f"{what}_by")),
        "reason": getattr(row, f"{what}_reason"),
        "at": dated(getattr(row, f"{what}_at")),
    }
    return Expected({**said, **more})


def _made(row: Any) -> Expected:  # noqa: ANN401 - columns of StatementRow
    said: dict[str, JSON] = {
        "reference": statement_reference(row.number),
        "until": format_time(month_end(row.month)),
        "sha256": row.sha256,
        "at": dated(row.made_at),
    }
    return Expected(said)


def _settled(row: Any) -> Expected:  # noqa: ANN401 - columns of StatementRow
    said: dict[str, JSON] = {
        "actor": str(row.settled_by),
        "reference": statement_reference(row.number),
        "remittance": row.remittance,
        "at": dated(row.settled_at),
    }
    return Expected(said)


def _flaws(row: Any, domains: set[str]) -> Iterator[str]:  # noqa: ANN401 - columns
    """Say what an account says that no history of it gives."""
    if row.organisation != row.terms["organisation"]:
        yield "is of another organisation than its terms say"
    if domains != (set() if row.closed_at else set(row.terms["domains"])):
        yield "has other domains than its terms say"
    state = AccountState.OPEN if row.approved_at else AccountState.PROPOSED
    if row.state != (AccountState.CLOSED if row.closed_at else state):
        yield f"is {row.state}, and nobody decided that"
    if row.approved_at is None and (row.approved_by is not None or row.approved_reason):
        yield "was approved at no time"
    if row.closed_at is None and (row.closed_by is not None or row.closed_reason):
        yield "was closed at no time"


def _statement_flaws(row: Any, lines: Sequence[Any], days: int) -> Iterator[str]:  # noqa: ANN401 - columns
    """Say what a statement says that its lines do not give."""
    told = [line_of(one, one) for one in lines]
    sums = sum(one.pence for one in told), sum(one.vat_pence for one in told)
    if sums != (row.pence, row.vat_pence):
        yield "its lines come to another amount"
    if statement_sha256(row.number, row.account, row.month, told) != row.sha256:
        yield "its lines are not those that it was made of"
    if row.month.day != 1:
        yield "is of no month"
    if row.due_on != due_on(row.made_at, days):
        yield "is due on another day than was agreed"
    if row.settled_at is None and (row.settled_by is not None or row.remittance):
        yield "was settled at no time"


def tell_line(events: dict[str, list[Expected]], fee: Any, line: Any) -> None:  # noqa: ANN401 - as above
    """Say what the event of a line must say."""
    said: dict[str, JSON] = {
        "actor": str(line.person),
        "role": line.role,
        "stage": fee.stage,
        "pence": abs(line.pence),
        "vat_pence": abs(line.vat_pence),
        "account": str(line.account),
        "at": dated(line.at),
    }
    if line.number:
        events["fee.credited"].append(Expected({**said, "reason": line.reason}))
    else:
        facts = {"purchase_order": line.purchase_order, "claim_reference": line.claim_reference}
        events["fee.on_account"].append(Expected({**said, "facts": facts}))


def line_flaws(row: Any, lines: Sequence[Any]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say what the lines of a fee say that nobody put on an account."""
    if not lines:
        return
    first, credited = lines[0], lines[1:]
    if [one.number for one in lines] != list(range(len(lines))):
        yield "is on account by lines that are not numbered one after another"
    if row.paid_by is not None:
        yield "is on account, and paid by card"
    if (first.pence, first.vat_pence) != (row.pence, row.vat_pence) or first.reason:
        yield "is on account with another amount"
    if any(one.pence >= 0 or one.vat_pence > 0 for one in credited):
        yield "has a credit that gives nothing back"
    of = (first.account, first.claim_reference, first.purchase_order)
    if any((one.account, one.claim_reference, one.purchase_order) != of for one in credited):
        yield "has a credit of another account"
