"""Service. What the database tells, to be held against the ledger. This is the door."""

import heapq
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from itertools import groupby
from uuid import UUID

from sqlmodel import Session

from custody.audit.facts import WHOLE, Claim, Span
from custody.formats.events import RecordKind
from export.desk.claims.audits import audits
from export.desk.claims.cameras import cameras
from export.desk.claims.disposals import disposals
from export.desk.claims.erasures import erasures
from export.desk.claims.exhibits import exhibits
from export.desk.claims.holds import holds
from export.desk.claims.leaving.releases import releases
from export.desk.claims.money.accounts import invoice_accounts
from export.desk.claims.money.differences import differences
from export.desk.claims.money.fees import FEE_EVENTS, fees
from export.desk.claims.people import people
from export.desk.claims.requests import requests


def claims(session: Session, span: Span = WHOLE) -> Iterator[Claim]:
    """Yield a claim for each record of a span that rows speak of, sorted by record."""
    told = heapq.merge(
        exhibits(session, span),
        releases(session, span),
        requests(session, span),
        holds(session, span),
        erasures(session, span),
        disposals(session, span),
        people(session, span),
        cameras(session, span),
        fees(session, span),
        differences(session, span),
        invoice_accounts(session, span),
        audits(session, span),
        key=_record,
    )
    for _, some in groupby(told, _record):
        claim = reduce(_joined, some)
        if claim.kind is RecordKind.REQUEST:
            # Of a request without a fee, no event of fees may tell; of a fee alone, none of asking.
            silent = dict.fromkeys((*FEE_EVENTS, "request.submitted"), ())
            claim = replace(claim, events={**silent, **claim.events})
        yield claim


def _record(claim: Claim) -> UUID:
    return claim.record


def _joined(one: Claim, other: Claim) -> Claim:
    """Return what two rooms say of one record; each speaks of events of its own."""
    return replace(
        one,
        events={**one.events, **other.events},
        among={**one.among, **other.among},
        latest=(*one.latest, *other.latest),
        flaws=(*one.flaws, *other.flaws),
        standing=one.standing or other.standing,
        gathered=one.gathered or other.gathered,
    )
