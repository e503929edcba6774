"""Service. Paying a fee: begun at the button, finished by what the provider says, whoever tells us.

    1. noted   the attempt, with the key under which the provider makes it once
    2. made    at the provider, which names it and the card page
    3. named   its name and the event `payment.requested`, in one transaction
    4. asked   where it stands: when the person returns, when the provider calls, when it is time
    5. settled what it says, with its event, in one transaction; what follows from it too

Killed after 1 or 2, the next press of the button, or the job that looks at what lies about, goes on
with the same key; killed later, whoever asks next learns the same. No step is done twice.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, func, or_, select

from evidence.errors import StateError
from evidence.fees.accounts import FIRST_LOOK, Accounts, Clock
from evidence.fees.fees import JOB_SETTLE, Fees, lock_fee
from evidence.fees.provider import NewPayment, Provider, ProviderRefusedError, ToldPayment
from evidence.fees.refunds import Refunds
from evidence.fees.states import LIVE, NOT_OWED, FeeState, PaymentState
from evidence.fees.tables import FeeRow, PaymentNoticeRow, PaymentRow, RefundRow
from storage.jobs import Jobs

MOST_ATTEMPTS = 50
"""Of one fee: who cannot pay with so many must speak with somebody."""
_CLAIM = timedelta(hours=1)
_FORGET_NOTICES = timedelta(days=60)
_MOST = 100


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment as it is asked for and about."""

    id: UUID
    fee: UUID
    reference: str
    owed: bool
    """Whether it may still be paid by card."""


class Payments:
    """Begins payments and learns what became of them."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        provider: Provider,
        fees: Fees,
        accounts: Accounts,
        refunds: Refunds,
        jobs: Jobs,
        *,
        returns: Callable[[str], str],
        new_id: Callable[[], UUID],
        clock: Clock,
    ) -> None:
        """Come back to what ``returns`` makes of the address of a fee."""
        self._begin = begin
        self._provider = provider
        self._fees = fees
        self._accounts = accounts
        self._refunds = refunds
        self._jobs = jobs
        self._returns = returns
        self._new_id = new_id
        self._clock = clock

    def start(self, fee: UUID) -> str:
        """Return where a person goes to pay a fee; empty: there is nothing to pay.

        However often it is called, there is one unfinished payment; one that ended gives way.

        Raises:
            UnavailableError: the provider does not answer; called again, it goes on.
            ProviderRefusedError: it begins no payment; that is written down for finance.
            StateError: too many payments of this fee came to nothing.
        """
        for _ in range(2):
            with self._begin() as session:
                attempt = self._note(session, fee)
            if attempt is None:
                return ""
            if next_url := self._look(attempt).next_url:
                return next_url
        # The first had just ended, and so had the second: what it ended in stands on the page.
        return ""

    def _note(self, session: Session, fee: UUID) -> Attempt | None:
        """Return the unfinished attempt, noting one if there is none; None: nothing is due."""
        row = lock_fee(session, fee)
        if row.state != FeeState.DUE:
            return None
        live = select(PaymentRow).where(PaymentRow.fee == fee, col(PaymentRow.state).in_(LIVE))
        payment = session.exec(live).first()
        if payment is None:
            numbers = select(func.coalesce(func.max(PaymentRow.number), 0))
            number = session.exec(numbers.where(PaymentRow.fee == fee)).one() + 1
            if number > MOST_ATTEMPTS:
                raise StateError(f"{MOST_ATTEMPTS} payments of this fee came to nothing")
            at = self._clock()
            payment = PaymentRow(
                id=self._new_id(),
                fee=fee,
                number=number,
                state=PaymentState.ASKED,
                begun_at=at,
                check_at=at + FIRST_LOOK,
            )
            session.add(payment)
            session.flush()
        return Attempt(payment.id, fee, payment.provider_reference, owed=True)

    def _look(self, attempt: Attempt) -> ToldPayment:
        """Make a payment that the provider may not have, or ask about it; write down the answer.

        Raises:
            UnavailableError: no answer.
            ProviderRefusedError: after that was written down.
        """
        # A crash here leaves "asked": the provider is asked for the same again, under the same key.
        try:
            told = self._ask(attempt)
        except ProviderRefusedError as refused:
            with self._begin() as session:
                named, at = bool(attempt.reference), self._clock()
                self._accounts.refused(session, attempt.id, refused, named=named, at=at)
            raise
        # A crash here leaves a payment that the provider has and we cannot name: as above.
        with self._begin() as session:
            self._accounts.told(session, attempt.id, told, at=self._clock())
        return told

    def _ask(self, attempt: Attempt) -> ToldPayment:
        if not attempt.reference:
            told = self._provider.create(self._new(attempt))
        else:
            told = self._provider.get(attempt.reference)
        if not attempt.owed and told.state in LIVE:
            self._provider.cancel(told.reference)
            return self._provider.get(told.reference)
        return told

    def _new(self, attempt: Attempt) -> NewPayment:
        with self._begin() as session:
            fee = session.get_one(FeeRow, attempt.fee)
            return NewPayment(
                key=attempt.id,
                pence=fee.pence,
                reference=fee.urn,
                description=f"CCTV footage {fee.stage} {fee.urn}",
                return_url=self._returns(self._fees.address(fee.id)),
                metadata={"urn": fee.urn, "stage": fee.stage, "vat_pence": fee.vat_pence},
            )

    def check(self, fee: UUID) -> None:
        """Learn where the unfinished payments of a fee are that the provider has named.

        Raises:
            UnavailableError, ProviderRefusedError: as `start`.
        """
        for attempt in self._attempts(fee):
            if attempt.reference:
                self._look(attempt)

    def settle(self, fee: UUID) -> None:
        """Bring a fee in line with what the provider says: its payments, then its refunds.

        The work of `JOB_SETTLE`. Raises:
            UnavailableError: no answer; the job is tried again.
        """
        looked: list[tuple[UUID, ToldPayment]] = []
        for attempt in self._attempts(fee):
            try:
                looked.append((attempt.id, self._look(attempt)))
            except ProviderRefusedError:
                continue  # written down, and shown to finance
        self._refunds.send(fee)
        for payment, told in looked:
            self._refunds.compare(payment, told)

    def _attempts(self, fee: UUID) -> Sequence[Attempt]:
        """Return what is unfinished, and what we were told of."""
        with self._begin() as session:
            owed = session.get_one(FeeRow, fee).state not in NOT_OWED
            heard = col(PaymentRow.check_at) <= self._clock()
            found = select(PaymentRow).where(
                PaymentRow.fee == fee, or_(col(PaymentRow.state).in_(LIVE), heard)
            )
            rows = session.exec(found.order_by(col(PaymentRow.number))).all()
            return [Attempt(row.id, fee, row.provider_reference, owed) for row in rows]

    def hear(self, session: Session, message: str, reference: str, *, at: datetime) -> bool:
        """Take a call of the provider's as a hint to ask it; return whether it was news.

        Told again, or of a payment that we do not know, nothing happens.
        """
        row = {"id": message, "heard_at": at}
        noting = insert(PaymentNoticeRow).values(row).on_conflict_do_nothing(index_elements=["id"])
        if session.exec(noting.returning(col(PaymentNoticeRow.id))).first() is None:
            return False
        found = select(PaymentRow).where(PaymentRow.provider_reference == reference)
        payment = session.exec(found).first() if reference else None
        if payment is None:
            return False
        payment.check_at = at
        session.flush()
        self._jobs.defer(session, JOB_SETTLE, str(payment.fee))
        return True

    def due(self, *, at: datetime) -> None:
        """Have the fees looked at whose time has come, and forget old calls."""
        with self._begin() as session:
            payments = select(PaymentRow).where(col(PaymentRow.check_at) <= at).limit(_MOST)
            refunds = select(RefundRow).where(col(RefundRow.check_at) <= at).limit(_MOST)
            # Whoever holds one is at it already.
            for payment in session.exec(payments.with_for_update(skip_locked=True)).all():
                # Nobody else looks for it within the hour: the job is tried again by itself.
                payment.check_at = at + _CLAIM if payment.state in LIVE else payment.check_at
                self._jobs.defer(session, JOB_SETTLE, str(payment.fee))
            for refund in session.exec(refunds.with_for_update(skip_locked=True)).all():
                refund.check_at = at + _CLAIM
                fee = session.get_one(PaymentRow, refund.payment).fee
                self._jobs.defer(session, JOB_SETTLE, str(fee))
            old = col(PaymentNoticeRow.heard_at) < at - _FORGET_NOTICES
            session.exec(delete(PaymentNoticeRow).where(old))
