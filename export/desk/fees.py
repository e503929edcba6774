"""Service. What finance sees of fees: the list, one with all that became of it, what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, func, select

from evidence import attention
from evidence.attention import Call, calls_to
from evidence.errors import UnknownError
from evidence.fees.fees import JOB_SETTLE
from evidence.fees.invoicing.charges import lines_of
from evidence.fees.invoicing.tables import InvoiceLineRow
from evidence.fees.prices import Price
from evidence.fees.reconciliation import JOB_RECONCILE
from evidence.fees.states import LIVE, FeeState, PaymentState, RefundState
from evidence.fees.tables import (
    DifferenceRow,
    FeeRow,
    PaymentRow,
    RefundRow,
    SettlementDayRow,
)
from evidence.paging import MOST_COUNTED, Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import names_of, require

_AT, _ID = col(FeeRow.opened_at), col(FeeRow.id)
_FOUND, _NAMED = col(DifferenceRow.found_at), col(DifferenceRow.id)
_MOST_CALLS = 20


@dataclass(frozen=True, slots=True)
class FeeAccount:
    """A fee, and all that became of it."""

    row: FeeRow
    payments: Sequence[PaymentRow]
    refunds: Mapping[UUID, Sequence[RefundRow]]
    """Of each payment, the first first."""
    lines: Sequence[InvoiceLineRow] = ()
    """Of a fee that is on account: itself, and what was credited of it."""

    @property
    def price(self) -> Price:
        """What is paid, with its VAT."""
        return Price(self.row.pence, self.row.vat_pence, self.row.vat_basis_points)

    @property
    def last(self) -> PaymentRow | None:
        """The latest attempt to pay."""
        return self.payments[-1] if self.payments else None

    @property
    def unfinished(self) -> bool:
        """Whether somebody is at paying it."""
        return self.last is not None and PaymentState(self.last.state) in LIVE

    @property
    def counts(self) -> PaymentRow | None:
        """The payment that paid it."""
        return next((one for one in self.payments if one.id == self.row.paid_by), None)

    @property
    def given_back(self) -> Sequence[RefundRow]:
        """What went back of the payment that counts."""
        of = self.refunds.get(self.row.paid_by, ()) if self.row.paid_by else ()
        return [one for one in of if one.state == RefundState.SUCCESS]

    @property
    def refundable(self) -> int:
        """Pence that finance may yet give back, or credit."""
        if self.lines:
            return sum(one.pence for one in self.lines)
        if self.row.paid_by is None:
            return 0
        of = self.refunds.get(self.row.paid_by, ())
        return self.row.pence - sum(one.pence for one in of if one.state != RefundState.ERROR)


@dataclass(frozen=True, slots=True)
class ShownFee:
    """A fee as finance sees it."""

    account: FeeAccount
    differences: Sequence[DifferenceRow]
    calls: Sequence[Call]
    names: Mapping[UUID, str]
    """Of whoever ordered something back."""


class FeeList:
    """Shows fees; decides and writes nothing."""

    def page(
        self,
        session: Session,
        state: FeeState | None = None,
        *,
        urn: str = "",
        by: Subject,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[FeeRow]:
        """Return a page of the fees, the newest first; ``urn`` is how the reference begins.

        Raises:
            AccessRefusedError: ``by`` may see no fee.
        """
        require(Action.SHOW_FEES, by)
        statement = select(FeeRow).where(_is(state), _begins(urn))
        return page_of(
            lambda at: session.exec(beyond(statement, _AT, _ID, at, most=most)).all(),
            lambda row: (row.opened_at, row.id),
            cursor,
            most=most,
        )

    def counts(
        self, session: Session, *, urn: str = "", by: Subject
    ) -> Mapping[FeeState | None, int]:
        """Return how many fees each state has (None: all), up to one more than `MOST_COUNTED`.

        Raises:
            AccessRefusedError: ``by`` may see no fee.
        """
        require(Action.SHOW_FEES, by)
        states = (None, *FeeState)
        counts = [
            select(func.count())
            .select_from(
                select(FeeRow.id).where(_is(one), _begins(urn)).limit(MOST_COUNTED + 1).subquery()
            )
            .scalar_subquery()
            for one in states
        ]
        return dict(zip(states, session.execute(select(*counts)).one(), strict=True))

    def account(self, session: Session, fee: UUID) -> FeeAccount:
        """Return a fee with its payments; whoever asks has its address, or is let in by `shown`.

        Raises:
            UnknownError: there is no such fee.
        """
        row = session.get(FeeRow, fee)
        if row is None:
            raise UnknownError("there is no such fee")
        of = select(PaymentRow).where(PaymentRow.fee == fee).order_by(col(PaymentRow.number))
        payments = session.exec(of).all()
        back = select(RefundRow).where(col(RefundRow.payment).in_([one.id for one in payments]))
        refunds: dict[UUID, list[RefundRow]] = {}
        for refund in session.exec(back.order_by(col(RefundRow.number))):
            refunds.setdefault(refund.payment, []).append(refund)
        return FeeAccount(row, payments, refunds, lines_of(session, fee))

    def shown(self, session: Session, fee: UUID, *, by: Subject) -> ShownFee:
        """Return a fee as finance sees it.

        Raises:
            AccessRefusedError: ``by`` may see no fee.
            UnknownError: there is no such fee.
        """
        require(Action.SHOW_FEES, by)
        account = self.account(session, fee)
        differ = select(DifferenceRow).where(DifferenceRow.fee == fee).order_by(_FOUND.desc())
        orderers = {one.ordered_by for some in account.refunds.values() for one in some}
        orderers |= {one.person for one in account.lines}
        return ShownFee(
            account,
            session.exec(differ.limit(_MOST_CALLS)).all(),
            calls_to(session, fee),
            names_of(session, orderers),
        )

    def differences(
        self,
        session: Session,
        *,
        settled: bool,
        by: Subject,
        cursor: Cursor | None = None,
        most: int,
    ) -> Page[DifferenceRow]:
        """Return a page of what differs, or differed, the newest first.

        Raises:
            AccessRefusedError: ``by`` may see no fee.
        """
        require(Action.SHOW_FEES, by)
        over = col(DifferenceRow.settled_at)
        wanted = over.is_not(None) if settled else over.is_(None)
        statement = select(DifferenceRow).where(wanted)
        return page_of(
            lambda at: session.exec(beyond(statement, _FOUND, _NAMED, at, most=most)).all(),
            lambda row: (row.found_at, row.id),
            cursor,
            most=most,
        )

    def difference(self, session: Session, name: UUID, *, by: Subject) -> DifferenceRow:
        """Return one difference.

        Raises:
            AccessRefusedError: ``by`` may see no fee.
            UnknownError: there is no such difference.
        """
        require(Action.SHOW_FEES, by)
        row = session.get(DifferenceRow, name)
        if row is None:
            raise UnknownError("there is no such difference")
        return row

    def compared(self, session: Session) -> SettlementDayRow | None:
        """Return the last day of which the settlement was compared."""
        done = select(SettlementDayRow).where(col(SettlementDayRow.looked_at).is_not(None))
        return session.exec(done.order_by(col(SettlementDayRow.day).desc()).limit(1)).first()

    def waiting(self, session: Session) -> Sequence[tuple[str, datetime]]:
        """Return what gave up for want of the provider, in words, and when."""
        found: list[tuple[str, datetime]] = []
        for job in (JOB_SETTLE, JOB_RECONCILE):
            calls = attention.calls(job)
            said = select(calls.c.words, calls.c.at).order_by(calls.c.at.desc())
            found += session.exec(said.limit(_MOST_CALLS)).all()
        return found


def _is(state: FeeState | None) -> ColumnElement[bool]:
    return true() if state is None else col(FeeRow.state) == state.value


def _begins(urn: str) -> ColumnElement[bool]:
    word = urn.strip().upper()
    return col(FeeRow.urn).startswith(word, autoescape=True) if word else true()
