"""Edge. The room of requests, built: who asks for footage, and what becomes of it."""

import secrets
from datetime import datetime
from typing import TypedDict

from sqlmodel import Session

from api.builders.evidence import Evidence
from api.builders.fees import Owed
from api.builders.ground import Ground
from evidence.cameras.coverage import Found
from evidence.requests.charges import Charges
from evidence.requests.coverage.register import CoverageRegister
from evidence.requests.deadlines import RequestDeadlines
from evidence.requests.decisions import RequestDecisions
from evidence.requests.drafts import CouncilRules, Drafts
from evidence.requests.links.links import RequestLinks
from evidence.requests.submissions import NumberMaker, Requests, Submissions
from evidence.requests.tables import RequestRow
from evidence.requests.visits import Visits


class RequestsRoom(TypedDict):
    """The services of requests."""

    requests: Requests
    submissions: Submissions
    request_decisions: RequestDecisions
    request_deadlines: RequestDeadlines
    request_links: RequestLinks
    drafts: Drafts
    visits: Visits


def build_requests(ground: Ground, evidence: Evidence, owed: Owed) -> RequestsRoom:
    """Build what takes requests, and moves them."""
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
        retention_days=council.retention_days,
    )
    decisions = RequestDecisions(
        ground.ledger,
        requests,
        submissions,
        evidence["exhibits"],
        people,
        messages,
        Charges(owed["fees"], owed["refund_orders"]),
        retention_days=council.retention_days,
        appeal=council.appeal,
    )
    rules = CouncilRules(frozenset(council.free), council.police)
    return RequestsRoom(
        requests=requests,
        submissions=submissions,
        request_decisions=decisions,
        request_deadlines=RequestDeadlines(decisions, messages, unpaid_days=council.unpaid_days),
        request_links=RequestLinks(
            ground.ledger, requests, evidence["exhibits"], council.incidents
        ),
        drafts=Drafts(gates, limits, submissions, decisions, rules, random=secrets.token_bytes),
        visits=Visits(gates, limits, random=secrets.token_bytes),
    )
