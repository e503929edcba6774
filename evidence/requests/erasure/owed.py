"""Service. Whether money of a request is still on its way, so that its record must stay open."""

from uuid import UUID

from sqlmodel import Session, col, func, or_, select

from evidence import attention
from evidence.fees.invoicing.tables import InvoiceLineRow, StatementRow
from evidence.fees.states import INVOICED, LIVE, WAITING, FeeState
from evidence.fees.tables import DifferenceRow, FeeRow, PaymentRow, RefundRow

_OVER = (FeeState.WAIVED, FeeState.PAID, FeeState.PARTLY_REFUNDED, FeeState.REFUNDED, *INVOICED)
"""In these a fee asks for nothing any more; of what is on account, its statements do."""


def is_unsettled(session: Session, request: UUID) -> bool:
    """Tell whether a fee of a request is owed, on its way, differs, or waits for a person."""
    fees = select(FeeRow.id).where(FeeRow.request == request)
    payments = select(PaymentRow.id).where(col(PaymentRow.fee).in_(fees))
    # A statement whose credits are all of what is on it asks for no money, and nobody settles it.
    over = or_(col(StatementRow.settled_at).is_not(None), StatementRow.pence == 0)
    stated = select(StatementRow.number).where(over)
    speaking = (
        fees.where(col(FeeRow.state).not_in(_OVER)),
        payments.where(col(PaymentRow.state).in_(LIVE)),
        select(RefundRow.id).where(
            col(RefundRow.payment).in_(payments), col(RefundRow.state).in_(WAITING)
        ),
        select(DifferenceRow.id).where(
            col(DifferenceRow.fee).in_(fees), col(DifferenceRow.settled_at).is_(None)
        ),
        select(InvoiceLineRow.id).where(
            col(InvoiceLineRow.fee).in_(fees),
            func.coalesce(col(InvoiceLineRow.statement).not_in(stated), True),
        ),
    )
    if any(session.exec(one.limit(1)).first() is not None for one in speaking):
        return True
    return bool(attention.calls_among(session, session.exec(fees).all()))
