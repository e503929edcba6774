"""Edge. The room of requests, built: who asks for footage, and what becomes of it."""

import secrets
import uuid
from datetime import datetime
from io import BytesIO
from typing import TypedDict

from sqlmodel import Session

from api.builders.evidence import Evidence
from api.builders.fees import Owed
from api.builders.ground import Ground
from api.settings.council import Council
from evidence.cameras.coverage import Found
from evidence.requests.charges import Charges
from evidence.requests.correspondence.messages import Correspondence
from evidence.requests.coverage.register import CoverageRegister
from evidence.requests.deadlines import RequestDeadlines
from evidence.requests.decisions import RequestDecisions
from evidence.requests.documents.checks import DocumentChecks
from evidence.requests.documents.clocks import keeping
from evidence.requests.documents.deletions import DocumentDeletions
from evidence.requests.documents.documents import Documents
from evidence.requests.documents.drafted import DraftDocuments
from evidence.requests.documents.envelopes import Envelopes
from evidence.requests.documents.incoming import Arrivals, Scan, Scanned
from evidence.requests.drafts import CouncilRules, Drafts
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.erasure.erasures import Erasures
from evidence.requests.links.links import RequestLinks
from evidence.requests.recorded import Moved
from evidence.requests.submissions import NumberMaker, Requests, Submissions
from evidence.requests.tables import RequestRow
from evidence.requests.visits import Visits
from export.holdings.holds import any_held
from export.intake.malware import FOUND, Scanner

_PIECE = 256 * 1024
_MIB = 1 << 20


class RequestsRoom(TypedDict):
    """The services of requests."""

    requests: Requests
    duplicates: Duplicates
    submissions: Submissions
    request_decisions: RequestDecisions
    request_deadlines: RequestDeadlines
    request_links: RequestLinks
    drafts: Drafts
    visits: Visits
    documents: Documents
    draft_documents: DraftDocuments
    document_checks: DocumentChecks
    document_arrivals: Arrivals
    document_deletions: DocumentDeletions
    correspondence: Correspondence
    erasures: Erasures


def build_requests(
    ground: Ground, evidence: Evidence, owed: Owed, scanner: Scanner, *, moved: Moved
) -> RequestsRoom:
    """Build what takes requests, and moves them; ``moved`` is told of each, as it happens."""
    duplicates = Duplicates(evidence["gates"])
    council, people, messages = ground.council, evidence["people"], evidence["messages"]
    gates, limits, requests = evidence["gates"], evidence["limits"], Requests()
    register = CoverageRegister(
        ground.ledger, evidence["public_cameras"], decides=council.register_decides
    )

    def covers(session: Session, row: RequestRow, found: Found, at: datetime) -> None:
        decisions.cover_as_found(session, row, found, at)

    submissions = Submissions(
        ground.ledger,
        people,
        gates,
        messages,
        NumberMaker(council.urn_prefix, secrets.choice),
        register,
        covers,
        duplicates,
        moved,
        retention_days=council.retention_days,
    )
    kept = keeping(council.document_days, council.document_longest_days)
    envelopes = Envelopes(ground.roots.documents, random=secrets.token_bytes)
    documents = Documents(ground.ledger, requests, envelopes, kept, new_id=uuid.uuid4)
    decisions = RequestDecisions(
        ground.ledger,
        requests,
        submissions,
        evidence["exhibits"],
        people,
        messages,
        Charges(owed["fees"], owed["refund_orders"], owed["on_account"], duplicates),
        documents,
        duplicates,
        moved,
        retention_days=council.retention_days,
        appeal=council.appeal,
    )
    return RequestsRoom(
        requests=requests,
        duplicates=duplicates,
        submissions=submissions,
        request_decisions=decisions,
        request_deadlines=RequestDeadlines(decisions, messages, unpaid_days=council.unpaid_days),
        drafts=Drafts(
            gates,
            limits,
            submissions,
            decisions,
            documents,
            duplicates,
            rules_of(council),
            random=secrets.token_bytes,
        ),
        request_links=RequestLinks(
            ground.ledger, requests, evidence["exhibits"], council.incidents
        ),
        visits=Visits(gates, limits, random=secrets.token_bytes),
        documents=documents,
        draft_documents=DraftDocuments(envelopes, new_id=uuid.uuid4),
        document_checks=DocumentChecks(ground.ledger, requests, documents, envelopes, messages),
        document_arrivals=Arrivals(limits, scan_by(scanner), most=council.document_mb * _MIB),
        document_deletions=DocumentDeletions(ground.ledger, requests, people, kept),
        correspondence=Correspondence(ground.ledger, requests, messages, limits),
        erasures=Erasures(
            ground.transaction,
            ground.ledger,
            requests,
            people,
            days=council.erase_days,
            held=any_held,
        ),
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


def rules_of(council: Council) -> CouncilRules:
    """Return what the checker of every form is told of addresses."""
    return CouncilRules(frozenset(council.free), council.police)
