"""Service. What the database tells, to be held against the ledger. This is the door."""

import heapq
from collections.abc import Iterator

from sqlmodel import Session

from custody.audit.facts import WHOLE, Claim, Span
from export.desk.claims.cameras import cameras
from export.desk.claims.exhibits import exhibits
from export.desk.claims.holds import holds
from export.desk.claims.leaving.releases import releases
from export.desk.claims.people import people
from export.desk.claims.requests import requests


def claims(session: Session, span: Span = WHOLE) -> Iterator[Claim]:
    """Yield a claim for each exhibit, release, request, hold, person and register of a span."""
    yield from heapq.merge(
        exhibits(session, span),
        releases(session, span),
        requests(session, span),
        holds(session, span),
        people(session, span),
        cameras(session, span),
        key=lambda claim: claim.record,
    )
