"""Service. Takes over entries of the published log, and keeps what can still be said of each.

One that waited for its place when the backup was made is there, and only gets it. Of another one
the record is found by trying (`trials`), and of its values those that were said before.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import insert, update
from sqlmodel import Session, col, delete, select

from custody.errors import LogStateError
from custody.formats.entry import Entry, parse_entry
from custody.formats.events import COMMON_FIELDS, RecordKind, event_type
from custody.ledger.ledger import event_mac
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import (
    CustodyEventRow,
    CustodyRecord,
    CustodyValueRow,
    LogCheckpointRow,
    LogEntryRow,
    LogNodeRow,
    LogRootRow,
    LogStateRow,
    OutboxRow,
)
from custody.recovery.pools import Pools
from custody.recovery.published import Missing
from custody.recovery.trials import Head, owner, says

_AT_ONCE = 1000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LostEvent:
    """An event of which something is lost, as far as the log tells it in the clear."""

    event: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event of which the record is known, whether its values are or not."""

    record: UUID
    event: str
    at: datetime


@dataclass(slots=True)
class LostRecord:
    """A record of which values were lost."""

    record: UUID
    kind: RecordKind
    known: bool
    """Whether it was there before the backup; if not, it stands for all of its kind that were
    begun since."""
    events: list[LostEvent] = field(default_factory=list)


class Entries:
    """Takes over entries, and counts what was lost."""

    def __init__(
        self,
        session: Session,
        keys: RecordKeys,
        mac_key: bytes,
        new_id: Callable[[], UUID],
    ) -> None:
        self._session = session
        self._pools = Pools(session, keys)
        self._mac_key = mac_key
        self._new_id = new_id
        self._strangers: dict[RecordKind, Head] = {}
        self._moved: dict[UUID, Head] = {}
        self._recent: dict[RecordKind, dict[UUID, Head]] = {}
        self.lost: dict[UUID, LostRecord] = {}
        self.known: list[KnownEvent] = []
        self.whole = 0

    def take(self, found: Missing, size: int) -> None:
        """Take over all entries; the log's state is that of the published checkpoint then."""
        session, index = self._session, size
        for some in _batches(found.entries):
            parsed = [(data, parse_entry(data)) for data in some]
            there = self._there([entry.id for _, entry in parsed])
            placed = []
            for data, entry in parsed:
                if entry.id in there:
                    _require_same(there[entry.id], data, entry)
                else:
                    self._take_one(data, entry)
                placed.append({"index": index, "event": entry.id, "entry": data})
                index += 1
            session.flush()
            session.execute(insert(LogEntryRow), placed)
            ids = [entry.id for _, entry in parsed]
            session.exec(delete(OutboxRow).where(col(OutboxRow.event).in_(ids)))
        for nodes in _batches(found.nodes):
            session.execute(
                insert(LogNodeRow),
                [
                    {"level": node.level, "index": node.index, "hash": value}
                    for node, value in nodes
                ],
            )
        session.merge(LogRootRow(size=found.size, root=found.root))
        session.merge(LogCheckpointRow(size=found.size, note=found.note))
        session.exec(update(LogStateRow).values(size=found.size, root=found.root))
        for head in self._moved.values():
            session.exec(
                update(CustodyRecord)
                .where(col(CustodyRecord.id) == head.record)
                .values(next_n=head.next_n, head=head.head)
            )
        session.flush()
        session.expire_all()

    def _there(self, events: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return the events that the database has: they waited for their place in the backup."""
        rows = self._session.exec(
            select(CustodyEventRow.id, CustodyEventRow.entry).where(
                col(CustodyEventRow.id).in_(events)
            )
        )
        return dict(rows.all())

    def _take_one(self, data: bytes, entry: Entry) -> None:
        kind = event_type(entry.event).record
        head = self._owner(entry, kind)
        values: dict[str, tuple[str, UUID]] = {}
        if head is None:
            head = self._stranger(kind)
        else:
            values = self._values(entry, head)
            self.known.append(KnownEvent(head.record, entry.event, entry.at))
        session = self._session
        session.add(
            CustodyEventRow(
                id=entry.id,
                record=head.record,
                n=head.next_n,
                event=entry.event,
                at=entry.at,
                entry=data,
                mac=event_mac(self._mac_key, data),
            )
        )
        session.flush()
        for name, (text, key_record) in values.items():
            session.add(
                CustodyValueRow(event=entry.id, field=name, value=text, key_record=key_record)
            )
        head.next_n, head.head = head.next_n + 1, hashlib.sha256(data).hexdigest()
        self._moved[head.record] = head
        if values.keys() == entry.commitments.keys():
            self.whole += 1
            return
        known = head.record not in {one.record for one in self._strangers.values()}
        lost = self.lost.setdefault(head.record, LostRecord(head.record, kind, known))
        lost.events.append(LostEvent(entry.event, entry.at))

    def _owner(self, entry: Entry, kind: RecordKind) -> Head | None:
        """Find the record of an entry; one that had an entry lately is likely to have the next."""
        recent = self._recent.setdefault(kind, {})
        found = owner(entry, reversed(recent.values())) or owner(entry, self._pools.heads(kind))
        if found is not None:
            recent.pop(found.record, None)
            recent[found.record] = found
        return found

    def _stranger(self, kind: RecordKind) -> Head:
        """Return the record that stands for all of a kind that nobody can open any more."""
        if kind not in self._strangers:
            record = self._new_id()
            self._session.add(CustodyRecord(id=record, kind=kind.value))
            self._session.flush()
            self._strangers[kind] = Head(record, 0, "", b"")
        return self._strangers[kind]

    def _values(self, entry: Entry, head: Head) -> dict[str, tuple[str, UUID]]:
        """Return what can be said again of an entry, each value with the record whose K hides it.

        Raises:
            LogStateError: it does not follow on what the database has of its record.
        """
        certain = {
            "record": f'"{head.record}"',
            "n": str(head.next_n),
            "prev": f'"{head.head}"',
        }
        for name, text in certain.items():
            if not says(entry, name, text, head.extracted):
                raise LogStateError(
                    f"the published log and the backup tell different histories of the record "
                    f"{head.record}: {entry.event} {entry.id} has another {name}"
                )
        values = {name: (text, head.record) for name, text in certain.items()}
        for name in entry.commitments.keys() - COMMON_FIELDS.keys():
            for text, key_record in self._pools.candidates(head.record, name):
                own = head.extracted if key_record == head.record else None
                extracted = own or self._pools.extracted(key_record)
                if extracted is not None and says(entry, name, text, extracted):
                    values[name] = (text, key_record)
                    break
        return values


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _require_same(stored: bytes, published: bytes, entry: Entry) -> None:
    if stored != published:
        raise LogStateError(
            f"the event {entry.id} is another one in the backup than in the published log"
        )
