"""Service. Audits the records: each event's MAC, place and openings, and what is claimed of it.

Reads each table once, ordered by record; keeps the events of one record that a claim names. An
event that gives its entry when it is built anew is looked at no further (`custody.audit.rebuild`).
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from math import inf
from uuid import UUID

from custody.audit import rows
from custody.audit.claims import compare
from custody.audit.facts import CLAIMED, Claim, KeptEvent, Step, Tally
from custody.audit.rebuild import extract, is_sound, rebuild
from custody.audit.rows import StoredEvent, StoredRecord
from custody.audit.streams import Peekable, Streams
from custody.canonical import parse_canonical
from custody.entry import Entry, Opening, check_opening, field_key, parse_entry
from custody.errors import FormatError, KeyStoreError, ProofError
from custody.events import EVENTS, PERSON_FIELDS, RecordKind, check_field, event_type
from custody.keys import RecordKeys
from custody.ledger import event_mac

_KEYS_HELD = 1024
_ERASING: Mapping[str, tuple[str, ...]] = {
    RecordKind.EXHIBIT: ("disposal.approved", "disposal.done"),
    RecordKind.PERSON: ("erase.requested", "erase.done"),
}
"""The events of which one must stand before a record's key may be gone."""


@dataclass(slots=True)
class _Chain:
    """How far one record has been followed."""

    record: StoredRecord
    key: bytes | None
    wanted: frozenset[str]
    """The names of the events that a claim speaks of."""
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
        streams: Streams,
        tally: Tally,
        keys: RecordKeys,
        *,
        mac_key: bytes,
        claims: Iterable[Claim],
        now: datetime,
    ) -> None:
        self._streams = streams
        self._tally = tally
        self._keys = keys
        self._mac_key = mac_key
        self._now = now
        self._events = Peekable(streams.tuples(rows.EVENTS, StoredEvent._make))
        self._claims = Peekable(claims)
        self._key = lru_cache(_KEYS_HELD)(self._unwrap)
        self._extracted = lru_cache(_KEYS_HELD)(self._extract)
        self._people_erased = any(streams.tuples(rows.PERSON_ERASED, bool))

    def run(self) -> None:
        """Compare everything."""
        for record in self._streams.tuples(rows.RECORDS, StoredRecord._make):
            self._tally.counts["records"] += 1
            self._check_record(record)
        for event in self._events:
            self._tally.fail(Step.RECORDS, "An event belongs to no record", _name(event))
        for claim in self._claims:
            self._refuse_claim(claim)

    def _check_record(self, record: StoredRecord) -> None:
        claim = self._claim_of(record.id)
        wanted = frozenset(claim.events if claim else ())
        chain = _Chain(record, self._key(record.id, record.wrapped), wanted)
        while (event := self._events.head) is not None and event.record <= record.id:
            self._events.take()
            if event.record == record.id:
                self._check_event(event, chain)
            else:
                self._tally.fail(Step.RECORDS, "An event belongs to no record", _name(event))
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

    def _check_erased(self, record: StoredRecord, chain: _Chain, subject: str) -> None:
        asked = _ERASING.get(record.kind)
        if asked is None:
            self._tally.note(Step.RECORDS, "This record was erased", subject)
        elif chain.names.isdisjoint(asked):
            words = "The key of this record is gone, and no event says that it was to be erased"
            self._tally.fail(Step.RECORDS, words, subject)

    def _check_event(self, event: StoredEvent, chain: _Chain) -> None:
        self._tally.counts["events"] += 1
        if not hmac.compare_digest(event.mac, event_mac(self._mac_key, event.entry)):
            self._tally.fail(Step.EVENTS, "This service did not write this event", _name(event))
        self._check_place(event, chain)
        if self._agrees(event, chain):
            self._tally.counts["openings"] += len(event.texts)
            values: dict[str, str] | None = dict(zip(event.fields, event.texts, strict=True))
        else:
            values = self._look_into(event, chain)
        if values is not None and event.event in chain.wanted:
            chain.kept.setdefault(event.event, []).append(KeptEvent(event.id, values))
        chain.names.add(event.event)
        chain.n, chain.head = event.n + 1, sha256(event.entry).hexdigest()

    def _agrees(self, event: StoredEvent, chain: _Chain) -> bool:
        """Tell whether row and values of an event give its entry; if not, it is looked into."""
        names, texts = event.fields, event.texts
        if not is_sound(event.event, names, texts, event.record, event.n, chain.head):
            return False
        if EVENTS[event.event].record != chain.record.kind:
            return False
        own = self._extracted(event.record, chain.record.wrapped)
        keys = [
            own if owner is None else self._extracted(owner, wrapped)
            for owner, wrapped in zip(event.owners, event.wrapped, strict=True)
        ]
        return event.entry == rebuild(event.event, event.at, event.id, texts, keys)

    def _look_into(self, event: StoredEvent, chain: _Chain) -> dict[str, str] | None:
        """Say what is wrong with an event, or erased of it; return what opened nevertheless.

        None: its entry cannot be read.
        """
        try:
            entry = parse_entry(event.entry)
        except FormatError as error:
            self._tally.fail(Step.EVENTS, f"The entry cannot be read: {error}", _name(event))
            return None
        self._check_entry(entry, event, chain.record)
        values = self._open(entry, event, chain)
        self._check_links(values, event, chain)
        return values

    def _check_place(self, event: StoredEvent, chain: _Chain) -> None:
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

    def _check_entry(self, entry: Entry, event: StoredEvent, record: StoredRecord) -> None:
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

    def _check_links(self, values: Mapping[str, str], event: StoredEvent, chain: _Chain) -> None:
        """Check what the event committed to of its record, as far as that is not erased."""
        stored = {"record": f'"{event.record}"', "n": str(event.n), "prev": f'"{chain.head}"'}
        for name, expected in stored.items():
            if name in values and values[name] != expected:
                self._tally.fail(
                    Step.RECORDS,
                    f"An event committed to another {name} than its own",
                    _name(event),
                    expected=expected.strip('"'),
                    found=values[name].strip('"'),
                )

    def _open(self, entry: Entry, event: StoredEvent, chain: _Chain) -> dict[str, str]:
        """Open every value of an event; return those that are what it committed to."""
        opened: dict[str, str] = {}
        stored = zip(event.fields, event.texts, event.owners, event.wrapped, strict=True)
        for name, text, owner, wrapped in stored:
            key = chain.key if owner is None else self._key(owner, wrapped)
            if key is None:
                self._tally.counts["erased"] += 1
                continue
            try:
                value = parse_canonical(text.encode())
                check_opening(entry, Opening(name, value, field_key(key, entry.id, name)))
                check_field(entry.event, name, value)
            except (FormatError, ProofError) as error:
                self._tally.fail(Step.OPENINGS, str(error), _name(event))
                continue
            self._tally.counts["openings"] += 1
            opened[name] = text
        self._check_lost(sorted(entry.commitments.keys() - event.fields), event, chain)
        return opened

    def _check_lost(self, lost: Iterable[str], event: StoredEvent, chain: _Chain) -> None:
        """Judge the fields whose values are gone: whose, is known of the record's own only."""
        for name in lost:
            erased = self._people_erased if name in PERSON_FIELDS else chain.key is None
            if erased:
                self._tally.counts["erased"] += 1
            else:
                words = f"The value of {name} is gone, and was not erased"
                self._tally.fail(Step.OPENINGS, words, _name(event))

    def _unwrap(self, record: UUID, wrapped: bytes | None) -> bytes | None:
        if wrapped is None:
            return None
        try:
            return self._keys.unwrap(record, wrapped)
        except KeyStoreError as error:
            self._tally.fail(Step.OPENINGS, str(error), str(record))
            return None

    def _extract(self, record: UUID, wrapped: bytes | None) -> bytes | None:
        key = self._key(record, wrapped)
        return None if key is None else extract(key)


def _name(event: StoredEvent) -> str:
    return f"{event.event} {event.id}"
