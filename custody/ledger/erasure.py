"""Service. Destroys what a record says: its key K, and the values that it and its people opened.

What stays is what the log has: entries and commitments that nobody can open any more, and so every
proof and checkpoint (docs/formats/ledger.md). That it was to be destroyed, an event of the record
says first; whoever calls sees to that, in the same transaction or before.

After a backup was restored, `replay` destroys again what the log says is destroyed. The event that
says so stands in the record itself, and commits to its identifier under its own K: so whoever holds
that K again finds by it which record it is of, and needs no other row that the backup lost.
"""

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, delete, select

from custody.formats.entry import Entry, commit, field_key, parse_entry
from custody.formats.events import EVENTS, PERSON_FIELDS
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import (
    CustodyEventRow,
    CustodyRecord,
    CustodyValueRow,
    LogEntryRow,
    RecordKeyRow,
)

DESTROYED = frozenset({"request.erased", "erase.done", "exhibit.disposed"})
"""The events after which the record that they stand in has no K any more."""
RECIPIENT_ERASED = "release.recipient_erased"
"""After it, a release that stays has lost the words of `WORDS`, and K is there."""
WORDS = frozenset({"acceptance", "purpose", "reason", "reference", "system"})
"""What people wrote of a release, and may have named its recipient in."""
WORDED = frozenset(
    {
        *("release.proposed", "release.approved", "release.refused", "release.withdrawn"),
        *("release.revoked", "release.expired", "handoff.recorded"),
    }
)
"""The events of a release that have such words."""
EMPTY = ""
"""What stands in the place of a value that was erased; no value in canonical form is empty."""
_AT_ONCE = 1000


def destroy(session: Session, record: UUID, *people: UUID) -> None:
    """Destroy the key of a record, and each value of its events under it or a key of ``people``.

    What its events say of others under their own keys, such as who of the staff decided, stays.
    """
    events = select(CustodyEventRow.id).where(CustodyEventRow.record == record)
    owned = col(CustodyValueRow.key_record).in_((record, *people))
    session.exec(delete(CustodyValueRow).where(col(CustodyValueRow.event).in_(events), owned))
    session.exec(delete(RecordKeyRow).where(col(RecordKeyRow.record) == record))


def empty_of(session: Session, person: UUID) -> None:
    """Empty what records that stay say of somebody, whose K goes with this; their rows stay."""
    session.exec(
        update(CustodyValueRow)
        .where(
            col(CustodyValueRow.key_record) == person,
            # As the index says it, by which these few are found among millions.
            col(CustodyValueRow.field).in_(sorted(PERSON_FIELDS)),
        )
        .values(value=EMPTY)
    )


def empty_words(session: Session, release: UUID) -> None:
    """Empty the words that people wrote of a release; the event `RECIPIENT_ERASED` tells of it."""
    events = select(CustodyEventRow.id).where(
        CustodyEventRow.record == release, col(CustodyEventRow.event).in_(WORDED)
    )
    session.exec(
        update(CustodyValueRow)
        .where(
            col(CustodyValueRow.event).in_(events),
            col(CustodyValueRow.field).in_(WORDS),
            col(CustodyValueRow.key_record) == release,
        )
        .values(value=EMPTY)
    )


def hold(session: Session, record: UUID) -> None:
    """Hold the head of a record until the transaction ends: nobody adds to it meanwhile."""
    session.get_one(CustodyRecord, record, with_for_update=True)


def is_destroyed(session: Session, record: UUID) -> bool:
    """Tell whether the key of a record is gone: nothing can be added to it any more."""
    found = select(RecordKeyRow.record).where(RecordKeyRow.record == record)
    return session.exec(found).first() is None


def has_event(session: Session, record: UUID, event: str) -> bool:
    """Tell whether an event of this name stands in a record."""
    found = select(CustodyEventRow.id).where(
        CustodyEventRow.record == record, CustodyEventRow.event == event
    )
    return session.exec(found.limit(1)).first() is not None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did, by the identifiers of records."""

    destroyed: tuple[UUID, ...]
    """Whose K was there again, and is gone."""
    emptied: tuple[UUID, ...]
    """Releases whose words were emptied again."""
    moments: Mapping[UUID, datetime] = field(default_factory=dict)
    """When each was erased, as the log says."""


def replay(
    session: Session, keys: RecordKeys, *, entries: Iterable[bytes] | None = None
) -> Replayed:
    """Destroy again what the log says is destroyed, and empty what it says is emptied.

    ``entries`` are those of the log, or all that came after the backup; None: those of the table
    `log_entry`. Done again, nothing is left to do. It works from the events alone: what other
    rows hold of such a record (a description, a name, an object), `custos restore` has its rooms
    take away, by the identifiers that this returns.

    Raises:
        KeyStoreError: a key was made under a key-encryption key that is not here.
        FormatError: an entry that no log of ours has.
    """
    log = _stored(session) if entries is None else entries
    told = [one for data in log if (one := _telling(data)) is not None]
    destroyed, emptied, moments = [], [], {}
    for record, event, at in sorted(_found(session, keys, told)):
        moments[record] = at
        if event == RECIPIENT_ERASED:
            empty_words(session, record)
            emptied.append(record)
        else:
            empty_of(session, record)
            destroy(session, record)
            destroyed.append(record)
    session.flush()
    return Replayed(tuple(destroyed), tuple(emptied), moments)


def _stored(session: Session) -> Iterator[bytes]:
    names = sorted(DESTROYED | {RECIPIENT_ERASED})
    rows = (
        select(LogEntryRow.entry)
        .join(CustodyEventRow, col(CustodyEventRow.id) == LogEntryRow.event)
        .where(col(CustodyEventRow.event).in_(names))
    )
    return iter(session.exec(rows).all())


def _telling(data: bytes) -> Entry | None:
    """Return an entry that tells of an erasure; what cannot be one is not even read."""
    if b"erase" not in data and b"dispos" not in data:
        return None
    entry = parse_entry(data)
    return entry if entry.event in DESTROYED | {RECIPIENT_ERASED} else None


def _found(
    session: Session, keys: RecordKeys, told: Collection[Entry]
) -> Iterator[tuple[UUID, str, datetime]]:
    """Yield of which record each of these is, where its K is there, what it tells, and when."""
    wanted: dict[str, list[Entry]] = {}
    for entry in told:
        wanted.setdefault(EVENTS[entry.event].record.value, []).append(entry)
    for kind, entries in wanted.items():
        rows = (
            select(RecordKeyRow.record, RecordKeyRow.wrapped)
            .join(CustodyRecord, col(CustodyRecord.id) == RecordKeyRow.record)
            .where(CustodyRecord.kind == kind)
            .order_by(col(RecordKeyRow.record))
        )
        for record, wrapped in session.exec(rows.execution_options(yield_per=_AT_ONCE)):
            key = keys.unwrap(record, wrapped)
            own = {entry.event: entry.at for entry in entries if _is_of(entry, record, key)}
            for name, at in own.items():
                yield record, name, at


def _is_of(entry: Entry, record: UUID, key: bytes) -> bool:
    """Tell whether an entry commits to this record, under its K."""
    own = field_key(key, entry.id, "record")
    found = commit(entry.event, entry.id, "record", str(record), own)
    return hmac.compare_digest(found.hex(), entry.commitments["record"])
