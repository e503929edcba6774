"""Edge. The room of requests, built: who asks for footage, and what becomes of it."""

import secrets
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlmodel import Session

from api.builders.documents import DocumentsRoom, build_documents
from api.builders.evidence import Evidence
from api.builders.fees import Owed
from api.builders.ground import Ground
from api.settings.facts import Council
from evidence.cameras.coverage import Found
from evidence.people.people import THE_CLOCK, People
from evidence.requests.charges import Charges
from evidence.requests.correspondence.messages import Correspondence
from evidence.requests.coverage.register import CoverageRegister
from evidence.requests.deadlines import RequestDeadlines
from evidence.requests.decisions import RequestDecisions
from evidence.requests.drafts import Drafts
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.duplicates.older import OlderRequests
from evidence.requests.erasure.erasures import Erasures
from evidence.requests.links.links import RequestLinks
from evidence.requests.questions.checks import Rules, RulesAt
from evidence.requests.recorded import SYSTEM, Moved
from evidence.requests.submissions import NumberMaker, Requests, Submissions
from evidence.requests.tables import RequestRow
from evidence.requests.visits import Visits
from export.feedback.feedback import Feedback
from export.holdings.holds import any_held
from export.intake.malware import Scanner


class RequestsRoom(DocumentsRoom):
    """The services of requests."""

    requests: Requests
    duplicates: Duplicates
    submissions: Submissions
    request_decisions: RequestDecisions
    older_requests: OlderRequests
    request_deadlines: RequestDeadlines
    request_links: RequestLinks
    drafts: Drafts
    visits: Visits
    correspondence: Correspondence


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
    papers = build_documents(ground, evidence, requests, scanner)
    documents = papers["documents"]
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
        older_requests=OlderRequests(ground.transaction, ground.jobs, duplicates),
        submissions=submissions,
        request_decisions=decisions,
        request_deadlines=RequestDeadlines(decisions, messages, unpaid_days=council.unpaid_days),
        drafts=Drafts(
            *(gates, limits, submissions, decisions, documents, duplicates, rules_of(council)),
            random=secrets.token_bytes,
        ),
        request_links=RequestLinks(
            ground.ledger, requests, evidence["exhibits"], council.incidents
        ),
        visits=Visits(gates, limits, random=secrets.token_bytes),
        **papers,
        correspondence=Correspondence(ground.ledger, requests, messages, limits),
    )


def build_erasures(
    ground: Ground, people: People, requests: Requests, feedback: Feedback
) -> Erasures:
    """Build what erases requests, and what rooms above theirs keep of them."""

    def erase_answers(request: UUID) -> None:
        with ground.transaction() as session:
            urn = requests.find(session, str(request)).urn
            by = people.subject(session, people.known(session, THE_CLOCK), ())
            said = {"role": SYSTEM, "reason": "its request is erased"}
            feedback.erase_under(session, urn, by=by, at=ground.clock(), **said)

    return Erasures(
        ground.transaction,
        ground.ledger,
        requests,
        people,
        days=ground.council.erase_days,
        held=any_held,
        elsewhere=(erase_answers,),
    )


def rules_of(council: Council) -> RulesAt:
    """Return what the checker of every form is told of addresses."""
    return partial(Rules, free=frozenset(council.free), police=council.police)
