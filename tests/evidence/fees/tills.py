"""The room of fees over a house, with the payment stand-in in this process, and faults at will."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from uuid import UUID

from sqlmodel import Session, col, select

from api.builders.fees import return_address
from api.services import Services
from custody.formats.events import RecordKind
from custody.ledger.tables import CustodyEventRow
from evidence.fees.accounts import Accounts, Paid
from evidence.fees.differences import Differences
from evidence.fees.fees import Fees
from evidence.fees.payments import Payments
from evidence.fees.prices import USUAL, Stage, Tariff
from evidence.fees.reconciliation import Reconciliation
from evidence.fees.refunds import RefundOrders, Refunds
from evidence.fees.tables import DifferenceRow, FeeRow, PaymentRow, RefundRow
from storage.errors import UnavailableError
from tests.api.payments.described import OURS, Desk
from tests.houses import House

_NUMBERS = count(1)


class KilledError(Exception):
    """What a test ends a step with, as a killed process ends it."""


@dataclass
class Steps:
    """Counts the transactions that are begun, and ends one of them."""

    at: int = -1
    how: str = ""
    """One of before (it begins), undone (before it commits) and after (it has committed)."""
    seen: int = 0

    @contextmanager
    def around(self, house: House) -> Iterator[Session]:
        mine, self.seen = self.seen, self.seen + 1
        end = self.how if mine == self.at else ""
        if end == "before":
            raise KilledError
        with house.services.transaction() as session:
            yield session
            if end == "undone":
                raise KilledError
        if end == "after":
            raise KilledError


@dataclass
class Till:
    """What takes fees, and what followed from them."""

    house: House
    desk: Desk
    steps: Steps = field(default_factory=Steps)
    paid: list[tuple[UUID, Stage]] = field(default_factory=list)
    tariff: Tariff = USUAL
    follows: Paid | None = None
    """What follows from a payment beside that it is noted in ``paid``."""

    def __post_init__(self) -> None:
        services = self.house.services
        ledger, jobs, clock = services.ledger, services.jobs, self.clock
        self.orders = RefundOrders(
            ledger, jobs, services.people, credit=services.on_account.credit, new_id=uuid.uuid4
        )
        self.differences = Differences(ledger, new_id=uuid.uuid4)
        self.accounts = Accounts(
            ledger, self.differences, paid=self._paid, give_back=self.orders.give_back
        )
        self.fees = Fees(ledger, jobs, self.tariff, root=services.roots.codes, new_id=uuid.uuid4)
        self.payments = Payments(
            self.begin,
            self.desk.client,
            self.fees,
            self.accounts,
            Refunds(self.begin, self.desk.client, self.accounts, clock=clock),
            jobs,
            returns=lambda address: return_address(OURS, address),
            new_id=uuid.uuid4,
            clock=clock,
        )
        self.reconciliation = Reconciliation(
            self.begin,
            self.desk.client,
            self.accounts,
            self.differences,
            jobs,
            new_id=uuid.uuid4,
            clock=clock,
        )

    def begin(self) -> AbstractContextManager[Session]:
        return self.steps.around(self.house)

    def clock(self) -> datetime:
        return self.desk.now[0]

    def _paid(self, session: Session, request: UUID, stage: Stage, at: datetime) -> None:
        self.paid.append((request, stage))
        if self.follows is not None:
            self.follows(session, request, stage, at)

    def services(self) -> Services:
        """Return the house's services, with these in the place of those of fees."""
        return replace(
            self.house.services,
            fees=self.fees,
            payments=self.payments,
            refund_orders=self.orders,
            differences=self.differences,
            reconciliation=self.reconciliation,
            clock=self.clock,
        )

    def request(self) -> tuple[UUID, str]:
        """Open the record of a request, and give it a URN of a test's."""
        ledger = self.house.services.ledger
        with self.house.services.transaction() as session:
            record = ledger.open_record(session, RecordKind.REQUEST)
        return record, f"BAR-TEST-{next(_NUMBERS):04}-T"

    def due(self, stage: Stage = Stage.REVIEW) -> FeeRow:
        """Ask for a fee of a new request."""
        record, urn = self.request()
        with self.house.services.transaction() as session:
            row = self.fees.demand(session, record, urn, stage, at=self.clock())
            session.expunge(row)
        return row

    def paid_fee(self, stage: Stage = Stage.REVIEW) -> FeeRow:
        """Have somebody pay a fee."""
        fee = self.due(stage)
        self.desk.pay(self.payments.start(fee.id))
        self.payments.check(fee.id)
        return self.fee(fee.id)

    def fee(self, fee: UUID) -> FeeRow:
        with self.house.services.transaction() as session:
            row = session.get_one(FeeRow, fee)
            session.expunge(row)
        return row

    def rows(self, fee: UUID) -> list[PaymentRow]:
        with self.house.services.transaction() as session:
            found = select(PaymentRow).where(PaymentRow.fee == fee)
            rows = session.exec(found.order_by(col(PaymentRow.number))).all()
            session.expunge_all()
        return list(rows)

    def refunds(self, fee: UUID) -> list[RefundRow]:
        with self.house.services.transaction() as session:
            found = select(RefundRow).join(PaymentRow).where(PaymentRow.fee == fee)
            rows = session.exec(found.order_by(col(RefundRow.ordered_at))).all()
            session.expunge_all()
        return list(rows)

    def found(self, fee: UUID | None) -> list[str]:
        """Return what differs about a fee."""
        with self.house.services.transaction() as session:
            found = select(DifferenceRow.what).where(DifferenceRow.fee == fee)
            return list(session.exec(found.order_by(col(DifferenceRow.found_at))).all())

    def events(self, request: UUID) -> list[str]:
        """Return the names of the events of a request, in their order."""
        with self.house.services.transaction() as session:
            found = select(CustodyEventRow.event).where(CustodyEventRow.record == request)
            return list(session.exec(found.order_by(col(CustodyEventRow.n))).all())

    def until_done(self, step: Callable[[], object]) -> None:
        """Do a step again until it is done, as whoever wants it does."""
        for _ in range(5):
            try:
                step()
            except (KilledError, UnavailableError):
                continue
            return
        raise AssertionError("it is never done")
