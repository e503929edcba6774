"""Service. Reads the custody history of a record: the one way for pages, calls and commands.

Nothing that the database says is believed. An event is ours if it carries the MAC that we wrote it
with, and is what stands at its place in the log; a value is what the event committed to, or it is
told as altered. A page of a history asks four statements, and opens each key once.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from custody.errors import FormatError, ProofError
from custody.formats.canonical import JSON
from custody.formats.entry import Entry, Opening, check_opening, parse_entry
from custody.formats.events import check_field, event_type
from custody.ledger.ledger import Ledger, event_mac
from custody.ledger.tables import (
    CustodyEventRow,
    CustodyRecord,
    CustodyValueRow,
    LogEntryRow,
    RecordKeyRow,
)


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """One event as its row says, and its place in the log: None while it waits for one."""

    id: UUID
    seq: int
    record: UUID
    kind: str
    n: int
    event: str
    at: datetime
    entry: bytes
    index: int | None
    doubted: bool = False
    """Whether its row names another event, or another moment, than its entry does."""


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
class _Mark:
    """What shows that an event is ours."""

    mac: bytes
    logged: bytes | None
    """What stands at its place in the log, if it has one."""


class Histories:
    """Reads histories. Who may, its callers have asked."""

    def __init__(self, ledger: Ledger, *, mac_key: bytes) -> None:
        self._ledger = ledger
        self._mac_key = mac_key

    def of(
        self, session: Session, record: UUID, *, start: int = 0, most: int
    ) -> Sequence[FoundEvent]:
        """Return the events of one record in their order, from number ``start`` on.

        Raises:
            FormatError: an entry that nobody here can have written; so `at`.
        """
        statement = (
            events_with_places()
            .where(col(CustodyEventRow.record) == record, col(CustodyEventRow.n) >= start)
            .order_by(col(CustodyEventRow.n))
            .limit(most)
        )
        return [_as_written(FoundEvent(*row)) for row in session.execute(statement)]

    def named(self, session: Session, record: UUID, names: Collection[str]) -> Sequence[FoundEvent]:
        """Return the events of one record whose rows have one of these names, in their order.

        For what people read: whoever must not miss one reads them all (`of`).
        """
        statement = (
            events_with_places()
            .where(col(CustodyEventRow.record) == record, col(CustodyEventRow.event).in_(names))
            .order_by(col(CustodyEventRow.n))
        )
        return [_as_written(FoundEvent(*row)) for row in session.execute(statement)]

    def at(self, session: Session, index: int) -> FoundEvent | None:
        """Return the event at a place in the log."""
        row = session.execute(events_with_places().where(col(LogEntryRow.index) == index)).first()
        return None if row is None else _as_written(FoundEvent(*row))

    def tell(self, session: Session, events: Sequence[FoundEvent]) -> Mapping[UUID, Sequence[Told]]:
        """Return every field of each event by the event's id; the fields are sorted by name.

        Raises:
            FormatError: an entry, or a value, that nobody here can have written.
        """
        ids = [event.id for event in events]
        openings, marks = self._ledger.openings_of(session, ids), _marks(session, ids)
        return {
            event.id: self._told(event, openings[event.id], marks[event.id]) for event in events
        }

    def _told(self, event: FoundEvent, openings: Sequence[Opening], mark: _Mark) -> list[Told]:
        entry = parse_entry(event.entry)
        ours, opened = self._is_ours(event, entry, mark), {one.field: one for one in openings}
        told = []
        for field, commitment in sorted(entry.commitments.items()):
            opening = opened.get(field)
            value = None if opening is None else opening.value
            altered = not ours or (opening is not None and not _opens(event, entry, opening))
            erased = opening is None and not altered
            told.append(Told(field, commitment, value, erased=erased, altered=altered))
        return told

    def _is_ours(self, event: FoundEvent, entry: Entry, mark: _Mark) -> bool:
        """Tell whether this service wrote the event, as its row and the log say it."""
        return (
            hmac.compare_digest(mark.mac, event_mac(self._mac_key, event.entry))
            and mark.logged in (None, event.entry)
            and event.id == entry.id
            and not event.doubted
        )


def _as_written(found: FoundEvent) -> FoundEvent:
    """Return an event with the name and the moment that its entry has; its row is no proof."""
    entry = parse_entry(found.entry)
    doubted = (found.event, found.at) != (entry.event, entry.at)
    return replace(found, event=entry.event, at=entry.at, doubted=doubted)


def _opens(event: FoundEvent, entry: Entry, opening: Opening) -> bool:
    """Tell whether a value is what the event committed to, and what its row says of the record."""
    said: dict[str, JSON] = {"record": str(event.record), "n": event.n}
    try:
        check_opening(entry, opening)
        check_field(entry.event, opening.field, opening.value)
    except (FormatError, ProofError):
        return False
    return said.get(opening.field, opening.value) == opening.value


def _marks(session: Session, events: Sequence[UUID]) -> Mapping[UUID, _Mark]:
    rows = session.execute(
        select(col(CustodyEventRow.id), col(CustodyEventRow.mac), col(LogEntryRow.entry))
        .join(LogEntryRow, col(LogEntryRow.event) == CustodyEventRow.id, isouter=True)
        .where(col(CustodyEventRow.id).in_(events))
    )
    return {event: _Mark(mac, logged) for event, mac, logged in rows}


def events_with_places() -> Any:  # noqa: ANN401 - a select of more columns than SQLAlchemy types
    """Return the statement of every event with its place, for a condition and an order."""
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


def incomplete(session: Session, records: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the records of which a value is gone though their key is there.

    A backup was restored, and what the log had beyond it tells no values any more.
    """
    rows = session.execute(
        select(
            col(CustodyEventRow.record),
            col(CustodyEventRow.event),
            func.count(col(CustodyValueRow.field)),
        )
        .join(RecordKeyRow, col(RecordKeyRow.record) == CustodyEventRow.record)
        .join(CustodyValueRow, col(CustodyValueRow.event) == CustodyEventRow.id, isouter=True)
        .where(col(CustodyEventRow.record).in_(records))
        .group_by(col(CustodyEventRow.id))
    )
    return frozenset(
        record for record, event, values in rows if values < len(event_type(event).all_fields)
    )
