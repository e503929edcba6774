"""Edge. The room of claims systems, built: machines that ask for footage, and follow it."""

import uuid
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.fees import Owed
from api.builders.ground import Ground
from api.builders.requests import RequestsRoom, rules_of
from api.outbound.webhooks import Caller
from evidence.requests.lists.lists import RequestLists
from evidence.requests.notices.changes import Changes
from evidence.requests.notices.webhooks import Webhooks
from evidence.requests.systems.filings import Filings
from evidence.requests.systems.requesters import Requesters
from export.desk.asking.own import OwnRequests
from export.desk.requests import RequestList


class Systems(TypedDict):
    """The services of claims systems."""

    requesters: Requesters
    filings: Filings
    request_lists: RequestLists
    own_requests: OwnRequests
    webhooks: Webhooks


class Told(TypedDict):
    """What is told of each request that moves: what their own room stands on."""

    changes: Changes


def build_told(ground: Ground) -> Told:
    """Build what notes changes."""
    return Told(changes=Changes(ground.jobs))


def build_systems(
    ground: Ground, evidence: Evidence, owed: Owed, asked: RequestsRoom, listing: RequestList
) -> Systems:
    """Build what organisations speak to by machine."""
    requesters = Requesters(ground.ledger, free=frozenset(ground.council.free))
    rules = rules_of(ground.council)
    filings = Filings(evidence["gates"], requesters, asked["submissions"], rules)
    return Systems(
        requesters=requesters,
        filings=filings,
        request_lists=RequestLists(filings, asked["duplicates"]),
        webhooks=Webhooks(
            ground.transaction,
            ground.jobs,
            Caller(),
            root=ground.roots.codes,
            local=ground.settings.webhooks_local,
            new_id=uuid.uuid4,
            clock=ground.clock,
        ),
        own_requests=OwnRequests(
            asked["requests"], asked["duplicates"], asked["documents"], listing, owed["fees"]
        ),
    )
