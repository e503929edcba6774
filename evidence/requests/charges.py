"""Service. What a request owes: which step asks for which fee, and what becomes of it at an end.

Whoever pays is asked for the review once cameras may have captured it, and for the release once
somebody approved it in principle. Who pays nothing is on record as such, and so is whoever asks
again for what they paid for, for the same claim. What is owed when a request ends is owed no more,
and what was paid for and will not be done goes back by itself.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from evidence.errors import StateError
from evidence.fees.fees import Fees
from evidence.fees.invoicing.charges import OnAccount
from evidence.fees.prices import Stage
from evidence.fees.refunds import RefundOrders
from evidence.fees.states import INVOICED, FeeState
from evidence.fees.tables import FeeRow
from evidence.people.access import Subject
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.states import CIVIL, OFFICIAL, Path, RequestState, RequestStep
from evidence.requests.tables import RequestRow

PAID: Mapping[Stage, RequestStep] = {
    Stage.REVIEW: RequestStep.REVIEW_PAID,
    Stage.RELEASE: RequestStep.RELEASE_PAID,
}
_ASKED: Mapping[RequestStep, Stage] = {
    RequestStep.COVERED: Stage.REVIEW,
    RequestStep.APPROVED: Stage.RELEASE,
}
_ENDED: Mapping[RequestStep, str] = {
    RequestStep.REFUSED: "the request was refused",
    RequestStep.WITHDRAWN: "the request was withdrawn",
    RequestStep.EXPIRED: "the request has expired",
}
_UNDONE: Mapping[RequestState, tuple[Stage, ...]] = {
    RequestState.REVIEWABLE: (Stage.REVIEW,),
    RequestState.IN_REVIEW: (Stage.REVIEW,),
    RequestState.RELEASING: (Stage.RELEASE,),
}
"""What was paid for and is not done yet, by the state in which a request is refused."""


class Charges:
    """Asks for the fees of a request, and lets go of them."""

    def __init__(
        self, fees: Fees, refunds: RefundOrders, on_account: OnAccount, duplicates: Duplicates
    ) -> None:
        self._fees = fees
        self._duplicates = duplicates
        self._refunds = refunds
        self._on_account = on_account

    def asked(
        self, session: Session, row: RequestRow, step: RequestStep, *, at: datetime
    ) -> FeeRow | None:
        """Ask for the fee that a step leads to; None: it leads to none, or they pay nothing.

        Raises:
            StateError: the same is asked for already, and the fee of that is still due.
        """
        stage, path = _ASKED.get(step), Path(row.path)
        if stage is None:
            return None
        if path in OFFICIAL:
            why = "the police, the prosecution and council teams pay nothing"
            self._fees.waive(session, row.id, row.urn, stage, reason=why, at=at)
        if path not in CIVIL:
            return None
        other = self._duplicates.charged(session, row.id, stage)
        if other is not None and other[1] is FeeState.DUE:
            raise StateError(
                f"request {other[0].urn} asks for the same for the same claim, and its {stage} fee "
                "is due: withdraw this one as its duplicate, or wait until that is paid or over"
            )
        if other is not None:
            met = "is on account" if other[1] in INVOICED else "was paid"
            why = f"duplicate of {other[0].urn}, for which this {met}"
            return self._fees.waive(session, row.id, row.urn, stage, reason=why, at=at)
        return self._fees.demand(session, row.id, row.urn, stage, at=at)

    def waits(self, session: Session, row: RequestRow, step: RequestStep) -> bool:
        """Tell whether `asked` would refuse a step, because the same is due of another request."""
        stage = _ASKED.get(step)
        if stage is None or Path(row.path) not in CIVIL:
            return False
        other = self._duplicates.charged(session, row.id, stage)
        return other is not None and other[1] is FeeState.DUE

    def ended(
        self,
        session: Session,
        row: RequestRow,
        step: RequestStep,
        before: RequestState,
        *,
        by: Subject,
        role: str,
        at: datetime,
    ) -> None:
        """Ask for nothing more of a request that has ended; give back what a refusal leaves undone.

        ``before`` is the state from which it ended.
        """
        why = _ENDED.get(step)
        if why is None:
            return
        for fee in self._fees.of(session, row.id):
            if fee.state == FeeState.DUE:
                stage = Stage(fee.stage)
                self._fees.waive(session, row.id, row.urn, stage, reason=why, at=at)
        if step is RequestStep.REFUSED:
            for stage in _UNDONE.get(before, ()):
                self.give_back(session, row, stage, by=by, role=role, at=at, reason=why)

    def put_on_account(
        self,
        session: Session,
        row: RequestRow,
        fee: UUID,
        *,
        by: Subject,
        role: str,
        claim_reference: str,
        purchase_order: str,
        at: datetime,
    ) -> Stage:
        """Put a fee on the account of ``by``, whose name is their mailbox; return what it is for.

        Raises:
            InvalidError, StateError: it does not go there; nothing was recorded.
        """
        found = next((one for one in self._fees.of(session, row.id) if one.id == fee), None)
        if found is None:
            raise StateError(f"request {row.urn} has no such fee")
        self._on_account.charge(
            session,
            found.id,
            by.name,
            claim_reference=claim_reference,
            purchase_order=purchase_order,
            by=by,
            role=role,
            at=at,
        )
        return Stage(found.stage)

    def give_back(
        self,
        session: Session,
        row: RequestRow,
        stage: Stage,
        *,
        by: Subject,
        role: str,
        at: datetime,
        reason: str,
    ) -> None:
        """Give back what is left of a fee, if it was paid."""
        self._refunds.order_whole(
            session, row.id, stage, by=by, role=role, at=at, reason=reason
        )  # fmt: skip
