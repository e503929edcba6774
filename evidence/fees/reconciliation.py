"""Service. What came to the council's account, held against our rows: each day once, by a job.

The provider tells what it settled on a day (in UTC). Whatever of it we do not know, know otherwise,
or wait for too long becomes a difference that a person of finance sees and settles.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.fees.accounts import Accounts, Clock
from evidence.fees.differences import Differences, What
from evidence.fees.prices import pounds
from evidence.fees.provider import Provider, Settled, ToldPayment, ToldRefund
from evidence.fees.states import PaymentState
from evidence.fees.tables import FeeRow, PaymentRow, RefundRow, SettlementDayRow
from storage.jobs import Jobs

JOB_RECONCILE = "fees.reconcile"
"""Subject: the row of the day."""
_FROM_HOUR = 5
"""UTC: by then the provider has told the day before."""
_MOST_DAYS = 31
_LATE = timedelta(days=10)
"""Money that succeeded is in the account after a week; bank holidays make it longer."""
_MOST = 500


class Reconciliation:
    """Compares days."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        provider: Provider,
        accounts: Accounts,
        differences: Differences,
        jobs: Jobs,
        *,
        new_id: Callable[[], UUID],
        clock: Clock,
    ) -> None:
        self._begin = begin
        self._provider = provider
        self._accounts = accounts
        self._differences = differences
        self._jobs = jobs
        self._new_id = new_id
        self._clock = clock

    def due(self, *, at: datetime) -> None:
        """Have each day compared that is over and was not yet; none before the first payment."""
        now = at.astimezone(UTC)
        if now.hour < _FROM_HOUR:
            return
        last = now.date() - timedelta(days=1)
        with self._begin() as session:
            newest = select(SettlementDayRow).order_by(col(SettlementDayRow.day).desc())
            done = session.exec(newest.limit(1)).first()
            first = last if done is None else max(done.day + timedelta(days=1), _back(last))
            if first > last or (done is None and not _any(session)):
                return
            for number in range((last - first).days + 1):
                row = SettlementDayRow(id=self._new_id(), day=first + timedelta(days=number))
                session.add(row)
                session.flush()
                self._jobs.defer(session, JOB_RECONCILE, str(row.id))

    def reconcile(self, day: UUID) -> None:
        """Compare a day; again, it finds nothing new. The work of `JOB_RECONCILE`.

        Raises:
            UnavailableError: the provider does not answer; the job is tried again.
        """
        with self._begin() as session:
            on = session.get_one(SettlementDayRow, day).day
        settled, at = self._provider.settled(on, on), self._clock()
        # Each by itself: nobody who pays meanwhile waits for a day. Killed here, it begins anew.
        for payment in settled.payments:
            with self._begin() as session:
                self._payment(session, payment, at)
        for refund in settled.refunds:
            with self._begin() as session:
                self._refund(session, refund, at)
        with self._begin() as session:
            self._late(session, on, at)
            _keep(session.get_one(SettlementDayRow, day), settled, at)

    def _payment(self, session: Session, told: ToldPayment, at: datetime) -> None:
        found = select(PaymentRow).where(PaymentRow.provider_reference == told.reference)
        row = session.exec(found).first()
        if row is None:
            words = f"{pounds(told.pence)} came to the account, and we asked nobody for it"
            self._differ(session, What.UNKNOWN_PAYMENT, told.reference, words, None, at)
            return
        known = row.state == PaymentState.SUCCESS
        self._accounts.told(session, row.id, told, at=at)
        if not known:
            words = f"{pounds(told.pence)} was paid, and only the settlement tells us"
            self._differ(session, What.FOUND_LATE, told.reference, words, row.fee, at)

    def _refund(self, session: Session, told: ToldRefund, at: datetime) -> None:
        found = select(RefundRow).where(RefundRow.refund_reference == told.reference)
        row = session.exec(found).first()
        if row is None:
            of = select(PaymentRow.fee).where(PaymentRow.provider_reference == told.payment)
            fee = session.exec(of).first()
            words = f"{pounds(told.pence)} went back, and nobody ordered it here"
            self._differ(session, What.UNKNOWN_REFUND, told.reference, words, fee, at)
            return
        if row.pence != told.pence:
            fee = session.get_one(PaymentRow, row.payment).fee
            words = f"{pounds(told.pence)} went back, and {pounds(row.pence)} was ordered"
            self._differ(session, What.AMOUNT, told.reference, words, fee, at)
        self._accounts.told_refund(session, row.id, told, at=at)

    def _late(self, session: Session, on: date, at: datetime) -> None:
        """Note what succeeded long before a day and never came, if the provider tells of days."""
        tells = select(PaymentRow.id).where(col(PaymentRow.settled_on).is_not(None)).limit(1)
        if session.exec(tells).first() is None:
            return
        before = datetime(on.year, on.month, on.day, tzinfo=UTC) - _LATE
        late = select(PaymentRow).where(
            col(PaymentRow.succeeded_at) < before, col(PaymentRow.settled_on).is_(None)
        )
        for row in session.exec(late.order_by(col(PaymentRow.succeeded_at)).limit(_MOST)):
            pence = session.get_one(FeeRow, row.fee).pence
            words = f"{pounds(pence)} succeeded more than {_LATE.days} days ago, and has not come"
            self._differ(session, What.UNSETTLED, row.provider_reference, words, row.fee, at)

    def _differ(
        self,
        session: Session,
        what: What,
        reference: str,
        words: str,
        fee: UUID | None,
        at: datetime,
    ) -> None:
        self._differences.find(session, what, reference, words, fee=fee, at=at)


def _keep(row: SettlementDayRow, settled: Settled, at: datetime) -> None:
    came = sum(one.pence for one in settled.payments)
    row.looked_at = at
    row.payments, row.refunds = len(settled.payments), len(settled.refunds)
    row.net_pence = came - sum(one.pence for one in settled.refunds)


def _back(last: date) -> date:
    return last - timedelta(days=_MOST_DAYS - 1)


def _any(session: Session) -> bool:
    found = select(PaymentRow.id).where(col(PaymentRow.succeeded_at).is_not(None)).limit(1)
    return session.exec(found).first() is not None
