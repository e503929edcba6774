"""Service. Finds custody events for people: by record, kind, time and place in the log.

Every search walks an index, from the newest event back, and stops after a page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlmodel import Session, col

from custody.canonical import JSON
from custody.check.cms import parse_timestamp
from custody.entry import check_opening, parse_entry
from custody.errors import ProofError
from custody.events import check_field
from custody.ledger import CoveringCheckpoint, Ledger
from custody.merkle import leaf_hash
from custody.tables import (
    CustodyEventRow,
    CustodyRecord,
    LogCheckpointRow,
    LogEntryRow,
    LogStampRow,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for; what is None does not matter."""

    records: tuple[UUID, ...] | None = None
    event: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """One event, and its place in the log: None while it waits for one."""

    id: UUID
    seq: int
    record: UUID
    kind: str
    n: int
    event: str
    at: datetime
    entry: bytes
    index: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """One field of an event as the database tells it, held against what the log committed to."""

    field: str
    commitment: str
    value: JSON
    erased: bool = False
    """There is nothing left that could be told."""
    altered: bool = False
    """It is not what the log committed to: somebody changed it afterwards."""


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
        statement = _events()
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
        return [_found(row) for row in rows]

    def history(
        self, session: Session, record: UUID, *, start: int = 0, most: int
    ) -> list[FoundEvent]:
        """Return the events of one record in their order, from number ``start`` on."""
        statement = (
            _events()
            .where(col(CustodyEventRow.record) == record, col(CustodyEventRow.n) >= start)
            .order_by(col(CustodyEventRow.n))
            .limit(most)
        )
        return [_found(row) for row in session.execute(statement)]

    def at(self, session: Session, index: int) -> FoundEvent | None:
        """Return the event at a place in the log."""
        row = session.execute(_events().where(col(LogEntryRow.index) == index)).first()
        return None if row is None else _found(row)

    def tell(self, session: Session, event: FoundEvent) -> list[Told]:
        """Return every field of an event; those of the record first, then by name."""
        entry = parse_entry(event.entry)
        openings = {one.field: one for one in self._ledger.openings(session, event.id)}
        told = []
        for field, commitment in sorted(entry.commitments.items()):
            opening = openings.get(field)
            if opening is None:
                told.append(Told(field, commitment, None, erased=True))
                continue
            try:
                check_opening(entry, opening)
                check_field(entry.event, field, opening.value)
            except ProofError:
                told.append(Told(field, commitment, opening.value, altered=True))
            else:
                told.append(Told(field, commitment, opening.value))
        return told

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


def _events() -> Any:  # noqa: ANN401 - a select of nine columns; SQLAlchemy types fewer
    columns = (
        col(CustodyEventRow.id),
        col(CustodyEventRow.seq),
        col(CustodyEventRow.record),
        col(CustodyRecord.kind),
        col(CustodyEventRow.n),
        col(CustodyEventRow.event),
        col(CustodyEventRow.at),
        col(CustodyEventRow.entry),
        col(LogEntryRow.index),
    )
    return (
        select(*columns)
        .join(CustodyRecord, col(CustodyRecord.id) == CustodyEventRow.record)
        .join(LogEntryRow, col(LogEntryRow.event) == CustodyEventRow.id, isouter=True)
    )


def _found(row: Any) -> FoundEvent:  # noqa: ANN401 - a row of the select above
    return FoundEvent(*row)


def _first(size: Any, index: int) -> Any:  # noqa: ANN401 - a column, and a select over it
    return select(size).where(size > index).order_by(size).limit(1)
