"""Service. Money that goes back: ordered with a reason, then sent by a job, each order once.

A provider gives money back as often as it is told, so before each time it is asked what can still
be given back, and told that amount with the order: it refuses if that is not so any more. What is
less than we know of went back already, by an attempt whose answer was lost: that is taken over.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger, Values
from evidence.errors import InvalidError, StateError
from evidence.fees.accounts import Accounts, Clock, given_back, refunds_of
from evidence.fees.fees import JOB_SETTLE, lock_fee, require_kept
from evidence.fees.prices import Stage, pounds
from evidence.fees.provider import Provider, ProviderRefusedError, ToldPayment, ToldRefund
from evidence.fees.states import INVOICED, WAITING, PaymentState, RefundState
from evidence.fees.tables import FeeRow, PaymentRow, RefundRow
from evidence.people.access import Action, Subject
from evidence.people.people import People, as_person, require
from evidence.wording import check_words
from storage.errors import UnavailableError
from storage.jobs import Jobs

MACHINE = "the payment service"
"""Who orders back what nobody owes: no person decides that."""
SERVICE = "service"
"""The role in which it does."""
_MOST = 2000


class Credit(Protocol):
    """Credits a fee that is on account, where nothing can go back to a card."""

    def __call__(
        self,
        session: Session,
        fee: FeeRow,
        pence: int | None,
        *,
        by: Subject,
        role: str,
        at: datetime,
        reason: str,
    ) -> None:
        """Credit that much of it, or what is left, in the transaction of the decision."""


class RefundOrders:
    """Notes what is to go back, in the transaction of the decision."""

    def __init__(
        self,
        ledger: Ledger,
        jobs: Jobs,
        people: People,
        *,
        credit: Credit,
        new_id: Callable[[], UUID],
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._people = people
        self._credit = credit
        self._new_id = new_id

    def order(
        self, session: Session, fee: UUID, pence: int, *, by: Subject, at: datetime, reason: str
    ) -> None:
        """Give back a part of what was paid for a fee, or all of it; credit it if it is on account.

        Raises:
            AccessRefusedError, InvalidError: nothing was recorded.
            StateError: it is not paid.
        """
        role = require(Action.REFUND_PAYMENT, by)
        reason = check_words("reason", reason, most=_MOST, lines=True)
        row = lock_fee(session, fee)
        if row.state in INVOICED:
            self._credit(session, row, pence, by=by, role=role.value, at=at, reason=reason)
            return
        payment = _paid_by(session, row)
        left = row.pence - _ordered(session, payment.id)
        if not 0 < pence <= left:
            words = f"{pounds(left)} of this fee can be refunded: enter that or less"
            raise InvalidError("amount", words if left else "all of this fee was refunded already")
        self._note(session, row, payment, pence, reason, by, role.value, at)

    def order_whole(
        self,
        session: Session,
        request: UUID,
        stage: Stage,
        *,
        by: Subject,
        role: str,
        at: datetime,
        reason: str,
    ) -> None:
        """Give back what is left of a paid fee, because a request was refused after all.

        Whoever may refuse it may do this; nothing happens where nothing was paid, or all went back.
        What is on account is credited there.
        """
        found = select(FeeRow.id).where(FeeRow.request == request, FeeRow.stage == stage.value)
        fee = session.exec(found).first()
        row = None if fee is None else lock_fee(session, fee)
        if row is not None and row.state in INVOICED:
            self._credit(session, row, None, by=by, role=role, at=at, reason=reason)
        elif row is not None and row.paid_by is not None:
            payment = _paid_by(session, row)
            left = row.pence - _ordered(session, payment.id)
            if left > 0:
                self._note(session, row, payment, left, reason, by, role, at)

    def give_back(
        self, session: Session, fee: FeeRow, payment: PaymentRow, *, reason: str, at: datetime
    ) -> None:
        """Order all of a payment back that nobody owed (`evidence.fees.accounts.GiveBack`)."""
        machine = self._people.known(session, MACHINE)
        by = self._people.subject(session, machine, ())
        self._note(session, fee, payment, fee.pence, reason, by, SERVICE, at)

    def _note(
        self,
        session: Session,
        fee: FeeRow,
        payment: PaymentRow,
        pence: int,
        reason: str,
        by: Subject,
        role: str,
        at: datetime,
    ) -> None:
        require_kept(session, fee)
        row = RefundRow(
            id=self._new_id(),
            payment=payment.id,
            number=len(refunds_of(session, payment.id)) + 1,
            pence=pence,
            reason=reason,
            ordered_by=by.person,
            role=role,
            ordered_at=at,
            state=RefundState.ORDERED,
            check_at=at,
        )
        session.add(row)
        session.flush()
        said: Values = {
            "actor": as_person(by),
            "role": role,
            "stage": fee.stage,
            "pence": pence,
            "provider_reference": payment.provider_reference,
            "reason": reason,
        }
        self._ledger.append(session, fee.request, "refund.ordered", said, at=at)
        self._jobs.defer(session, JOB_SETTLE, str(fee.id))


class Refunds:
    """Sends what was ordered, one after another; run by one worker at a time for a fee."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        provider: Provider,
        accounts: Accounts,
        *,
        clock: Clock,
    ) -> None:
        self._begin = begin
        self._provider = provider
        self._accounts = accounts
        self._clock = clock

    def send(self, fee: UUID) -> None:
        """Send the refunds of a fee that wait, and ask what became of those that were sent.

        Raises:
            UnavailableError: the provider does not answer, or does not know yet what it did: again.
        """
        waiting = (
            select(RefundRow.id, PaymentRow.provider_reference)
            .join(PaymentRow, col(PaymentRow.id) == RefundRow.payment)
            .where(PaymentRow.fee == fee, col(RefundRow.state).in_(WAITING))
            .order_by(col(RefundRow.ordered_at), col(RefundRow.number))
        )
        with self._begin() as session:
            found = session.exec(waiting).all()
        for refund, payment in found:
            try:
                told = self._ask(refund, payment)
            except ProviderRefusedError as refused:
                with self._begin() as session:
                    self._accounts.refused_refund(session, refund, refused, at=self._clock())
                continue
            # A crash before this line leaves "ordered": the next attempt finds that less can be
            # given back than we know of, and takes over what went.
            with self._begin() as session:
                self._accounts.told_refund(session, refund, told, at=self._clock())

    def compare(self, payment: UUID, told: ToldPayment) -> None:
        """Note refunds of a payment that nobody ordered here: somebody used the admin tool.

        Raises:
            UnavailableError, ProviderRefusedError: the provider does not say.
        """
        with self._begin() as session:
            rows = refunds_of(session, payment)
            left = told.pence - given_back(session, payment)
        known = {one.refund_reference for one in rows}
        waits = any(one.state == RefundState.ORDERED for one in rows)
        if told.state is not PaymentState.SUCCESS or told.refundable >= left or waits:
            return
        for one in self._provider.refunds(told.reference):
            if one.reference not in known and one.state is not RefundState.ERROR:
                with self._begin() as session:
                    self._accounts.elsewhere(session, payment, one, at=self._clock())

    def _ask(self, refund: UUID, payment: str) -> ToldRefund:
        with self._begin() as session:
            row = session.get_one(RefundRow, refund)
            pence, reference, of = row.pence, row.refund_reference, row.payment
            fee = session.get_one(FeeRow, session.get_one(PaymentRow, of).fee)
            left = fee.pence - given_back(session, of)
            known = {one.refund_reference for one in refunds_of(session, of)}
        if reference:
            return self._provider.get_refund(payment, reference)
        available = self._provider.get(payment).refundable
        if available >= left:
            return self._provider.refund(payment, pence, available=available)
        # Something went back that we have not written down.
        for one in self._provider.refunds(payment):
            gone = one.state is not RefundState.ERROR
            if gone and one.pence == pence and one.reference not in known:
                return one
        if available < pence:
            raise UnavailableError(
                "less can be refunded than we know of: the payment provider, or a person with its "
                "admin tool, gave some of it back, and does not show it yet"
            )
        if left - available == pence:
            raise UnavailableError("a refund was begun, and the provider does not show it yet")
        return self._provider.refund(payment, pence, available=available)


def _paid_by(session: Session, row: FeeRow) -> PaymentRow:
    if row.paid_by is None:
        raise StateError("this fee is not paid: there is nothing to give back")
    return session.get_one(PaymentRow, row.paid_by)


def _ordered(session: Session, payment: UUID) -> int:
    """Return how many pence went back, or are ordered to."""
    rows = refunds_of(session, payment)
    return sum(one.pence for one in rows if one.state != RefundState.ERROR)
