"""Service. The checks of documents: looked at, accepted or not, asked for, deleted by hand.

All by the one role that may (`evidence/people/access`). Only `look` comes to the bytes, and each
look is a step of the request, written with its custody event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from custody.formats.canonical import JSON
from custody.ledger.ledger import Ledger
from evidence.errors import StateError, UnknownError
from evidence.mailbox.messages import Messages
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.requests.documents.contents import DocumentType
from evidence.requests.documents.documents import (
    Documents,
    Held,
    destroy,
    open_request,
    require_kind,
)
from evidence.requests.documents.envelopes import Envelope, Envelopes
from evidence.requests.documents.kinds import (
    ASKED,
    CHECKED,
    SEEN,
    VIEWED,
    DocumentKind,
    SeenHow,
    Verdict,
)
from evidence.requests.documents.tables import DocumentBytesRow, DocumentRow
from evidence.requests.letters import RequestLetter
from evidence.requests.recorded import record_step, steps_of
from evidence.requests.submissions import Requests
from evidence.requests.tables import RequestRow
from evidence.wording import check_words

MOST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Looked:
    """A document that somebody looks at, and is on record to have."""

    kind: DocumentKind
    type: DocumentType
    data: bytes = field(repr=False)


class DocumentChecks:
    """Opens documents, and writes down what was said of them."""

    def __init__(
        self,
        ledger: Ledger,
        requests: Requests,
        documents: Documents,
        envelopes: Envelopes,
        messages: Messages,
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._documents = documents
        self._envelopes = envelopes
        self._messages = messages

    def find(
        self, session: Session, name: str, document: str, *, by: Subject
    ) -> tuple[RequestRow, Held]:
        """Return a document of a request, for whoever may check it, but not its bytes.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: there is none, or not for ``by``.
        """
        require(Action.CHECK_DOCUMENT, by)
        row = self._requests.find(session, name)
        return row, self._documents.held(session, _of(session, row, document), row.id)

    def look(
        self, session: Session, name: str, document: str, *, by: Subject, at: datetime
    ) -> Looked:
        """Open a document for somebody, which is on record from then on.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was opened.
            CorruptError, KeyStoreError: it cannot be opened.
        """
        role = require(Action.CHECK_DOCUMENT, by)
        row = self._requests.find(session, name, lock=True)
        found = _of(session, row, document)
        kept = session.get(DocumentBytesRow, found.id)
        if kept is None:
            raise StateError("this document is deleted")
        data = self._envelopes.open(found.id, Envelope(kept.wrapped, kept.sealed))
        told: dict[str, JSON] = {"role": role.value, "document": str(found.id)}
        record_step(session, self._ledger, row.id, VIEWED, told, by=by, at=at)
        return Looked(DocumentKind(found.kind), DocumentType(found.type), data)

    def check(
        self,
        session: Session,
        name: str,
        document: str,
        verdict: Verdict,
        *,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> None:
        """Accept a document or not, as somebody who looked at it; who sent one hears of a no.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        role = require(Action.CHECK_DOCUMENT, by)
        row = open_request(session, self._requests, name)
        found = _of(session, row, document)
        if found.deleted_at is not None:
            raise StateError("this document is deleted: ask for it again, or record how it is seen")
        if not _has_looked(session, row.id, str(found.id), by):
            raise StateError("open the document before you say what it shows")
        told: dict[str, JSON] = {
            "role": role.value,
            "document": str(found.id),
            "document_kind": found.kind,
            "result": verdict.value,
            "reason": _needed(reason),
        }
        number = record_step(session, self._ledger, row.id, CHECKED, told, by=by, at=at)
        found.checked_at = at.replace(microsecond=0)
        if verdict is Verdict.NOT_ACCEPTED:
            self._write(session, row, number, at)
        session.flush()

    def see(
        self,
        session: Session,
        name: str,
        kind: DocumentKind,
        how: SeenHow,
        *,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> None:
        """Record that a document was seen, and accepted, in another way than by an upload.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        told: dict[str, JSON] = {"seen": how.value, "reason": _needed(reason)}
        self._about(session, name, kind, SEEN, told, by=by, at=at)

    def ask(
        self,
        session: Session,
        name: str,
        kind: DocumentKind,
        *,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> None:
        """Ask whoever asked for a document; they get a letter, and read why on their page.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was recorded.
        """
        told: dict[str, JSON] = {"reason": _needed(reason)}
        row, number = self._about(session, name, kind, ASKED, told, by=by, at=at)
        self._write(session, row, number, at)

    def delete(
        self,
        session: Session,
        name: str,
        document: str,
        *,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> None:
        """Delete a document by hand, before its time.

        Raises:
            AccessRefusedError, InvalidError, StateError, UnknownError: nothing was deleted.
        """
        role = require(Action.CHECK_DOCUMENT, by).value
        row = self._requests.find(session, name, lock=True)
        found, why = _of(session, row, document), _needed(reason)
        if found.deleted_at is not None:
            raise StateError("this document is deleted already")
        destroy(session, self._ledger, row, found, by=by, role=role, at=at, reason=why)

    def _about(
        self,
        session: Session,
        name: str,
        kind: DocumentKind,
        event: str,
        told: Mapping[str, JSON],
        *,
        by: Subject,
        at: datetime,
    ) -> tuple[RequestRow, int]:
        """Write a step about a kind of document, and no upload; return its request and number."""
        role = require(Action.CHECK_DOCUMENT, by)
        row = open_request(session, self._requests, name)
        require_kind(row, kind)
        said = {"role": role.value, "document_kind": kind.value, **told}
        return row, record_step(session, self._ledger, row.id, event, said, by=by, at=at)

    def _write(self, session: Session, row: RequestRow, number: int, at: datetime) -> None:
        """Have a letter go that asks for a document."""
        self._messages.queue(
            session,
            RequestLetter.DOCUMENT,
            person=row.person,
            about=row.id,
            once=f"document:{row.id}:{number}",
            private={},
            at=at,
        )


def _of(session: Session, row: RequestRow, document: str) -> DocumentRow:
    """Return a document of this request, and of no other; whoever locked the one has the other."""
    try:
        identifier = UUID(document)
    except ValueError:
        raise UnknownError("there is no such document") from None
    wanted = select(DocumentRow).where(DocumentRow.id == identifier, DocumentRow.request == row.id)
    found = session.exec(wanted).first()
    if found is None:
        raise UnknownError("there is no such document")
    return found


def _has_looked(session: Session, request: UUID, document: str, by: Subject) -> bool:
    return any(
        step.event == VIEWED and step.person == by.person and step.told["document"] == document
        for step in steps_of(session, request)
    )


def _needed(reason: str) -> str:
    return check_words("reason", reason, most=MOST_REASON, lines=True)
