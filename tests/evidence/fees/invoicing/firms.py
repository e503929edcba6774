"""Firms that pay monthly, for tests: an account, and requests of its mailboxes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from sqlmodel import col, select

from custody.ledger.tables import CustodyEventRow
from evidence.fees.invoicing.tables import InvoiceAccountRow, InvoiceLineRow, StatementRow
from evidence.fees.invoicing.terms import Terms
from evidence.fees.prices import Stage
from evidence.fees.tables import FeeRow
from evidence.people.access import Role
from evidence.requests.states import Path, RequestStep
from evidence.requests.tables import RequestRow
from tests.evidence.requests.requesting import decide, request
from tests.houses import House

_NUMBERS = count(1)


@dataclass
class Firm:
    """A firm with an account of its own, and what its people do."""

    house: House
    at: datetime = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)
    limit_pence: int | None = None
    domain: str = field(default_factory=lambda: f"firm{next(_NUMBERS)}.example")

    def terms(self) -> Terms:
        return Terms("Harbour Mutual", (self.domain,), "PO-7", "1 Quay", 30, self.limit_pence)

    def propose(self) -> UUID:
        """Open an account, as finance."""
        accounts, by = self.house.services.invoice_accounts, self.house.subjects[Role.FINANCE]
        return self.house.do(
            Role.FINANCE,
            lambda s: accounts.open(s, self.terms(), by=by, at=self.at, reason="agreed").id,
        )

    def propose_another(self) -> UUID:
        """Open an account of other mailboxes, which nobody has approved."""
        return Firm(self.house, self.at).propose()

    def approve(self, account: UUID, role: Role = Role.GOVERNANCE) -> None:
        accounts, by = self.house.services.invoice_accounts, self.house.subjects[role]
        self.house.do(
            role, lambda s: accounts.approve(s, account, by=by, at=self.at, reason="known")
        )

    def opened(self) -> UUID:
        """Open an account, and have it approved."""
        account = self.propose()
        self.approve(account)
        return account

    def close(self, account: UUID) -> None:
        accounts, by = self.house.services.invoice_accounts, self.house.subjects[Role.FINANCE]
        self.house.do(
            Role.FINANCE, lambda s: accounts.close(s, account, by=by, at=self.at, reason="left")
        )

    def asks(self, *, domain: str = "", **other: str) -> RequestRow:
        """Make a request of a mailbox of the firm, which is to be paid for."""
        email = f"jo{next(_NUMBERS)}@{domain or self.domain}"
        row = request(self.house, Path.INSURER, self.at, email=email, **other)
        return decide(self.house, row, RequestStep.COVERED, Role.OPERATOR, self.at)

    def fee(self, row: RequestRow, stage: Stage = Stage.REVIEW) -> FeeRow:
        found = self.house.look(lambda s: self.house.services.fees.of_stage(s, row.id, stage))
        assert found is not None
        return found

    def charge(self, row: RequestRow, order: str = "PO-1", fee: UUID | None = None) -> None:
        """Put a fee of a request on account, as whoever asked."""
        fee = fee or self.fee(row).id
        with self.house.services.transaction() as session:
            self.house.services.request_decisions.put_on_account(
                session, row.id, fee, at=self.at, purchase_order=order
            )

    def charged(self) -> RequestRow:
        row = self.asks()
        self.charge(row)
        return row

    def credit(self, row: RequestRow, pence: int) -> None:
        """Credit a part of a fee, as finance."""
        by, fee = self.house.subjects[Role.FINANCE], self.fee(row).id
        self.house.do(
            Role.FINANCE,
            lambda s: self.house.services.refund_orders.order(
                s, fee, pence, by=by, at=self.at, reason="in part"
            ),
        )

    def state(self, row: RequestRow) -> tuple[str, str]:
        """Return where a request and its fee stand."""
        now = self.house.look(lambda s: s.get_one(RequestRow, row.id).state)
        return now, self.fee(row).state

    def lines(self, account: UUID) -> list[InvoiceLineRow]:
        found = select(InvoiceLineRow).where(InvoiceLineRow.account == account)
        rows = found.order_by(col(InvoiceLineRow.at), col(InvoiceLineRow.number))
        return self.house.look(lambda s: list(s.exec(rows).all()))

    def statements(self, account: UUID) -> list[StatementRow]:
        found = select(StatementRow).where(StatementRow.account == account)
        rows = found.order_by(col(StatementRow.number))
        return self.house.look(lambda s: list(s.exec(rows).all()))

    def row(self, account: UUID) -> InvoiceAccountRow:
        return self.house.look(lambda s: s.get_one(InvoiceAccountRow, account))

    def events(self, record: UUID) -> list[str]:
        found = select(CustodyEventRow.event).where(CustodyEventRow.record == record)
        names = found.order_by(col(CustodyEventRow.n))
        return self.house.look(lambda s: list(s.exec(names).all()))

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)
