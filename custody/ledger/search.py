"""Service. Finds custody events by record, person, kind, time and place, and proves them.

What an event says `custody.ledger.histories` tells.

Every search walks an index, from the newest event back, and stops after a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, tuple_, union
from sqlmodel import Session, col

from custody.check.cms import parse_timestamp
from custody.formats.proof import LogProof, format_proof
from custody.ledger.histories import FoundEvent, events_with_places
from custody.ledger.ledger import CoveringCheckpoint, Ledger, node_reader
from custody.ledger.tables import (
    CustodyEventRow,
    CustodyValueRow,
    LogCheckpointRow,
    LogEntryRow,
    LogStampRow,
)
from custody.tree import merkle


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for; what is None does not matter."""

    records: tuple[UUID, ...] | None = None
    event: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    index: int | None = None
    people: tuple[UUID, ...] | None = None
    """Who acted or was acted on, or whose own record it is: any of them."""


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


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest checkpoint, and its timestamp if it has one."""

    size: int
    note: bytes
    tsr: bytes | None


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
        if wanted.people is not None:
            statement = statement.where(col(CustodyEventRow.id).in_(_about(wanted.people)))
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
            leaf=merkle.leaf_hash(session.get_one(LogEntryRow, index).entry),
            checkpoint=checkpoint,
            proof=self._ledger.proof(session, index, checkpoint),
            stamped_at=parse_timestamp(stamp.tsr).at if stamp else None,
            authority=stamp.authority if stamp else "",
        )

    def newest_checkpoint(self, session: Session) -> Newest | None:
        """Return the newest checkpoint; None: there is none yet."""
        size = session.scalar(select(func.max(LogCheckpointRow.size)))
        if size is None:
            return None
        stamp = session.get(LogStampRow, size)
        note = session.get_one(LogCheckpointRow, size).note
        return Newest(size, note, stamp.tsr if stamp else None)

    def prove_all(
        self, session: Session, places: Sequence[int], newest: Newest
    ) -> Mapping[int, bytes]:
        """Return the .tlog-proof of each of these places: the tree is read once for all of them."""
        needed: dict[merkle.NodeId, None] = {}

        def note_down(nodes: Sequence[merkle.NodeId]) -> list[bytes]:
            needed.update(dict.fromkeys(nodes))
            return [bytes(merkle.HASH_SIZE) for _ in nodes]

        for place in places:
            merkle.prove_inclusion(place, newest.size, note_down)
        read = dict(zip(needed, node_reader(session)(list(needed)), strict=True))
        proven = {
            place: merkle.prove_inclusion(
                place, newest.size, lambda nodes: [read[node] for node in nodes]
            )
            for place in places
        }
        return {
            place: format_proof(LogProof(place, hashes, newest.note))
            for place, hashes in proven.items()
        }


_PEOPLE = "custody_value.field IN ('actor', 'subject', 'person', 'recipient')"
"""Word for word as the index says it, or PostgreSQL would not see that it is the same."""


def _about(people: tuple[UUID, ...]) -> Any:  # noqa: ANN401 - a union of selects
    """Select the events that name people, and those of their own records."""
    named = select(col(CustodyValueRow.event)).where(
        col(CustodyValueRow.key_record).in_(people), text(_PEOPLE)
    )
    own = select(col(CustodyEventRow.id)).where(col(CustodyEventRow.record).in_(people))
    return union(named, own)


def _first(size: Any, index: int) -> Any:  # noqa: ANN401 - a column, and a select over it
    return select(size).where(size > index).order_by(size).limit(1)
