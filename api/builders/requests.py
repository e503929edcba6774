"""Edge. The room of requests, built: who asks for footage, and what becomes of it."""

import secrets
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.fees import Owed
from api.builders.ground import Ground
from api.settings.council import Council
from evidence.requests.charges import Charges
from evidence.requests.deadlines import RequestDeadlines
from evidence.requests.decisions import RequestDecisions
from evidence.requests.drafts import CouncilRules, Drafts
from evidence.requests.duplicates.duplicates import Duplicates
from evidence.requests.recorded import Moved
from evidence.requests.submissions import NumberMaker, Requests, Submissions
from evidence.requests.visits import Visits


class RequestsRoom(TypedDict):
    """The services of requests."""

    requests: Requests
    duplicates: Duplicates
    submissions: Submissions
    request_decisions: RequestDecisions
    request_deadlines: RequestDeadlines
    drafts: Drafts
    visits: Visits


def build_requests(ground: Ground, evidence: Evidence, owed: Owed, *, moved: Moved) -> RequestsRoom:
    """Build what takes requests, and moves them; ``moved`` is told of each, as it happens."""
    duplicates = Duplicates(evidence["gates"])
    council, people, messages = ground.council, evidence["people"], evidence["messages"]
    gates, limits, requests = evidence["gates"], evidence["limits"], Requests()
    submissions = Submissions(
        ground.ledger,
        people,
        gates,
        messages,
        NumberMaker(council.urn_prefix, secrets.choice),
        duplicates,
        moved,
        retention_days=council.retention_days,
    )
    decisions = RequestDecisions(
        ground.ledger,
        requests,
        submissions,
        evidence["exhibits"],
        people,
        messages,
        Charges(owed["fees"], owed["refund_orders"], duplicates),
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
            duplicates,
            rules_of(council),
            random=secrets.token_bytes,
        ),
        visits=Visits(gates, limits, random=secrets.token_bytes),
    )


def rules_of(council: Council) -> CouncilRules:
    """Return what the checker of every form is told of addresses."""
    return CouncilRules(frozenset(council.free), council.police)
