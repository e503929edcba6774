"""Service. Looking after a request: a number is typed, and a code goes to the mailbox of who asked.

A number that is nobody's meets the same words, limits and writes as one that is somebody's, and
its answers leave in the same time (the routes are paced). Past the code a browser is known by the
secret of a cookie, of which only the digest is kept.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from evidence.exhibits.references import parse_urn
from evidence.limits import Limits
from evidence.mailbox.codes import Gates, Standing, token_subject
from evidence.people.tables import PersonRow
from evidence.requests.letters import RequestLetter
from evidence.requests.tables import RequestRow, RequestVisitRow
from evidence.secrets import make_secret, secret_digest

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
FORGET_VISITS = timedelta(days=1)
MOST_VISITS = 30
"""How many one address on the network may begin within an hour."""


class Visits:
    """Leads whoever asked past the code to their request."""

    def __init__(self, gates: Gates, limits: Limits, *, random: Callable[[int], bytes]) -> None:
        self._gates = gates
        self._limits = limits
        self._random = random

    def begin(self, session: Session, urn: str, *, network: str, at: datetime) -> str | Standing:
        """Ask for a code to the mailbox of a request, if there is one of this number.

        Return the secret of the visit, or until when nobody may ask again. Counted for the
        network, for the number and for the visit.

        Raises:
            InvalidError: no number of ours looks so.
        """
        urn = parse_urn(urn)
        wait = self._limits.count(session, "visits", network, most=MOST_VISITS, at=at)
        if wait is not None:
            return Standing("waiting", at + wait, 0)
        number = self._gates.open(session, self._gates.name("urn", urn), at=at)
        counted = self._gates.ask(number, at=at)
        if counted.state != "asked":
            return counted
        secret = make_secret(self._random)
        digest = secret_digest(secret)
        session.add(RequestVisitRow(secret_sha256=digest, urn=urn, seen_at=at))
        gate = self._gates.open(session, digest, at=at)
        self._gates.ask(gate, at=at)
        session.flush()
        row = session.exec(select(RequestRow).where(RequestRow.urn == urn)).first()
        if row is None or not session.get_one(PersonRow, row.person).email:  # who asked was erased
            self._gates.withhold(gate, at=at)
        else:
            self._gates.send_code(
                session,
                gate,
                opens=token_subject(digest),
                person=row.person,
                about=row.id,
                kind=RequestLetter.STATUS_CODE,
                at=at,
            )
        return secret

    def standing(self, session: Session, secret: str, *, at: datetime) -> Standing:
        """Return where somebody stands before the code; writes nothing."""
        return self._gates.standing(session, secret_digest(secret), at=at)

    def enter(self, session: Session, secret: str, code: str, *, at: datetime) -> Standing:
        """Take a code; ``closed``: it was right. A wrong one counts: commit in both cases."""
        digest = secret_digest(secret)
        gate = self._gates.open(session, digest, at=at)
        barred = self._gates.barred(gate, code, at=at)
        if barred is not None:
            return barred
        visit = session.get(RequestVisitRow, digest, with_for_update=True)
        if not self._gates.check(gate, code, at=at) or visit is None:
            return self._gates.refuse(gate, at=at)
        visit.proven_at = visit.seen_at = at
        session.flush()
        return Standing("closed")

    def find(self, session: Session, secret: str, *, at: datetime) -> RequestRow | None:
        """Return the request that a browser past the code looks after; None: none any more."""
        visit = session.get(RequestVisitRow, secret_digest(secret), with_for_update=True)
        if visit is None or visit.proven_at is None:
            return None
        if at >= visit.seen_at + IDLE or at >= visit.proven_at + LONGEST:
            return None
        visit.seen_at = at
        return session.exec(select(RequestRow).where(RequestRow.urn == visit.urn)).first()

    def end(self, session: Session, secret: str) -> None:
        """End a visit."""
        found = col(RequestVisitRow.secret_sha256) == secret_digest(secret)
        session.exec(delete(RequestVisitRow).where(found))

    def forget(self, session: Session, *, at: datetime) -> None:
        """Delete visits that are over."""
        session.exec(
            delete(RequestVisitRow).where(col(RequestVisitRow.seen_at) < at - FORGET_VISITS)
        )
