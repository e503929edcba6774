"""Service. Finds custody events for people by record, kind, time and place, and proves them.

What an event says `custody.ledger.histories` tells.

Every search walks an index, from the newest event back, and stops after a page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlmodel import Session, col

from custody.check.cms import parse_timestamp
from custody.ledger.histories import FoundEvent, events_with_places
from custody.ledger.ledger import CoveringCheckpoint, Ledger
from custody.ledger.tables import CustodyEventRow, LogCheckpointRow, LogEntryRow, LogStampRow
from custody.tree.merkle import leaf_hash


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for; what is None does not matter."""

    records: tuple[UUID, ...] | None = None
    event: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Proved:
    """The proof that an event stands in the log, as files that other people's tools read."""

    leaf: bytes
    """What the tree has at the event's place (RFC 6962, section 2.1)."""
    checkpoint: CoveringCheckpoint
    proof: bytes
    """A C2SP tlog-proof, up to that checkpoint."""
    stamped_at: datetime | None
    """What the time-stamping authority says; None: no later checkpoint has a timestamp yet."""
    authority: str


class CustodySearch:
    """Reads the custody record for people. Who may, its callers have asked."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def events(
        self, session: Session, wanted: Wanted, *, older_than: int | None = None, most: int
    ) -> list[FoundEvent]:
        """Return the newest events that are wanted; ``older_than`` is the `seq` of one of them."""
        statement = events_with_places()
        if wanted.records is not None:
            statement = statement.where(col(CustodyEventRow.record).in_(wanted.records))
        if wanted.event is not None:
            statement = statement.where(col(CustodyEventRow.event) == wanted.event)
        if wanted.since is not None:
            statement = statement.where(col(CustodyEventRow.at) >= wanted.since)
        if wanted.before is not None:
            statement = statement.where(col(CustodyEventRow.at) < wanted.before)
        if wanted.index is not None:
            statement = statement.where(col(LogEntryRow.index) == wanted.index)
        place = tuple_(col(CustodyEventRow.at), col(CustodyEventRow.seq))
        if older_than is not None:
            last = select(col(CustodyEventRow.at)).where(col(CustodyEventRow.seq) == older_than)
            at = session.scalar(last)
            if at is None:
                return []
            statement = statement.where(place < (at, older_than))
        newest = (col(CustodyEventRow.at).desc(), col(CustodyEventRow.seq).desc())
        rows = session.execute(statement.order_by(*newest).limit(most))
        return [FoundEvent(*row) for row in rows]

    def prove(self, session: Session, index: int) -> Proved | None:
        """Prove that an event stands in the log; None: no checkpoint covers it yet.

        Under the first stamped checkpoint over it if there is one, so that the proof says since
        when; under the first checkpoint otherwise.
        """
        size = session.scalar(_first(col(LogStampRow.size), index))
        if size is None:
            size = session.scalar(_first(col(LogCheckpointRow.size), index))
        if size is None:
            return None
        note = session.get_one(LogCheckpointRow, size).note
        stamp = session.get(LogStampRow, size)
        checkpoint = CoveringCheckpoint(index, size, note, stamp.tsr if stamp else None)
        return Proved(
            leaf=leaf_hash(session.get_one(LogEntryRow, index).entry),
            checkpoint=checkpoint,
            proof=self._ledger.proof(session, index, checkpoint),
            stamped_at=parse_timestamp(stamp.tsr).at if stamp else None,
            authority=stamp.authority if stamp else "",
        )


def _first(size: Any, index: int) -> Any:  # noqa: ANN401 - a column, and a select over it
    return select(size).where(size > index).order_by(size).limit(1)
