"""Service. Audits the records: each event's MAC, place and openings, and what is claimed of it.

Reads each table once, ordered by record; keeps the events of one record that a claim names.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from math import inf
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from custody.audit.claims import compare
from custody.audit.facts import CLAIMED, Claim, KeptEvent, Step, Tally
from custody.audit.streams import AnyRow, AnySelect, Peekable, Streams
from custody.canonical import JSON, parse_canonical
from custody.entry import Entry, Opening, check_opening, field_key, parse_entry
from custody.errors import FormatError, KeyStoreError, ProofError
from custody.events import PERSON_FIELDS, RecordKind, check_field, event_type
from custody.keys import RecordKeys
from custody.ledger import event_mac
from custody.tables import (
    CustodyEventRow,
    CustodyRecord,
    CustodyValueRow,
    LogEntryRow,
    OutboxRow,
    RecordKeyRow,
)

_KEYS_HELD = 256
_ERASING = {
    RecordKind.EXHIBIT: ("disposal.approved", "disposal.done"),
    RecordKind.PERSON: ("erase.requested", "erase.done"),
}
"""The events of which one must stand before a record's key may be gone."""


@dataclass(slots=True)
class _Chain:
    """How far one record has been followed."""

    n: int = 0
    head: str = ""
    place: float = -1
    """The index of its last event, infinite if that one waits."""
    names: set[str] = field(default_factory=set)
    kept: dict[str, list[KeptEvent]] = field(default_factory=dict)


class RecordsAudit:
    """Audits every record."""

    def __init__(
        self,
        session: Session,
        streams: Streams,
        tally: Tally,
        keys: RecordKeys,
        *,
        mac_key: bytes,
        claims: Iterable[Claim],
        now: datetime,
    ) -> None:
        self._session = session
        self._streams = streams
        self._tally = tally
        self._keys = keys
        self._mac_key = mac_key
        self._now = now
        self._events = Peekable(streams.rows(_events()))
        self._values = Peekable(streams.rows(_values()))
        self._claims = Peekable(claims)
        self._key: Callable[[UUID], bytes | None] = lru_cache(_KEYS_HELD)(self._open_key)
        self._people_erased = session.execute(_erased_people()).first() is not None

    def run(self) -> None:
        """Compare everything."""
        for record in self._streams.rows(_records()):
            self._tally.counts["records"] += 1
            self._check_record(record)
        for event in self._events:
            self._tally.fail(Step.RECORDS, "An event belongs to no record", _name(event))
        for claim in self._claims:
            self._refuse_claim(claim)

    def _check_record(self, record: AnyRow) -> None:
        claim = self._claim_of(record.id)
        chain = _Chain()
        while (event := self._events.head) is not None and event.record == record.id:
            self._check_event(self._events.take(), record, chain)
            if claim is None or event.event not in claim.events:
                chain.kept.pop(event.event, None)
        subject = f"{record.kind} {record.id}"
        if (record.next_n, record.head) != (chain.n, chain.head):
            self._tally.fail(
                Step.RECORDS,
                "The head of a record is not its last event",
                subject,
                expected=f"{chain.n} {chain.head}",
                found=f"{record.next_n} {record.head}",
            )
        if record.erased:
            self._check_erased(record, chain, subject)
        if claim is not None:
            self._tally.counts["claims"] += 1
            compare(self._tally, claim, record.kind, chain.kept)
        elif record.kind in CLAIMED:
            words = f"The ledger has this {record.kind}, and the database does not"
            self._tally.fail(Step.CLAIMS, words, str(record.id))

    def _claim_of(self, record: UUID) -> Claim | None:
        while (claim := self._claims.head) is not None and claim.record < record:
            self._refuse_claim(self._claims.take())
        return self._claims.take() if claim is not None and claim.record == record else None

    def _refuse_claim(self, claim: Claim) -> None:
        words = f"The database has this {claim.kind}, and the ledger does not"
        self._tally.fail(Step.CLAIMS, words, claim.name)

    def _check_erased(self, record: AnyRow, chain: _Chain, subject: str) -> None:
        asked = _ERASING.get(record.kind)
        if asked is None:
            self._tally.note(Step.RECORDS, "This record was erased", subject)
        elif chain.names.isdisjoint(asked):
            words = "The key of this record is gone, and no event says that it was to be erased"
            self._tally.fail(Step.RECORDS, words, subject)

    def _check_event(self, event: AnyRow, record: AnyRow, chain: _Chain) -> None:
        self._tally.counts["events"] += 1
        if not hmac.compare_digest(event.mac, event_mac(self._mac_key, event.entry)):
            self._tally.fail(Step.EVENTS, "This service did not write this event", _name(event))
        self._check_place(event, chain)
        try:
            entry = parse_entry(event.entry)
        except FormatError as error:
            self._tally.fail(Step.EVENTS, f"The entry cannot be read: {error}", _name(event))
            self._skip_values(event)
        else:
            self._check_entry(entry, event, record)
            values = self._open(entry, event)
            self._check_links(values, event, chain)
            chain.kept.setdefault(event.event, []).append(KeptEvent(event.id, values))
        chain.names.add(event.event)
        chain.n, chain.head = event.n + 1, sha256(event.entry).hexdigest()

    def _check_place(self, event: AnyRow, chain: _Chain) -> None:
        """Check that an event stands in the tree, or waits for it, after the one before it."""
        if event.n != chain.n:
            self._tally.fail(
                Step.RECORDS,
                "An event of this record is missing",
                _name(event),
                expected=str(chain.n),
                found=str(event.n),
            )
        if (event.place is None) != event.waits:
            words = "An event waits for a place that it has"
            if event.place is None:
                words = "An event has no place in the tree, and does not wait for one"
            self._tally.fail(Step.EVENTS, words, _name(event))
        elif event.waits:
            age = (self._now - event.at).total_seconds()
            self._tally.counts["waiting"] += 1
            self._tally.note(
                Step.WAITING, f"{event.event} waits for its place since {age:,.0f} s", _name(event)
            )
        place = inf if event.place is None else event.place
        if place < chain.place or place == chain.place != inf:
            words = "An event stands in the tree before the one that it follows"
            self._tally.fail(Step.RECORDS, words, _name(event))
        chain.place = place

    def _check_entry(self, entry: Entry, event: AnyRow, record: AnyRow) -> None:
        said = (entry.id, entry.event, entry.at)
        stored = (event.id, event.event, event.at)
        if said != stored:
            self._tally.fail(
                Step.EVENTS,
                "The row of an event does not say what its entry says",
                _name(event),
                expected=" ".join(map(str, said)),
                found=" ".join(map(str, stored)),
            )
        kind = event_type(entry.event).record
        if kind != record.kind:
            words = f"{entry.event} cannot stand in the record of a {record.kind}"
            self._tally.fail(Step.RECORDS, words, _name(event))

    def _check_links(self, values: Mapping[str, JSON], event: AnyRow, chain: _Chain) -> None:
        """Check what the event committed to of its record, as far as that is not erased."""
        stored = {"record": str(event.record), "n": event.n, "prev": chain.head}
        for name, expected in stored.items():
            if name in values and values[name] != expected:
                self._tally.fail(
                    Step.RECORDS,
                    f"An event committed to another {name} than its own",
                    _name(event),
                    expected=str(expected),
                    found=str(values[name]),
                )

    def _open(self, entry: Entry, event: AnyRow) -> dict[str, JSON]:
        """Open every value of an event; return those that are what it committed to."""
        opened: dict[str, JSON] = {}
        lost = set(entry.commitments)
        while (row := self._values.head) is not None and row.event == event.id:
            self._values.take()
            lost.discard(row.field)
            key = self._key(row.key_record)
            if key is None:
                self._tally.counts["erased"] += 1
                continue
            try:
                value = parse_canonical(row.value.encode())
                opening = Opening(row.field, value, field_key(key, entry.id, row.field))
                check_opening(entry, opening)
                check_field(entry.event, row.field, value)
            except (FormatError, ProofError) as error:
                self._tally.fail(Step.OPENINGS, str(error), _name(event))
                continue
            self._tally.counts["openings"] += 1
            opened[row.field] = value
        self._check_lost(sorted(lost), event)
        return opened

    def _check_lost(self, lost: Iterable[str], event: AnyRow) -> None:
        """Judge the fields whose values are gone: whose, is known of the record's own only."""
        for name in lost:
            if name in PERSON_FIELDS:
                erased = self._people_erased
            else:
                erased = self._key(event.record) is None
            if erased:
                self._tally.counts["erased"] += 1
            else:
                words = f"The value of {name} is gone, and was not erased"
                self._tally.fail(Step.OPENINGS, words, _name(event))

    def _skip_values(self, event: AnyRow) -> None:
        while (row := self._values.head) is not None and row.event == event.id:
            self._values.take()

    def _open_key(self, record: UUID) -> bytes | None:
        try:
            return self._keys.open(self._session, record)
        except KeyStoreError as error:
            self._tally.fail(Step.OPENINGS, str(error), str(record))
            return None


def _records() -> AnySelect:
    return (
        select(
            col(CustodyRecord.id),
            col(CustodyRecord.kind),
            col(CustodyRecord.next_n),
            col(CustodyRecord.head),
            col(RecordKeyRow.record).is_(None).label("erased"),
        )
        .join(RecordKeyRow, col(RecordKeyRow.record) == CustodyRecord.id, isouter=True)
        .order_by(col(CustodyRecord.id))
    )


def _erased_people() -> AnySelect:
    return (
        select(col(CustodyRecord.id))
        .join(RecordKeyRow, col(RecordKeyRow.record) == CustodyRecord.id, isouter=True)
        .where(col(CustodyRecord.kind) == RecordKind.PERSON, col(RecordKeyRow.record).is_(None))
        .limit(1)
    )


def _events() -> AnySelect:
    return (
        select(
            col(CustodyEventRow.record),
            col(CustodyEventRow.n),
            col(CustodyEventRow.id),
            col(CustodyEventRow.event),
            col(CustodyEventRow.at),
            col(CustodyEventRow.entry),
            col(CustodyEventRow.mac),
            col(LogEntryRow.index).label("place"),
            col(OutboxRow.event).is_not(None).label("waits"),
        )
        .join(LogEntryRow, col(LogEntryRow.event) == CustodyEventRow.id, isouter=True)
        .join(OutboxRow, col(OutboxRow.event) == CustodyEventRow.id, isouter=True)
        .order_by(col(CustodyEventRow.record), col(CustodyEventRow.n))
    )


def _values() -> AnySelect:
    return (
        select(
            col(CustodyValueRow.event),
            col(CustodyValueRow.field),
            col(CustodyValueRow.value),
            col(CustodyValueRow.key_record),
        )
        .join(CustodyEventRow, col(CustodyEventRow.id) == CustodyValueRow.event)
        .order_by(col(CustodyEventRow.record), col(CustodyEventRow.n), col(CustodyValueRow.field))
    )


def _name(event: AnyRow) -> str:
    return f"{event.event} {event.id}"
