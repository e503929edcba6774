"""Service. What the rows tell of fees: their payments and refunds, and what is on account."""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Span
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from evidence.fees.differences import NONE
from evidence.fees.invoicing.tables import InvoiceLineRow
from evidence.fees.prices import Stage, split
from evidence.fees.states import (
    LIVE,
    UNPAID,
    FeeState,
    PaymentState,
    RefundState,
    fee_state,
)
from evidence.fees.tables import FeeRow, PaymentRow, RefundRow
from export.desk.claims.money.accounts import line_flaws, tell_line
from export.desk.claims.rows import dated, grouped, pick

FEE_EVENTS = (
    *("fee.demanded", "fee.waived", "payment.requested", "payment.succeeded"),
    *("payment.failed", "refund.ordered", "payment.refunded", "refund.failed"),
    *("fee.on_account", "fee.credited"),
)
"""The events of a request of which these rows tell all that there are."""
_FEE = (
    *("id", "request", "urn", "stage", "pence", "vat_pence", "vat_basis_points"),
    *("state", "opened_at", "demanded", "waived_at", "waived_reason", "paid_by", "paid_at"),
)
_PAYMENT = (
    *("id", "number", "state", "reason", "provider_reference"),
    *("requested_at", "failed_at", "succeeded_at"),
)
_REFUND = (
    *("payment", "number", "pence", "reason", "ordered_by", "role", "ordered_at", "state"),
    *("refund_reference", "failed_reason", "ended_at"),
)
_LINE = (
    *("fee", "number", "account", "pence", "vat_pence", "claim_reference", "purchase_order"),
    *("reason", "person", "role", "at"),
)
_AT_ONCE = 500


def fees(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each request of a span that has a fee, sorted by record."""
    fee = FeeRow
    rows = session.connection().execute(
        select(*(getattr(fee, name) for name in _FEE))
        .where(col(fee.request).between(span.first, span.last))
        .order_by(col(fee.request), col(fee.stage))
        .execution_options(yield_per=_AT_ONCE)
    )
    held: list[Any] = []
    for some in rows.partitions():
        held += some
        if len(held) <= _AT_ONCE:
            continue
        # The fees of the last request of a batch may go on in the next one.
        last = held[-1].request
        yield from _batch(session, [row for row in held if row.request != last])
        held = [row for row in held if row.request == last]
    yield from _batch(session, held)


def _batch(session: Session, rows: Sequence[Any]) -> Iterator[Claim]:
    if not rows:
        return
    known = _Known(session, rows[0].request, rows[-1].request)
    for request, some in groupby(rows, lambda row: row.request):
        name = f"the fees of {request}"
        try:
            yield known.claim(request, list(some), name)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            flaw = f"holds what this service never wrote ({type(error).__name__})"
            yield Claim(request, name, RecordKind.REQUEST, {}, flaws=(flaw,))


class _Known:
    """What is known of the payments and refunds of the requests from one to another."""

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        fee, payment, refund = FeeRow, PaymentRow, RefundRow
        among = col(fee.request).between(first, last)
        self._payments = grouped(
            session,
            pick(payment.fee, *(getattr(payment, name) for name in _PAYMENT))
            .join(fee, col(fee.id) == payment.fee)
            .where(among)
            .order_by(col(payment.fee), col(payment.number)),
        )
        self._refunds = grouped(
            session,
            pick(*(getattr(refund, name) for name in _REFUND))
            .join(payment, col(payment.id) == refund.payment)
            .join(fee, col(fee.id) == payment.fee)
            .where(among)
            .order_by(col(refund.payment), col(refund.number)),
        )
        line = InvoiceLineRow
        self._lines = grouped(
            session,
            pick(*(getattr(line, name) for name in _LINE))
            .join(fee, col(fee.id) == line.fee)
            .where(among)
            .order_by(col(line.fee), col(line.number)),
        )

    def claim(self, request: UUID, rows: Sequence[Any], name: str) -> Claim:
        """Return what the rows say of one request."""
        events: dict[str, list[Expected]] = {name: [] for name in FEE_EVENTS}
        flaws: list[str] = []
        for row in rows:
            _tell_fee(events, row)
            payments = self._payments[row.id]
            refunds = {one.id: self._refunds[one.id] for one in payments}
            for payment in payments:
                _tell_payment(events, row, payment)
                for refund in refunds[payment.id]:
                    _tell_refund(events, row, payment, refund)
            lines = self._lines[row.id]
            for line in lines:
                tell_line(events, row, line)
            found = chain(_flaws(row, payments, refunds, lines), line_flaws(row, lines))
            flaws += [f"{row.stage}: {flaw}" for flaw in found]
        return Claim(request, name, RecordKind.REQUEST, events, flaws=tuple(flaws))


def _tell_fee(events: dict[str, list[Expected]], row: Any) -> None:  # noqa: ANN401 - columns of FeeRow
    said: dict[str, JSON] = {
        "urn": row.urn,
        "stage": Stage(row.stage).value,
        "pence": row.pence,
        "vat_pence": row.vat_pence,
        "vat_basis_points": row.vat_basis_points,
    }
    if row.demanded:
        events["fee.demanded"].append(Expected({**said, "at": dated(row.opened_at)}))
    if row.waived_at is not None:
        waived = {**said, "reason": row.waived_reason, "at": dated(row.waived_at)}
        events["fee.waived"].append(Expected(waived))


def _tell_payment(events: dict[str, list[Expected]], fee: Any, row: Any) -> None:  # noqa: ANN401 - columns
    if not row.provider_reference:
        return
    said: dict[str, JSON] = {
        "stage": fee.stage,
        "pence": fee.pence,
        "provider_reference": row.provider_reference,
    }
    events["payment.requested"].append(Expected({**said, "at": dated(row.requested_at)}))
    if row.succeeded_at is not None:
        events["payment.succeeded"].append(Expected({**said, "at": dated(row.succeeded_at)}))
    if row.failed_at is not None:
        failed = {**said, "reason": row.reason, "at": dated(row.failed_at)}
        if row.state != PaymentState.SUCCESS:
            failed["state"] = row.state
        events["payment.failed"].append(Expected(failed))


def _tell_refund(events: dict[str, list[Expected]], fee: Any, payment: Any, row: Any) -> None:  # noqa: ANN401 - columns
    said: dict[str, JSON] = {
        "stage": fee.stage,
        "pence": row.pence,
        "provider_reference": payment.provider_reference,
    }
    ordered: dict[str, JSON] = {
        "actor": str(row.ordered_by),
        "role": row.role,
        "reason": row.reason,
        "at": dated(row.ordered_at),
    }
    events["refund.ordered"].append(Expected({**said, **ordered}))
    ended = {**said, "refund_reference": row.refund_reference or NONE}
    if row.state == RefundState.SUCCESS:
        events["payment.refunded"].append(Expected({**ended, "at": dated(row.ended_at)}))
    if row.state == RefundState.ERROR:
        failed = {"reason": row.failed_reason, "at": dated(row.ended_at)}
        events["refund.failed"].append(Expected({**ended, **failed}))


def _flaws(
    row: Any,  # noqa: ANN401 - columns
    payments: Sequence[Any],
    refunds: dict[UUID, list[Any]],
    lines: Sequence[Any],
) -> Iterator[str]:
    """Say what a fee and its payments say that no history of them gives."""
    if split(row.pence, row.vat_basis_points).vat_pence != row.vat_pence:
        yield "has another VAT than its rate gives"
    if not row.demanded and row.opened_at != row.waived_at:
        yield "was opened, and neither demanded nor waived"
    if row.waived_at is None and row.waived_reason:
        yield "was waived at no time"
    yield from _paid_flaws(row, payments, refunds, lines)
    if [one.number for one in payments] != list(range(1, len(payments) + 1)):
        yield "has payments that are not numbered one after another"
    for one in payments:
        yield from _payment_flaws(one)
        numbers = [refund.number for refund in refunds[one.id]]
        if numbers != list(range(1, len(numbers) + 1)):
            yield "has refunds that are not numbered one after another"
        yield from (flaw for refund in refunds[one.id] for flaw in _refund_flaws(refund))


def _paid_flaws(
    row: Any,  # noqa: ANN401 - columns
    payments: Sequence[Any],
    refunds: dict[UUID, list[Any]],
    lines: Sequence[Any],
) -> Iterator[str]:
    """Say where a fee is paid or given back otherwise than its payments say."""
    counts = next((one for one in payments if one.id == row.paid_by), None)
    if row.paid_by is not None and (counts is None or counts.succeeded_at is None):
        yield "is paid by a payment that did not succeed"
    if row.paid_at != (lines[0].at if lines else None if counts is None else counts.succeeded_at):
        yield "was paid at another time than its payment"
    sent = refunds.get(row.paid_by, []) if row.paid_by is not None else []
    gone = sum(one.pence for one in sent if one.state == RefundState.SUCCESS)
    paid = row.pence if row.paid_by is not None or lines else None
    gone -= sum(one.pence for one in lines[1:])
    state = fee_state(
        waived=row.waived_at is not None, paid=paid, refunded=gone, invoiced=bool(lines)
    )
    if FeeState(row.state) is not state:
        yield f"is {row.state}, and its payments say {state}"
    owed = row.paid_by is None and row.waived_at is None and not lines
    if owed and any(one.succeeded_at for one in payments):
        yield "has a payment that succeeded, and is not paid"


def _payment_flaws(row: Any) -> Iterator[str]:  # noqa: ANN401 - columns of PaymentRow
    state = PaymentState(row.state)
    if (state is PaymentState.SUCCESS) != (row.succeeded_at is not None):
        yield "has a payment that succeeded, and is not a success, or the other way round"
    if (state in UNPAID) != (row.failed_at is not None) and state is not PaymentState.SUCCESS:
        yield "has a payment that ended without money at no time, or has not ended"
    if row.failed_at is None and row.reason:
        yield "has a payment that says why it ended, and did not"
    if not row.provider_reference and state not in (PaymentState.ASKED, PaymentState.ERROR):
        yield "has a payment without the provider's name for it"
    if state is PaymentState.ASKED and row.provider_reference:
        yield "has a payment that the provider named, and was only asked for"
    if (row.requested_at is None) != (not row.provider_reference):
        yield "has a payment that was named at no time"
    if state in LIVE and row.failed_at is not None:
        yield "has a payment that ended and goes on"


def _refund_flaws(row: Any) -> Iterator[str]:  # noqa: ANN401 - columns of RefundRow
    over = RefundState(row.state) in (RefundState.SUCCESS, RefundState.ERROR)
    if over != (row.ended_at is not None):
        yield "has a refund that ended at no time, or has not ended"
    if row.state != RefundState.ERROR and row.failed_reason:
        yield "has a refund that failed, and did not"
    if row.state == RefundState.ORDERED and row.refund_reference:
        yield "has a refund that the provider named, and was only ordered"
