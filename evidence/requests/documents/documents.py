"""Service. Documents of a request: received, shown as what is known of them, deleted.

Each is a step of its request, written with its custody event (`evidence/requests/recorded`). Their
bytes are nobody's here: `checks` opens them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from custody.formats.canonical import JSON
from custody.ledger.ledger import Ledger
from evidence.errors import InvalidError, StateError
from evidence.people.access import Subject
from evidence.requests.documents.clocks import Keeping
from evidence.requests.documents.contents import FIELD
from evidence.requests.documents.drafted import keep, made
from evidence.requests.documents.envelopes import Envelopes
from evidence.requests.documents.incoming import Incoming
from evidence.requests.documents.kinds import (
    DELETED,
    RECEIVED,
    Checked,
    DocumentKind,
    Verdict,
    checked_by,
    kinds_of,
)
from evidence.requests.documents.tables import DocumentBytesRow, DocumentRow
from evidence.requests.recorded import REQUESTER, record_step, requester_of, steps_of
from evidence.requests.states import OPEN, Path
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow

MOST_KEPT = 12
"""Documents of one request that are kept at a time."""


@dataclass(frozen=True, slots=True)
class Held:
    """A document of a request, as pages show it; never its bytes."""

    row: DocumentRow
    verdict: Verdict | None
    """None: nobody has checked it."""
    reason: str
    until: datetime
    """When it is deleted, or was."""


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents of a request, and how its path's needs stand."""

    checked: Checked
    held: Sequence[Held]
    """The first first."""
    missing: Sequence[DocumentKind]
    """Without these nothing is approved."""


class Documents:
    """Keeps the documents of requests, and says what is known of them."""

    def __init__(
        self,
        ledger: Ledger,
        requests: Requests,
        envelopes: Envelopes,
        keeping: Keeping,
        *,
        new_id: Callable[[], UUID],
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._envelopes = envelopes
        self._keeping = keeping
        self._new_id = new_id

    def papers(self, session: Session, row: RequestRow) -> Papers:
        """Return the documents of a request, and which are missing."""
        checked = _checked(session, row.id)
        rows = session.exec(
            select(DocumentRow)
            .where(DocumentRow.request == row.id)
            .order_by(col(DocumentRow.received_at), col(DocumentRow.id))
        ).all()
        held = tuple(self._held(one, checked) for one in rows)
        return Papers(checked, held, checked.missing(Path(row.path)))

    def held(self, session: Session, row: DocumentRow, request: UUID) -> Held:
        """Return a document of a request, with what was said of it."""
        return self._held(row, _checked(session, request))

    def _held(self, row: DocumentRow, checked: Checked) -> Held:
        verdict, reason = checked.verdicts.get(str(row.id), (None, ""))
        until = row.deleted_at or self._keeping.until(row.received_at, row.checked_at)
        return Held(row, verdict, reason, until)

    def demand(self, session: Session, row: RequestRow) -> None:
        """See that every document was accepted that the path of a request needs.

        Raises:
            StateError: one was not; says which, and what to do.
        """
        missing = _checked(session, row.id).missing(Path(row.path))
        if missing:
            raise StateError(
                f"request {row.urn} cannot be approved before its documents are accepted "
                f"({', '.join(missing)}): have them checked, or record that they were seen in "
                "person or by post. What was accepted before a correction must be checked again"
            )

    def reopen(self, session: Session, request: UUID) -> None:
        """Have the documents of a request that was corrected checked again."""
        session.exec(
            update(DocumentRow)
            .where(col(DocumentRow.request) == request, col(DocumentRow.deleted_at).is_(None))
            .values(checked_at=None)
        )

    def adopt(self, session: Session, draft: str, row: RequestRow, *, at: datetime) -> None:
        """Receive the documents of a draft, by its digest, with the request that it became."""
        rows = select(DocumentRow).where(DocumentRow.draft == draft)
        for one in session.exec(rows.order_by(col(DocumentRow.kind))).all():
            one.draft, one.request, one.received_at = None, row.id, at.replace(microsecond=0)
            self._received(session, row, one, at)

    def receive(
        self,
        session: Session,
        request: UUID,
        kind: DocumentKind,
        incoming: Incoming,
        *,
        at: datetime,
    ) -> None:
        """Receive a document of whoever asked, whose mailbox was proven; the same twice is one.

        Raises:
            InvalidError, StateError, UnknownError: nothing was kept.
        """
        row = open_request(session, self._requests, str(request))
        require_kind(row, kind)
        kept = session.exec(
            select(DocumentRow.kind, DocumentRow.sha256, DocumentRow.checked_at).where(
                DocumentRow.request == row.id, col(DocumentRow.deleted_at).is_(None)
            )
        ).all()
        if (kind.value, incoming.sha256, None) in kept:
            return  # the button was pressed twice
        if len(kept) >= MOST_KEPT:
            raise StateError(
                f"there are {MOST_KEPT} documents with this request already: wait until they are "
                "checked"
            )
        document = made(self._new_id(), kind, incoming, at=at)
        document.request = row.id
        keep(session, self._envelopes, document, incoming)
        self._received(session, row, document, at)

    def _received(
        self, session: Session, row: RequestRow, document: DocumentRow, at: datetime
    ) -> None:
        told: dict[str, JSON] = {
            "role": REQUESTER,
            "document": str(document.id),
            "document_kind": document.kind,
            "type": document.type,
            "size": document.size,
            "sha256": document.sha256,
            "result": document.scan,
        }
        by = requester_of(session, row)
        record_step(session, self._ledger, row.id, RECEIVED, told, by=by, at=at)


def with_unchecked() -> SelectOfScalar[Any]:
    """Return what selects the requests that have a document nobody has checked."""
    return select(DocumentRow.request).where(
        col(DocumentRow.checked_at).is_(None), col(DocumentRow.deleted_at).is_(None)
    )


def open_request(session: Session, requests: Requests, name: str) -> RequestRow:
    """Return a request that takes documents, locked.

    Raises:
        InvalidError, StateError, UnknownError: there is none, or it has ended.
    """
    row = requests.find(session, name, lock=True)
    require_open(row)
    return row


def require_open(row: RequestRow) -> None:
    """See that a request takes documents.

    Raises:
        StateError: it has ended.
    """
    if row.state not in OPEN:
        raise StateError(f"request {row.urn} is {row.state}: it takes no document any more")


def require_kind(row: RequestRow, kind: DocumentKind) -> None:
    """See that the path of a request takes a kind of document.

    Raises:
        InvalidError: it does not.
    """
    if kind not in kinds_of(Path(row.path)):
        raise InvalidError(FIELD, "This request takes no such document")


def destroy(
    session: Session,
    ledger: Ledger,
    request: RequestRow,
    document: DocumentRow,
    *,
    by: Subject,
    role: str,
    at: datetime,
    reason: str,
) -> None:
    """Destroy the bytes of a document and their key; the row and an event say that they are gone.

    All of it in the caller's transaction: after a kill it happened, or it did not.
    """
    kept = session.get(DocumentBytesRow, document.id)
    if kept is not None:
        session.delete(kept)
    document.deleted_at = at.replace(microsecond=0)
    told: dict[str, JSON] = {"role": role, "document": str(document.id), "reason": reason}
    record_step(session, ledger, request.id, DELETED, told, by=by, at=at)


def destroy_all(
    session: Session,
    ledger: Ledger,
    request: RequestRow,
    *,
    by: Subject,
    role: str,
    at: datetime,
    reason: str,
) -> None:
    """Destroy every document of a request that is still kept."""
    kept = select(DocumentRow).where(
        DocumentRow.request == request.id, col(DocumentRow.deleted_at).is_(None)
    )
    for document in session.exec(kept.order_by(col(DocumentRow.received_at))).all():
        destroy(session, ledger, request, document, by=by, role=role, at=at, reason=reason)


def _checked(session: Session, request: UUID) -> Checked:
    return checked_by((step.event, step.told) for step in steps_of(session, request))
