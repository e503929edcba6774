"""Service. Writes custody events in the transaction of what they record, and reads them back.

An event has no index until the sequencer gave it one (`custody.ledger.sequencer`); proofs are made
from what the sequencer stored. Formats: docs/formats/ledger.md.

Over 300 lines: what is written of an event and what is read back of it are held against each other.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeAlias
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, and_, bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, SQLModel, col, func, select

from custody.errors import CustodyError, LogStateError, LogStoppedError, NotYetError
from custody.formats.canonical import JSON, canonical_json, parse_canonical
from custody.formats.disclosure import LoggedEvent
from custody.formats.entry import Opening, field_key, write_entry
from custody.formats.events import PERSON_FIELDS, RecordKind
from custody.formats.proof import LogProof, format_consistency, format_proof
from custody.ledger.erasure import EMPTY
from custody.ledger.houseclock import HouseClock
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.statements import APPEND, HEAD, KEYED_HEAD, LOCKED_HEAD
from custody.ledger.tables import (
    CustodyEventRow,
    CustodyRecord,
    CustodyValueRow,
    LogCheckpointRow,
    LogEntryRow,
    LogNodeRow,
    LogStampRow,
)
from custody.tree import merkle

MAC_TAG = b"custos/event-mac/v1\0"
_NODES = SQLModel.metadata.tables[str(LogNodeRow.__tablename__)]
_ASKED = (
    func.unnest(
        bindparam("levels", type_=ARRAY(Integer)), bindparam("indices", type_=ARRAY(BigInteger))
    )
    .table_valued("level", "index")
    .render_derived()
)
_NODES_ASKED = select(_NODES.c.level, _NODES.c.index, _NODES.c.hash).join(
    _ASKED, and_(_NODES.c.level == _ASKED.c.level, _NODES.c.index == _ASKED.c.index)
)
"""Nodes by their names, however many: a list of thousands in the statement is refused."""


def event_mac(key: bytes, entry: bytes) -> bytes:
    """Return the MAC by which the sequencer knows an event that this service wrote."""
    return hmac.digest(key, MAC_TAG + entry, "sha256")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts or is acted on: what the ledger commits to is ``words``, under their K."""

    record: UUID
    words: str


Values: TypeAlias = "Mapping[str, JSON | Person]"
"""What an event commits to, field by field, beside record, n and prev."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a record stands: the number of its last event, and the SHA-256 of that entry."""

    n: int
    head: str


@dataclass(frozen=True, slots=True)
class CoveringCheckpoint:
    """The first checkpoint that covers an event, and its timestamp once there is one."""

    index: int
    size: int
    note: bytes
    tsr: bytes | None


class Ledger:
    """The custody ledger, as the services above see it."""

    def __init__(
        self,
        keys: RecordKeys,
        *,
        mac_key: bytes,
        new_id: Callable[[], UUID],
        clock: HouseClock | None = None,
    ) -> None:
        """``clock`` is held against what is known before an event is written; None: by nobody."""
        self._clock = clock
        self._keys = keys
        self._mac_key = mac_key
        self._new_id = new_id

    def open_record(self, session: Session, kind: RecordKind, record: UUID | None = None) -> UUID:
        """Begin a record of ``kind``, with a key of its own; return its random identifier."""
        record = record or self._new_id()
        session.add(CustodyRecord(id=record, kind=kind.value))
        self._keys.make(session, record)
        session.flush()
        return record

    def append(
        self,
        session: Session,
        record: UUID,
        event: str,
        values: Values,
        *,
        at: datetime,
        whatever_the_clock: bool = False,
    ) -> UUID:
        """Write one event of ``record``; it stands once the caller commits. Return its id.

        The head row of the record is locked until then, so that n and prev cannot fork. Values
        of people are committed under their own K, everything else under the record's.

        Raises:
            FormatError: the closed table of events does not know the event or its fields.
            ClockError: the clock is days apart (``whatever_the_clock``: for an event that says so).
            CustodyError: a key that is needed was erased.
        """
        if self._clock is not None and not whatever_the_clock:
            self._clock.require(session)
        at = at.replace(microsecond=0)  # entries tell the time to the second
        owners = {field: one.record for field, one in values.items() if isinstance(one, Person)}
        head, opened = self._held(session, record, owners)
        event_id = self._new_id()
        plain = _told(record, head, values)
        keys = _field_keys(record, plain, owners, opened)
        entry, _ = write_entry(event, at, event_id, plain, keys.__getitem__)
        row = {
            "event_id": event_id,
            "record": record,
            "n": head.n + 1,
            "after": head.n + 2,
            "event": event,
            "at": at,
            "entry": entry,
            "mac": event_mac(self._mac_key, entry),
            "told": _texts(record, plain, owners),
            "keyed": list(opened),
            "sha256": hashlib.sha256(entry).hexdigest(),
        }
        if APPEND.run(session, row).first() is None:
            self._refuse(session, record, owners)
        return event_id

    def _held(
        self, session: Session, record: UUID, owners: Mapping[str, UUID]
    ) -> tuple[Head, dict[UUID, bytes]]:
        """Lock the head of ``record``; return it, and each K that is there of these records."""
        session.flush()
        wanted = {"record": record, "keyed": list({record, *owners.values()})}
        rows = KEYED_HEAD.run(session, wanted).all()
        if not rows:
            raise CustodyError(f"there is no record {record}: nothing can be added to it")
        opened = {
            row.record: self._keys.unwrap(row.record, row.wrapped)
            for row in rows
            if row.record is not None
        }
        return Head(rows[0].next_n - 1, rows[0].head), opened

    def _refuse(self, session: Session, record: UUID, owners: Mapping[str, UUID]) -> NoReturn:
        """Say why an event got no place in the outbox; the caller undoes what was written."""
        kept = self._keys.open_all(session, {record, *owners.values()})
        for owner in (record, *owners.values()):
            _require_key(kept, owner)
        raise LogStoppedError(
            "nothing can be recorded now, and so nothing was done: the log has stopped, and a "
            "person must look at it first. What is here can be read"
        )

    def head(self, session: Session, record: UUID, *, lock: bool = False) -> Head:
        """Return where ``record`` stands now; ``lock``: and until the transaction ends."""
        session.flush()
        asked = LOCKED_HEAD if lock else HEAD
        next_n, head = session.execute(asked, {"record": record}).one()
        return Head(next_n - 1, head)

    def indices(self, session: Session, record: UUID) -> dict[UUID, int | None]:
        """Return the index of each event of ``record`` in order of n; None: none yet."""
        rows = session.exec(
            select(CustodyEventRow.id, LogEntryRow.index)
            .join(LogEntryRow, col(LogEntryRow.event) == CustodyEventRow.id, isouter=True)
            .where(CustodyEventRow.record == record)
            .order_by(col(CustodyEventRow.n))
        )
        return dict(rows.all())

    def history(self, session: Session, record: UUID) -> tuple[LoggedEvent, ...]:
        """Return the events of ``record`` with their openings; erased ones are left out.

        Raises:
            NotYetError: an event has no index yet.
        """
        places = self.indices(session, record)
        if None in places.values():
            raise NotYetError("an event still waits for its place in the log")
        entries = session.exec(
            select(LogEntryRow)
            .join(CustodyEventRow, col(CustodyEventRow.id) == LogEntryRow.event)
            .where(CustodyEventRow.record == record)
            .order_by(col(CustodyEventRow.n))
        ).all()
        openings = self.openings_of(session, [row.event for row in entries])
        return tuple(
            LoggedEvent(index=row.index, data=row.entry, openings=openings[row.event])
            for row in entries
        )

    def openings(self, session: Session, event_id: UUID) -> tuple[Opening, ...]:
        """Return the openings of an event's fields, sorted by name; erased ones are left out."""
        return self.openings_of(session, [event_id])[event_id]

    def openings_of(
        self, session: Session, events: Sequence[UUID]
    ) -> dict[UUID, tuple[Opening, ...]]:
        """Return the openings of several events: two statements, and each key is opened once."""
        rows = session.exec(
            select(CustodyValueRow)
            .where(col(CustodyValueRow.event).in_(events))
            .order_by(col(CustodyValueRow.field).collate("C"))
        ).all()
        keys = self._keys.open_all(session, {row.key_record for row in rows})
        openings: dict[UUID, list[Opening]] = {event: [] for event in events}
        for row in rows:
            key = keys.get(row.key_record)
            if key is not None and row.value != EMPTY:
                value = parse_canonical(row.value.encode())
                field = field_key(key, row.event, row.field)
                openings[row.event].append(Opening(row.field, value, field))
        return {event: tuple(some) for event, some in openings.items()}

    def entry(self, session: Session, event_id: UUID) -> bytes:
        """Return the entry of an event, byte for byte as it is hashed."""
        return session.get_one(CustodyEventRow, event_id).entry

    def first_checkpoint(self, session: Session, event_id: UUID) -> CoveringCheckpoint:
        """Return the first checkpoint that covers an event.

        Raises:
            NotYetError: there is none yet.
        """
        found = session.exec(
            select(LogEntryRow.index, LogCheckpointRow)
            .join(LogCheckpointRow, col(LogCheckpointRow.size) > LogEntryRow.index)
            .where(LogEntryRow.event == event_id)
            .order_by(col(LogCheckpointRow.size))
            .limit(1)
        ).first()
        if found is None:
            raise NotYetError("no checkpoint covers this event yet: is the sequencer running?")
        index, checkpoint = found
        stamp = session.get(LogStampRow, checkpoint.size)
        return CoveringCheckpoint(
            index, checkpoint.size, checkpoint.note, stamp.tsr if stamp else None
        )

    def add_stamp(
        self, session: Session, size: int, tsr: bytes, *, authority: str, at: datetime
    ) -> None:
        """Keep the timestamp of the checkpoint of ``size``; a second one changes nothing."""
        # Two exhibits of one moment share their first checkpoint, and each has a job to stamp it.
        stamp = {"size": size, "tsr": tsr, "authority": authority, "stamped_at": at}
        session.execute(insert(LogStampRow).values(stamp).on_conflict_do_nothing())

    def proof(self, session: Session, index: int, checkpoint: CoveringCheckpoint) -> bytes:
        """Return the .tlog-proof of the entry at ``index`` under ``checkpoint``."""
        hashes = merkle.prove_inclusion(index, checkpoint.size, node_reader(session))
        return format_proof(LogProof(index, hashes, checkpoint.note))

    def consistency(self, session: Session, old: int, new: int) -> bytes:
        """Return the file that proves the tree of size ``old`` a beginning of that of ``new``."""
        return format_consistency(merkle.prove_consistency(old, new, node_reader(session)))


def _told(record: UUID, head: Head, values: Values) -> dict[str, JSON]:
    """Return what a record's next event says in each field."""
    told: dict[str, JSON] = {"record": str(record), "n": head.n + 1, "prev": head.head}
    for field, value in values.items():
        told[field] = value.words if isinstance(value, Person) else value
    return told


def _texts(record: UUID, values: Mapping[str, JSON], owners: Mapping[str, UUID]) -> str:
    """Write each value, and the record whose K hides it, as the database takes them apart again."""
    return json.dumps(
        [
            {
                "field": field,
                "value": canonical_json(value).decode(),
                "key_record": str(owners.get(field, record)),
            }
            for field, value in values.items()
        ]
    )


def _field_keys(
    record: UUID,
    values: Mapping[str, JSON],
    owners: Mapping[str, UUID],
    opened: Mapping[UUID, bytes],
) -> dict[str, bytes]:
    """Return the K under which each field is committed."""
    for field in values:
        owner = owners.get(field, record)
        if (field in PERSON_FIELDS) != (owner != record):
            raise CustodyError(f"the field {field!r} must be committed under a person's key")
        _require_key(opened, owner)
    return {field: opened[owners.get(field, record)] for field in values}


def _require_key(opened: Mapping[UUID, bytes], owner: UUID) -> None:
    if owner not in opened:
        raise CustodyError(f"record {owner} was erased: nothing can be added to it")


def node_reader(session: Session) -> merkle.NodeReader:
    """Return a reader of complete subtree hashes as the sequencer stored them."""

    def read(nodes: Sequence[merkle.NodeId]) -> list[bytes]:
        wanted = [(node.level, node.index) for node in nodes]
        asked = {"levels": [level for level, _ in wanted], "indices": [i for _, i in wanted]}
        found = {
            (level, index): value for level, index, value in session.execute(_NODES_ASKED, asked)
        }
        missing = [node for node in wanted if node not in found]
        if missing:
            raise LogStateError(f"the log lacks the tree node {missing[0]} that its size promises")
        return [found[node] for node in wanted]

    return read
