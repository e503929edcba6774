"""Service. Documents of what is being filled in: one of each kind, no evidence before it is sent.

They end with their draft, as a foreign key says.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, delete, func, select

from evidence.errors import InvalidError, StateError
from evidence.requests.documents.contents import FIELD
from evidence.requests.documents.envelopes import Envelopes
from evidence.requests.documents.incoming import Incoming
from evidence.requests.documents.kinds import DocumentKind, kinds_of
from evidence.requests.documents.tables import DocumentBytesRow, DocumentRow
from evidence.requests.states import Path
from evidence.requests.tables import RequestDraftRow
from evidence.secrets import secret_digest

MOST_WAITING = 2 << 30
"""Bytes of all documents together whose form nobody has sent."""


class DraftDocuments:
    """Keeps documents with drafts, whose owner has locked them."""

    def __init__(self, envelopes: Envelopes, *, new_id: Callable[[], UUID]) -> None:
        self._envelopes = envelopes
        self._new_id = new_id

    def put(
        self,
        session: Session,
        draft: RequestDraftRow,
        kind: DocumentKind,
        incoming: Incoming,
        *,
        at: datetime,
    ) -> None:
        """Keep a document with a draft, in place of the one of this kind that was there.

        Raises:
            InvalidError: the path asks for no such document.
            StateError: too much waits in drafts.
        """
        if kind not in kinds_of(Path(draft.path)):
            raise InvalidError(FIELD, "This request takes no such document")
        self.remove(session, draft, kind)
        waiting = select(func.coalesce(func.sum(DocumentRow.size), 0)).where(
            col(DocumentRow.draft).is_not(None)
        )
        if session.exec(waiting).one() + len(incoming.data) > MOST_WAITING:
            raise StateError(
                "We cannot take a document at this moment. Send your request without it: you can "
                "add it later, from the page of your request"
            )
        row = made(self._new_id(), kind, incoming, at=at)
        row.draft = draft.secret_sha256
        keep(session, self._envelopes, row, incoming)

    def remove(self, session: Session, draft: RequestDraftRow, kind: DocumentKind) -> None:
        """Forget the document of a kind, if there is one."""
        session.exec(
            delete(DocumentRow).where(
                col(DocumentRow.draft) == draft.secret_sha256, col(DocumentRow.kind) == kind.value
            )
        )

    def of(self, session: Session, secret: str) -> Mapping[DocumentKind, DocumentRow]:
        """Return what is known of the documents of a draft, and none of their bytes."""
        rows = session.exec(select(DocumentRow).where(DocumentRow.draft == secret_digest(secret)))
        return {DocumentKind(row.kind): row for row in rows}


def made(document: UUID, kind: DocumentKind, incoming: Incoming, *, at: datetime) -> DocumentRow:
    """Return the row of a document that came in, of no draft and no request yet."""
    return DocumentRow(
        id=document,
        kind=kind.value,
        type=incoming.type.value,
        size=len(incoming.data),
        sha256=incoming.sha256,
        scan=incoming.scan,
        received_at=at.replace(microsecond=0),
    )


def keep(session: Session, envelopes: Envelopes, row: DocumentRow, incoming: Incoming) -> None:
    """Keep a document: its row, and its bytes in their envelope."""
    envelope = envelopes.close(row.id, incoming.data)
    session.add(row)
    session.flush()
    session.add(DocumentBytesRow(document=row.id, wrapped=envelope.wrapped, sealed=envelope.sealed))
    session.flush()
