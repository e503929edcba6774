"""Service. Fees that go on account instead of being paid by card, and what is credited of them.

Whoever decides that a fee goes on account moves the request in the same transaction: what stands
on the account is owed, and nothing waits for it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger, Values
from evidence.errors import StateError
from evidence.fees.fees import JOB_SETTLE, has_live, lock_fee, require_kept
from evidence.fees.invoicing.accounts import InvoiceAccounts, unsettled
from evidence.fees.invoicing.lines import credit_vat
from evidence.fees.invoicing.tables import InvoiceLineRow
from evidence.fees.invoicing.terms import parse_terms
from evidence.fees.prices import pounds
from evidence.fees.states import FeeState, fee_state
from evidence.fees.tables import FeeRow
from evidence.people.access import Subject
from evidence.people.people import as_person
from evidence.wording import check_words
from storage.jobs import Jobs

MOST_ORDER = 60
"""Characters of a purchase order's reference."""


class OnAccount:
    """Writes lines of accounts, each with its event of the request."""

    def __init__(
        self, ledger: Ledger, jobs: Jobs, accounts: InvoiceAccounts, *, new_id: Callable[[], UUID]
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._accounts = accounts
        self._new_id = new_id

    def charge(
        self,
        session: Session,
        fee: UUID,
        mailbox: str,
        *,
        claim_reference: str,
        purchase_order: str,
        by: Subject,
        role: str,
        at: datetime,
    ) -> InvoiceLineRow:
        """Put a fee that is due on the account of a mailbox that was proven.

        A payment that is under way is cancelled; if it arrives all the same, it goes back.

        Raises:
            InvalidError: the purchase order has no reference, or none that can be kept.
            StateError: it is not due, there is no such account, or its limit is reached.
        """
        order = check_words("purchase_order", purchase_order, most=MOST_ORDER)
        row = lock_fee(session, fee)
        if row.state != FeeState.DUE:
            raise StateError("this fee is not due any more")
        account = self._accounts.of_mailbox(session, mailbox, lock=True)
        if account is None:
            raise StateError("your organisation has no open account with us: pay by card")
        limit = parse_terms(account.terms).limit_pence
        if limit is not None and unsettled(session, account.id) + row.pence > limit:
            raise StateError(
                f"{pounds(limit)} may be on your organisation's account, and this fee would be "
                "more than that: pay by card, or speak with whoever pays your invoices"
            )
        line = InvoiceLineRow(
            id=self._new_id(),
            account=account.id,
            fee=row.id,
            number=0,
            pence=row.pence,
            vat_pence=row.vat_pence,
            claim_reference=claim_reference,
            purchase_order=order,
            person=by.person,
            role=role,
            at=at,
        )
        session.add(line)
        row.state, row.paid_at = FeeState.ON_ACCOUNT, at
        session.flush()
        facts = {"purchase_order": order, "claim_reference": claim_reference}
        self._append(session, row, line, "fee.on_account", {"facts": facts}, by, at)
        if has_live(session, row.id):
            self._jobs.defer(session, JOB_SETTLE, str(row.id))
        return line

    def credit(
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
        """Credit a part of a fee on account, which is locked; no ``pence``: what is left of it.

        It goes on the next statement, whichever the fee is on (`evidence.fees.refunds.Credit`).

        Raises:
            InvalidError: that much is not left.
            StateError: its request was erased.
        """
        require_kept(session, fee)
        lines = lines_of(session, fee.id)
        left = sum(one.pence for one in lines)
        if pence is None and not left:
            return
        back = left if pence is None else pence
        vat = credit_vat(left, back, fee.vat_basis_points)
        line = InvoiceLineRow(
            id=self._new_id(),
            account=lines[0].account,
            fee=fee.id,
            number=len(lines),
            pence=-back,
            vat_pence=-vat,
            claim_reference=lines[0].claim_reference,
            purchase_order=lines[0].purchase_order,
            reason=reason,
            person=by.person,
            role=role,
            at=at,
        )
        session.add(line)
        gone = fee.pence - left + back
        fee.state = fee_state(waived=False, paid=fee.pence, refunded=gone, invoiced=True)
        session.flush()
        self._append(session, fee, line, "fee.credited", {"reason": reason}, by, at)

    def _append(
        self,
        session: Session,
        fee: FeeRow,
        line: InvoiceLineRow,
        event: str,
        more: Values,
        by: Subject,
        at: datetime,
    ) -> None:
        said: Values = {
            "actor": as_person(by),
            "role": line.role,
            "stage": fee.stage,
            "pence": abs(line.pence),
            "vat_pence": abs(line.vat_pence),
            "account": str(line.account),
            **more,
        }
        self._ledger.append(session, fee.request, event, said, at=at)


def lines_of(session: Session, fee: UUID) -> Sequence[InvoiceLineRow]:
    """Return the lines of a fee: itself, and then what was credited; none: it is not on account."""
    found = select(InvoiceLineRow).where(InvoiceLineRow.fee == fee)
    return session.exec(found.order_by(col(InvoiceLineRow.number))).all()
