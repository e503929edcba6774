"""Edge. The rooms of evidence, built: people, exhibits, mailbox, requests, the ledger's readers."""

import secrets
import uuid
from typing import TypedDict

from api.builders.ground import Ground
from custody.histories import Histories
from custody.search import CustodySearch
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.outcomes import Outcomes
from evidence.mailbox.codes import Gates
from evidence.mailbox.messages import FormerKey, Messages
from evidence.people.people import People
from evidence.people.refusals import Refusals
from evidence.people.sessions import Limits, Sessions
from evidence.people.tokens import Tokens
from evidence.requests.deadlines import RequestDeadlines
from evidence.requests.decisions import RequestDecisions
from evidence.requests.drafts import CouncilRules, Drafts
from evidence.requests.submissions import NumberMaker, Requests, Submissions
from evidence.requests.visits import Visits


class Evidence(TypedDict):
    """The services of evidence."""

    people: People
    refusals: Refusals
    tokens: Tokens
    sessions: Sessions
    exhibits: Exhibits
    outcomes: Outcomes
    messages: Messages
    histories: Histories
    custody: CustodySearch
    gates: Gates
    requests: Requests
    submissions: Submissions
    request_decisions: RequestDecisions
    request_deadlines: RequestDeadlines
    drafts: Drafts
    visits: Visits


def build_evidence(ground: Ground) -> Evidence:
    """Build who acts, what they act on, who asks, and what is written to them."""
    people = People(ground.ledger, clock=ground.clock)
    exhibits, messages = Exhibits(ground.ledger), _messages(ground)
    gates = Gates(messages, key=ground.roots.codes, random=secrets.token_bytes)
    requests, council = Requests(), ground.council
    submissions = Submissions(
        ground.ledger,
        people,
        gates,
        messages,
        NumberMaker(council.urn_prefix, secrets.choice),
        retention_days=council.retention_days,
    )
    decisions = RequestDecisions(
        ground.ledger,
        requests,
        submissions,
        exhibits,
        people,
        messages,
        retention_days=council.retention_days,
        appeal=council.appeal,
    )
    rules = CouncilRules(frozenset(council.free), council.police)
    return Evidence(
        people=people,
        refusals=Refusals(ground.transaction, people, ground.ledger),
        tokens=Tokens(people, ground.ledger, secrets.token_bytes),
        sessions=Sessions(people, secrets.token_bytes, Limits()),
        exhibits=exhibits,
        outcomes=Outcomes(ground.ledger, new_id=uuid.uuid4),
        messages=messages,
        histories=Histories(ground.ledger, mac_key=ground.keyring.event_hmac),
        custody=CustodySearch(ground.ledger),
        gates=gates,
        requests=requests,
        submissions=submissions,
        request_decisions=decisions,
        request_deadlines=RequestDeadlines(decisions, messages, unpaid_days=council.unpaid_days),
        drafts=Drafts(gates, submissions, decisions, rules, random=secrets.token_bytes),
        visits=Visits(gates, random=secrets.token_bytes),
    )


def _messages(ground: Ground) -> Messages:
    return Messages(
        ground.jobs,
        key=ground.roots.letters,
        # Until there were roots, what waits to go out was sealed under the key of the records. A
        # letter waits for 8 hours at most, so this can go with the version after the next.
        former=FormerKey(ground.keyring.record_kek, ground.roots.since),
        random=secrets.token_bytes,
        new_id=uuid.uuid4,
    )
