"""Service. Audits the records: each event's MAC, place and openings, and what is claimed of it.

Reads each table once, ordered by record; keeps the events of one record that a claim names. An
event that gives its entry when it is built anew is looked at no further (`custody.audit.rebuild`);
any other one is looked into (`custody.audit.faults`). Nothing is made for an event that only a
fault needs: this is gone through for each of millions.
"""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from math import inf
from operator import itemgetter
from uuid import UUID

from custody.audit import rows
from custody.audit.claims import compare
from custody.audit.facts import CLAIMED, WHOLE, Claim, KeptEvent, Span, Step, Tally
from custody.audit.faults import Before, Faults, owner_of
from custody.audit.rebuild import SHAPES, Keyed, extract, keyed, rebuild, sound_values
from custody.audit.rows import EventRow, StoredEvent, StoredRecord
from custody.audit.streams import Peekable, Streams
from custody.errors import KeyStoreError
from custody.formats.events import RecordKind
from custody.ledger.ledger import MAC_TAG
from custody.ledger.recordkeys import RecordKeys

_RECORD = itemgetter(0)
"""Whose an event is."""
_KEYS_HELD = 4096
_ERASING = {
    RecordKind.PERSON: frozenset({"erase.requested", "erase.done"}),
    RecordKind.REQUEST: frozenset({"request.erasure_begun", "request.erased"}),
}
"""The events of which one must stand in a record of a kind before its key may be gone."""
_CLAIMED_EVENTS = frozenset(
    {
        "account.opened",
        "cameras.imported",
        "difference.found",
        "disposal.proposed",
        "erasure.asked",
        "fee.demanded",
        "fee.waived",
        "hold.placed",
        "log.audited",
        "person.named",
    }
)
"""Events of other kinds of record of which a row must tell, too, unless it was erased."""


@dataclass(slots=True)
class _Chain:
    """How far one record has been followed."""

    record: StoredRecord
    key: bytes | None
    extracted: Keyed | None
    """Of ``key``."""
    wanted: frozenset[str]
    """The names of the events that a claim speaks of."""
    n: int = 0
    head: str = ""
    place: float = -1
    """The index of its last event, infinite if that one waits."""
    names: set[str] = field(default_factory=set)
    kept: dict[str, list[KeptEvent]] = field(default_factory=dict)
    lost: bool = True
    """Whether a restored backup had none of its events: it stands for records begun since."""
    part_lost: bool = False
    """Whether a restored backup lacked one of its events."""
    lost_names: set[str] = field(default_factory=set)
    """The names of the events that it lacked."""

    @property
    def before(self) -> Before:
        """Where the record stands, for an event that is looked into."""
        return Before(self.record.kind, self.key, self.n, self.head, self.place)


class RecordsAudit:
    """Audits every record of a span."""

    def __init__(
        self,
        streams: Streams,
        tally: Tally,
        keys: RecordKeys,
        *,
        mac_key: bytes,
        claims: Iterable[Claim],
        now: datetime,
        span: Span = WHOLE,
    ) -> None:
        self._streams = streams
        self._tally = tally
        self._keys = keys
        self._mac = keyed(mac_key, MAC_TAG).mac
        self._span = span
        self._events: Iterator[EventRow] = streams.tuples(rows.EVENTS, span.first, span.last)
        self._claims = Peekable(claims)
        self._disposed = frozenset(one for (one,) in streams.tuples(rows.DISPOSED))
        self._lost = frozenset(one for (one,) in streams.tuples(rows.LOST))
        self._key = lru_cache(_KEYS_HELD)(self._unwrap)
        self._owners = lru_cache(_KEYS_HELD)(self._extracted_of)
        self._faults = Faults(streams, tally, self._key, now)

    def run(self) -> None:
        """Compare everything."""
        records = self._streams.tuples(rows.RECORDS, self._span.first, self._span.last)
        later = groupby(self._events, _RECORD)
        found = next(later, None)
        for record in map(StoredRecord._make, records):
            self._tally.counts["records"] += 1
            while found is not None and found[0] < record.id:
                self._refuse_events(found[1])
                found = next(later, None)
            if found is not None and found[0] == record.id:
                self._check_record(record, found[1])
                found = next(later, None)
            else:
                self._check_record(record, ())
        while found is not None:
            self._refuse_events(found[1])
            found = next(later, None)
        for claim in self._claims:
            self._refuse_claim(claim)

    def _check_record(self, record: StoredRecord, events: Iterable[EventRow]) -> None:
        claim = self._claim_of(record.id)
        wanted = claim.names if claim else frozenset()
        key = self._key(record.id, record.wrapped)
        seen, chain = 0, _Chain(record, key, None if key is None else extract(key), wanted)
        for number, event in enumerate(events, 1):
            self._check_event(event, chain)
            seen = number
        self._tally.counts["events"] += seen
        subject = f"{record.kind} {record.id}"
        if (record.next_n, record.head) != (chain.n, chain.head):
            self._tally.fail(
                Step.RECORDS,
                "The head of a record is not its last event",
                subject,
                expected=f"{chain.n} {chain.head}",
                found=f"{record.next_n} {record.head}",
            )
        stand_in = record.erased and seen > 0 and chain.lost
        if stand_in:
            words = "A backup was restored: this stands for records begun since, which are lost"
            self._tally.note(Step.RECORDS, words, subject)
        elif record.erased:
            self._check_erased(record, chain, subject)
        if claim is not None and record.erased and chain.part_lost:
            words = "Erased after the backup that was restored: its rows cannot be compared"
            self._tally.note(Step.CLAIMS, words, subject)
        elif claim is not None:
            self._tally.counts["claims"] += 1
            compare(self._tally, claim, record.kind, chain.kept)
        elif stand_in:
            pass
        elif record.kind in CLAIMED or not (
            record.erased or chain.names.isdisjoint(_CLAIMED_EVENTS)
        ):
            words = f"The ledger has this {record.kind}, and the database does not"
            self._tally.fail(Step.CLAIMS, words, record.id)

    def _refuse_events(self, events: Iterable[EventRow]) -> None:
        for event in map(StoredEvent._make, events):
            self._tally.fail(Step.RECORDS, "An event belongs to no record", event.name)

    def _claim_of(self, record: str) -> Claim | None:
        while (claim := self._claims.head) is not None and str(claim.record) < record:
            self._refuse_claim(self._claims.take())
        return self._claims.take() if claim is not None and str(claim.record) == record else None

    def _refuse_claim(self, claim: Claim) -> None:
        words = f"The database has this {claim.kind}, and the ledger does not"
        self._tally.fail(Step.CLAIMS, words, claim.name)

    def _check_erased(self, record: StoredRecord, chain: _Chain, subject: str) -> None:
        if record.kind == RecordKind.EXHIBIT:
            # What approved it after the backup is lost with it; that it was done is not.
            told = f'"{record.id}"' in self._disposed or "exhibit.disposed" in chain.lost_names
            asked = told and "exhibit.disposed" in chain.names
        elif record.kind in _ERASING:
            asked = not chain.names.isdisjoint(_ERASING[RecordKind(record.kind)])
        else:
            self._tally.note(Step.RECORDS, "This record was erased", subject)
            return
        if not asked:
            words = "The key of this record is gone, and no event says that it was to be erased"
            self._tally.fail(Step.RECORDS, words, subject)

    def _check_event(self, row: EventRow, chain: _Chain) -> None:
        _, n, event_id, name, at, entry, mac, place, same, waits, *_ = row
        if not hmac.compare_digest(mac, self._mac(entry)):
            words = "This service did not write this event"
            self._tally.fail(Step.EVENTS, words, StoredEvent._make(row).name)
        if n != chain.n or place is None or waits or not same or place <= chain.place:
            self._faults.check_place(StoredEvent._make(row), chain.before)
        lost = event_id in self._lost
        chain.lost, chain.part_lost = chain.lost and lost, chain.part_lost or lost
        if lost:
            chain.lost_names.add(name)
        values: dict[str, str] | None
        if (texts := self._agreeing(row, chain)) is not None:
            self._tally.counts["openings"] += len(texts)
            values = dict(zip(SHAPES[name].names, texts, strict=True))
        else:
            values = self._faults.look_into(StoredEvent._make(row), chain.before, lost=lost)
        # The rows are those of the backup, and tell nothing of what came after it.
        if values is not None and name in chain.wanted and not lost:
            chain.kept.setdefault(name, []).append(KeptEvent(event_id, name, n, at, values))
        chain.names.add(name)
        chain.n, chain.head = n + 1, sha256(entry).hexdigest()
        chain.place = inf if place is None else place

    def _agreeing(self, row: EventRow, chain: _Chain) -> list[str] | None:
        """Return an event's values, if they and its row give its entry; else it is looked into."""
        record, n, event_id, name, at, entry, _, _, _, _, count, names, joined, owners = row
        shape = SHAPES.get(name)
        if shape is None or shape.event.record != chain.record.kind:
            return None
        texts = sound_values(shape, names, joined, count=count, record=record, n=n, head=chain.head)
        pieces = owners.split(rows.BETWEEN_OWNERS)
        if texts is None or len(pieces) != count:
            return None
        keys = [self._owners(piece) if piece else chain.extracted for piece in pieces]
        return texts if entry == rebuild(shape, at, event_id, texts, keys) else None

    def _unwrap(self, record: str, wrapped: bytes | None) -> bytes | None:
        if wrapped is None:
            return None
        try:
            return self._keys.unwrap(UUID(record), wrapped)
        except KeyStoreError as error:
            self._tally.fail_once(Step.OPENINGS, str(error), record)
            return None

    def _extracted_of(self, piece: str) -> Keyed | None:
        owner, wrapped = owner_of(piece)
        key = None if owner is None else self._key(owner, wrapped)
        return None if key is None else extract(key)
