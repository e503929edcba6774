"""Service. What is owed for a request: demanded, waived, found by its address.

One fee for each stage of a request, however often somebody asks for it. Whether anybody owes it,
the path of the request decides; what is recorded here is that decision.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.erasure import is_destroyed
from custody.ledger.ledger import Ledger
from evidence.errors import StateError, UnknownError
from evidence.fees.addresses import format_address, parse_address
from evidence.fees.prices import Stage, Tariff
from evidence.fees.states import LIVE, FeeState
from evidence.fees.tables import FeeRow, PaymentRow
from evidence.wording import check_words
from storage.jobs import Jobs

JOB_SETTLE = "fee.settle"
"""Subject: the fee. Its payments and refunds are brought in line with what the provider says."""
FREE = "the council charges nothing for this"
_MOST = 500


class Fees:
    """Keeps what is owed."""

    def __init__(
        self,
        ledger: Ledger,
        jobs: Jobs,
        tariff: Tariff,
        *,
        root: bytes,
        new_id: Callable[[], UUID],
    ) -> None:
        """``root`` is the key of addresses (`evidence.fees.addresses`)."""
        self._ledger = ledger
        self._jobs = jobs
        self.tariff = tariff
        self._root = root
        self._new_id = new_id

    def demand(
        self, session: Session, request: UUID, urn: str, stage: Stage, *, at: datetime
    ) -> FeeRow:
        """Ask for a fee; asked again, return the one that there is, whatever became of it."""
        if (there := self.of_stage(session, request, stage)) is not None:
            return there
        if self.tariff.price(stage).pence == 0:
            return self.waive(session, request, urn, stage, reason=FREE, at=at)
        row = self._open(session, request, urn, stage, FeeState.DUE, at)
        self._ledger.append(session, request, "fee.demanded", _said(row), at=at)
        return row

    def waive(
        self, session: Session, request: UUID, urn: str, stage: Stage, *, reason: str, at: datetime
    ) -> FeeRow:
        """Let somebody pay nothing: from the start, or of a fee that is due and unpaid.

        A payment that is under way is cancelled; if it arrives all the same, it goes back.

        Raises:
            InvalidError: no reason, or none that can be kept.
            StateError: it is paid: it can be refunded.
        """
        reason = check_words("reason", reason, most=_MOST)
        row = self.of_stage(session, request, stage)
        if row is None:
            row = self._open(session, request, urn, stage, FeeState.WAIVED, at)
        elif row.state == FeeState.WAIVED:
            return row
        elif row.state != FeeState.DUE:
            raise StateError(
                f"the {stage} fee of {urn} is paid, or on account: it can be given back, not waived"
            )
        row.state, row.waived_at, row.waived_reason = FeeState.WAIVED, at, reason
        session.flush()
        said = {**_said(row), "reason": reason}
        self._ledger.append(session, request, "fee.waived", said, at=at)
        if has_live(session, row.id):
            self._jobs.defer(session, JOB_SETTLE, str(row.id))
        return row

    def of(self, session: Session, request: UUID) -> Sequence[FeeRow]:
        """Return the fees of a request, the first first."""
        found = select(FeeRow).where(FeeRow.request == request)
        return session.exec(found.order_by(col(FeeRow.opened_at), FeeRow.stage)).all()

    def of_stage(self, session: Session, request: UUID, stage: Stage) -> FeeRow | None:
        """Return the fee of one stage, locked until the transaction ends."""
        found = select(FeeRow).where(FeeRow.request == request, FeeRow.stage == stage.value)
        refreshed = found.with_for_update().execution_options(populate_existing=True)
        return session.exec(refreshed).first()

    def address(self, fee: UUID) -> str:
        """Return what the address of a fee's pages ends in: whoever has it may pay it."""
        return format_address(self._root, fee)

    def at(self, session: Session, address: str) -> FeeRow:
        """Return the fee of an address.

        Raises:
            UnknownError: there is none; a guess is told the same.
        """
        fee = parse_address(self._root, address)
        row = None if fee is None else session.get(FeeRow, fee)
        if row is None:
            raise UnknownError("there is nothing to pay at this address")
        return row

    def _open(
        self,
        session: Session,
        request: UUID,
        urn: str,
        stage: Stage,
        state: FeeState,
        at: datetime,
    ) -> FeeRow:
        price = self.tariff.price(stage)
        row = FeeRow(
            id=self._new_id(),
            request=request,
            urn=urn,
            stage=stage.value,
            pence=price.pence,
            vat_pence=price.vat_pence,
            vat_basis_points=price.vat_basis_points,
            state=state.value,
            opened_at=at,
            demanded=state is FeeState.DUE,
        )
        session.add(row)
        session.flush()
        return row


def lock_fee(session: Session, fee: UUID) -> FeeRow:
    """Return a fee as it is now, held until the transaction ends: before any payment of it."""
    return session.get_one(FeeRow, fee, with_for_update=True, populate_existing=True)


def lock_fees(session: Session, request: UUID) -> None:
    """Hold every fee of a request until the transaction ends: before the request itself."""
    fees = select(FeeRow.id).where(FeeRow.request == request).order_by(col(FeeRow.id))
    session.exec(fees.with_for_update()).all()


def _said(row: FeeRow) -> dict[str, str | int]:
    names = ("urn", "stage", "pence", "vat_pence", "vat_basis_points")
    return {name: getattr(row, name) for name in names}


def require_kept(session: Session, fee: FeeRow) -> None:
    """See that something can still be recorded of a fee.

    Raises:
        StateError: what its request says was erased; says what to do.
    """
    if is_destroyed(session, fee.request):
        raise StateError(
            "the request of this fee was erased, so nothing more can be recorded of it: give the "
            "money back outside of Custos, with the payment provider's own tool or by a transfer"
        )


def has_live(session: Session, fee: UUID) -> bool:
    """Tell whether somebody is at paying a fee by card."""
    live = select(PaymentRow.id).where(PaymentRow.fee == fee, col(PaymentRow.state).in_(LIVE))
    return session.exec(live.limit(1)).first() is not None
