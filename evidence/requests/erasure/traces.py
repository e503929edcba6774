"""Service. What of a request is personal, row by row: gone, or without its words.

What stays can be counted: the number, path, state and days of a request, which steps were taken
when and by whom of the staff, with their codes, and what was paid by which reference of the
provider. What a release for it says is the release's own record.
"""

from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, delete, or_, select

from custody.ledger.erasure import destroy
from evidence import attention
from evidence.fees.invoicing.tables import InvoiceLineRow
from evidence.fees.tables import DifferenceRow, FeeRow, PaymentRow, RefundRow
from evidence.mailbox.codes import token_subject
from evidence.mailbox.messages import forget_letters
from evidence.people.people import signs_in
from evidence.requests.correspondence.tables import RequestMessageRow
from evidence.requests.documents.kinds import DOCUMENT_EVENTS, RECEIVED
from evidence.requests.documents.tables import DocumentRow
from evidence.requests.duplicates.tables import LikenessRow
from evidence.requests.recorded import steps_of, told_fields
from evidence.requests.systems.tables import FilingRow, RequesterRow
from evidence.requests.tables import (
    RequestDraftRow,
    RequestFactsRow,
    RequestRow,
    RequestVisitRow,
)

CODES = frozenset({"basis", "exhibit", "exhibits", "outcome", "release", "role", "until"})
"""Of what a step told, what is none of anybody's words."""
_OF_DOCUMENTS = frozenset({"document", "document_kind", "result", "seen"})
"""And what stays of the checks of documents: of which kind, seen how, accepted or not."""
_OF_RECEIPTS = _OF_DOCUMENTS - {"result"}
"""Of a document that came, the result is what a scanner said, in its own words."""


def kept_fields(event: str) -> frozenset[str]:
    """Return which fields of an event the row of a step keeps when its request is erased."""
    codes = CODES
    if event in DOCUMENT_EVENTS:
        codes |= _OF_RECEIPTS if event == RECEIVED else _OF_DOCUMENTS
    return told_fields(event) & codes


def clear_request(session: Session, row: RequestRow) -> None:
    """Delete what was asked, written and typed for a request, and the letters about it."""
    draft = RequestDraftRow
    own = or_(col(draft.request) == row.id, col(draft.corrects) == row.id)
    digests = session.exec(select(draft.secret_sha256).where(own)).all()
    forget_letters(session, [row.id, *map(token_subject, digests)])
    for table, found in (
        (RequestDraftRow, own),
        (RequestVisitRow, col(RequestVisitRow.urn) == row.urn),
        (RequestFactsRow, col(RequestFactsRow.request) == row.id),
        (RequestMessageRow, col(RequestMessageRow.request) == row.id),
        (DocumentRow, col(DocumentRow.request) == row.id),
        (LikenessRow, col(LikenessRow.request) == row.id),
        (FilingRow, col(FilingRow.request) == row.id),
    ):
        session.exec(delete(table).where(found))
    for call in attention.calls_to(session, row.id):
        attention.settle(session, row.id, call.job)
    for step in steps_of(session, row.id):
        kept = kept_fields(step.event)
        step.told = {name: said for name, said in step.told.items() if name in kept}
    session.flush()


def clear_fees(session: Session, request: UUID) -> None:
    """Empty what people wrote about the fees of a request; amounts and references stay."""
    fees = select(FeeRow.id).where(FeeRow.request == request)
    payments = select(PaymentRow.id).where(col(PaymentRow.fee).in_(fees))
    of_fees = col(DifferenceRow.fee).in_(fees)
    for difference in session.exec(select(DifferenceRow.id).where(of_fees)).all():
        destroy(session, difference)
    for change in (
        update(FeeRow).where(col(FeeRow.request) == request).values(waived_reason=""),
        update(PaymentRow).where(col(PaymentRow.fee).in_(fees)).values(reason=""),
        update(RefundRow)
        .where(col(RefundRow.payment).in_(payments))
        .values(reason="", failed_reason=""),
        # Its claim and order numbers are the firm's, and in what the digest of a statement covers.
        update(InvoiceLineRow).where(col(InvoiceLineRow.fee).in_(fees)).values(reason=""),
        update(DifferenceRow).where(of_fees).values(words="", settled_reason=""),
    ):
        session.exec(change)


def is_needed(session: Session, person: UUID) -> bool:
    """Tell whether somebody who asked is known for another reason: a request of theirs, say."""
    other = select(RequestRow.id).where(
        RequestRow.person == person, col(RequestRow.erased_at).is_(None)
    )
    machine = select(RequesterRow.number).where(RequesterRow.person == person)
    known = (session.exec(one.limit(1)).first() is not None for one in (other, machine))
    return any(known) or signs_in(session, person)
