"""Edge. Builds what takes documents of requests, keeps them sealed, and destroys them."""

import secrets
import uuid
from io import BytesIO
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from evidence.requests.documents.checks import DocumentChecks
from evidence.requests.documents.clocks import keeping
from evidence.requests.documents.deletions import DocumentDeletions
from evidence.requests.documents.documents import Documents
from evidence.requests.documents.drafted import DraftDocuments
from evidence.requests.documents.envelopes import Envelopes
from evidence.requests.documents.incoming import Arrivals, Scan, Scanned
from evidence.requests.documents.reminders import DocumentReminders
from evidence.requests.submissions import Requests
from export.intake.malware import FOUND, Scanner

_PIECE = 256 * 1024
_MIB = 1 << 20


class DocumentsRoom(TypedDict):
    """The services of documents."""

    documents: Documents
    draft_documents: DraftDocuments
    document_checks: DocumentChecks
    document_arrivals: Arrivals
    document_deletions: DocumentDeletions
    document_reminders: DocumentReminders


def build_documents(
    ground: Ground, evidence: Evidence, requests: Requests, scanner: Scanner
) -> DocumentsRoom:
    """Build what takes documents, under a key of their own."""
    ledger, council = ground.ledger, ground.council
    kept = keeping(council.document_days, council.document_longest_days)
    envelopes = Envelopes(ground.roots.documents, random=secrets.token_bytes)
    documents = Documents(ledger, requests, envelopes, kept, new_id=uuid.uuid4)
    scan, most = scan_by(scanner), council.document_mb * _MIB
    return DocumentsRoom(
        documents=documents,
        draft_documents=DraftDocuments(envelopes, new_id=uuid.uuid4),
        document_checks=DocumentChecks(
            ledger, requests, documents, envelopes, evidence["messages"]
        ),
        document_arrivals=Arrivals(evidence["limits"], scan, most=most),
        document_deletions=DocumentDeletions(ledger, requests, evidence["people"], kept),
        document_reminders=DocumentReminders(evidence["messages"]),
    )


def scan_by(scanner: Scanner) -> Scan:
    """Return how documents are scanned: as clips are, by the same scanner."""

    def scan(data: bytes) -> Scanned:
        with scanner.watch(BytesIO(data)) as watched:
            while watched.read(_PIECE):
                pass
            words = watched.verdict()
        return Scanned(words, words.removeprefix(FOUND) if words.startswith(FOUND) else "")

    return scan
