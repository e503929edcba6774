"""Service. Requests for the same: found by an index of MACs, and told to whoever may know.

Staff are shown every one. Whoever asks learns of requests of their own mailbox, and of no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, func, select

from evidence.fees.prices import Stage
from evidence.fees.states import FeeState
from evidence.fees.tables import FeeRow
from evidence.mailbox.codes import Gates
from evidence.requests.asked import Asked, parse_asked
from evidence.requests.duplicates.likeness import claim_words, is_same_place, organisation_words
from evidence.requests.duplicates.tables import LikenessRow
from evidence.requests.states import OPEN
from evidence.requests.tables import RequestFactsRow, RequestRow

_LONGEST = timedelta(hours=25)
"""No request asks for more at once, so none begins longer before: what an index can look up."""
_MOST = 200
"""Of one organisation or claim, within a day, whose places are compared."""
_CHARGED = (
    *(FeeState.PAID, FeeState.PARTLY_REFUNDED),
    *(FeeState.ON_ACCOUNT, FeeState.PARTLY_CREDITED, FeeState.DUE),
)


@dataclass(frozen=True, slots=True)
class Alike:
    """A request for the same place and time, by the same organisation or for the same claim."""

    row: RequestRow
    claim: bool
    """Whether it is for the same claim."""
    organisation: bool
    """Whether it is of the same organisation."""

    @property
    def again(self) -> bool:
        """Whether the same is asked by the same, which is charged once."""
        return self.claim and self.organisation


class Duplicates:
    """Finds requests for the same."""

    def __init__(self, gates: Gates) -> None:
        self._gates = gates

    def note(self, session: Session, request: UUID, asked: Asked, mailbox: str) -> None:
        """Note by what a request is found, as it is asked now."""
        session.merge(self._likeness(request, asked, mailbox))
        session.flush()

    def of(self, session: Session, request: UUID) -> Sequence[Alike]:
        """Return every request that is like one, the first first; for staff."""
        known = session.get(LikenessRow, request)
        facts = session.get(RequestFactsRow, request)
        if known is None or facts is None:
            return ()
        return self._found(session, known, parse_asked(facts.facts))

    def own(
        self, session: Session, asked: Asked, mailbox: str, *, but: UUID, person: UUID | None
    ) -> Sequence[RequestRow]:
        """Return the open requests of a person in which they asked for the same claim before.

        ``but`` is the request that is meant itself; any identifier where there is none yet.
        """
        if person is None:
            return ()
        known = self._likeness(but, asked, mailbox)
        found = self._found(session, known, asked, RequestRow.person == person)
        return [one.row for one in found if one.claim and one.row.state in OPEN]

    def charged(
        self, session: Session, request: UUID, stage: Stage
    ) -> tuple[RequestRow, FeeState] | None:
        """Return the request that is charged for the same, and where its fee stands; None: none is.

        One after another for each claim: of two that are charged at once, the second finds the
        first.
        """
        known = session.get(LikenessRow, request)
        if known is None or not known.claim_mac:
            return None
        session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(known.claim_mac, 0)))
        )
        again = {one.row.id: one.row for one in self.of(session, request) if one.again}
        fees = session.exec(
            select(FeeRow.request, FeeRow.state).where(
                col(FeeRow.request).in_(again),
                FeeRow.stage == stage.value,
                col(FeeRow.state).in_(_CHARGED),
            )
        ).all()
        ranked = sorted(fees, key=lambda fee: _CHARGED.index(FeeState(fee[1])))
        return (again[ranked[0][0]], FeeState(ranked[0][1])) if ranked else None

    def _likeness(self, request: UUID, asked: Asked, mailbox: str) -> LikenessRow:
        claim, name = claim_words(asked), self._gates.name
        return LikenessRow(
            request=request,
            claim_mac=name("claim", claim) if claim else "",
            organisation_mac=name("organisation", organisation_words(asked, mailbox)),
            starts_at=asked.start,
            ends_at=asked.end,
        )

    def _found(
        self,
        session: Session,
        known: LikenessRow,
        asked: Asked,
        *narrower: ColumnElement[bool] | bool,
    ) -> Sequence[Alike]:
        same: list[ColumnElement[bool]] = [
            col(LikenessRow.organisation_mac) == known.organisation_mac
        ]
        if known.claim_mac:
            same.append(col(LikenessRow.claim_mac) == known.claim_mac)
        starts: datetime = known.starts_at
        statement = (
            select(RequestRow, LikenessRow, RequestFactsRow)
            .join(LikenessRow, col(LikenessRow.request) == RequestRow.id)
            .join(RequestFactsRow, col(RequestFactsRow.request) == RequestRow.id)
            .where(
                or_(*same),
                col(LikenessRow.starts_at) < known.ends_at,
                col(LikenessRow.starts_at) > starts - _LONGEST,
                col(LikenessRow.ends_at) > starts,
                RequestRow.id != known.request,
                *narrower,
            )
            .order_by(col(RequestRow.submitted_at), col(RequestRow.id))
            .limit(_MOST)
        )
        return [
            Alike(
                row,
                bool(known.claim_mac) and other.claim_mac == known.claim_mac,
                other.organisation_mac == known.organisation_mac,
            )
            for row, other, facts in session.exec(statement).all()
            if is_same_place(asked, parse_asked(facts.facts))
        ]
