"""Service. The long way: says what is wrong with an event that was not what it should be.

It is asked of what the short way did not take (`custody.audit.records`): an event with a fault,
or one of which something was erased.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from math import inf
from typing import NamedTuple

from custody.audit import rows
from custody.audit.facts import Step, Tally
from custody.audit.rebuild import BETWEEN_NAMES, BETWEEN_VALUES
from custody.audit.rows import StoredEvent
from custody.audit.streams import Streams
from custody.errors import FormatError, ProofError
from custody.formats.canonical import parse_canonical
from custody.formats.entry import Entry, Opening, check_opening, field_key, parse_entry
from custody.formats.events import check_field, event_type
from custody.ledger.erasure import EMPTY, RECIPIENT_ERASED, WORDED, WORDS


class StoredValue(NamedTuple):
    """One value of an event."""

    field: str
    text: str
    owner: str | None
    """Whose key blinds it; None: the record's own."""
    wrapped: bytes | None
    """The key of ``owner``; None: the record's own, or one that was erased."""


class Before(NamedTuple):
    """Where the record of an event stands before it."""

    kind: str
    key: bytes | None
    n: int
    head: str
    place: float
    """The index of its last event, infinite if that one waits."""


class Faults:
    """Looks into events."""

    def __init__(
        self,
        streams: Streams,
        tally: Tally,
        unwrap: Callable[[str, bytes | None], bytes | None],
        now: datetime,
    ) -> None:
        self._streams = streams
        self._tally = tally
        self._unwrap = unwrap
        self._now = now

    @cached_property
    def _people_erased(self) -> frozenset[str]:
        return frozenset(one for (one,) in self._streams.tuples(rows.PERSON_ERASED))

    @cached_property
    def _wordless(self) -> frozenset[str]:
        told = self._streams.tuples(rows.WORDS_ERASED, RECIPIENT_ERASED)
        return frozenset(one for (one,) in told)

    def look_into(self, event: StoredEvent, before: Before, *, lost: bool) -> dict[str, str] | None:
        """Say what is wrong with an event, or erased of it; return what opened nevertheless.

        None: its entry cannot be read. ``lost``: a restored backup did not have it.
        """
        try:
            entry = parse_entry(event.entry)
        except FormatError as error:
            self._tally.fail(Step.EVENTS, f"The entry cannot be read: {error}", event.name)
            return None
        self._check_entry(entry, event, before.kind)
        values = self._open(entry, event, before, lost=lost)
        self._check_links(values, event, before)
        return values

    def check_place(self, event: StoredEvent, before: Before) -> None:
        """Check that an event stands in the tree, or waits for it, after the one before it."""
        if event.n != before.n:
            self._tally.fail(
                Step.RECORDS,
                "An event of this record is missing",
                event.name,
                expected=str(before.n),
                found=str(event.n),
            )
        if (event.place is None) != event.waits:
            words = "An event waits for a place that it has"
            if event.place is None:
                words = "An event has no place in the tree, and does not wait for one"
            self._tally.fail(Step.EVENTS, words, event.name)
        elif event.waits:
            age = (self._now - event.at).total_seconds()
            self._tally.counts["waiting"] += 1
            self._tally.note(
                Step.WAITING, f"{event.event} waits for its place since {age:,.0f} s", event.name
            )
        place = inf if event.place is None else event.place
        if place < before.place or place == before.place != inf:
            words = "An event stands in the tree before the one that it follows"
            self._tally.fail(Step.RECORDS, words, event.name)
        if event.place is not None and not event.same:
            words = "An entry is not the event that it stands for"
            self._tally.fail(Step.TREE, words, f"entry {event.place}")

    def _check_entry(self, entry: Entry, event: StoredEvent, kind: str) -> None:
        said = (str(entry.id), entry.event, entry.at)
        stored = (event.id, event.event, event.at)
        if said != stored:
            self._tally.fail(
                Step.EVENTS,
                "The row of an event does not say what its entry says",
                event.name,
                expected=" ".join(map(str, said)),
                found=" ".join(map(str, stored)),
            )
        if event_type(entry.event).record != kind:
            words = f"{entry.event} cannot stand in the record of a {kind}"
            self._tally.fail(Step.RECORDS, words, event.name)

    def _check_links(self, values: Mapping[str, str], event: StoredEvent, before: Before) -> None:
        """Check what the event committed to of its record, as far as that is not erased."""
        stored = {"record": f'"{event.record}"', "n": str(event.n), "prev": f'"{before.head}"'}
        for name, expected in stored.items():
            if name in values and values[name] != expected:
                self._tally.fail(
                    Step.RECORDS,
                    f"An event committed to another {name} than its own",
                    event.name,
                    expected=expected.strip('"'),
                    found=values[name].strip('"'),
                )

    def _open(
        self, entry: Entry, event: StoredEvent, before: Before, *, lost: bool
    ) -> dict[str, str]:
        """Open every value of an event; return those that are what it committed to."""
        opened: dict[str, str] = {}
        stored = self._values(event)
        for name, text, owner, wrapped in stored:
            key = before.key if owner is None else self._unwrap(owner, wrapped)
            if owner is not None and wrapped is None and owner not in self._people_erased:
                words = f"The value of {name} names a key that nobody has"
                self._tally.fail(Step.OPENINGS, words, event.name)
                continue
            if key is None or (owner is None and self._is_emptied(event, name, text)):
                self._tally.counts["erased"] += 1
                continue
            try:
                value = parse_canonical(text.encode())
                check_opening(entry, Opening(name, value, field_key(key, entry.id, name)))
                check_field(entry.event, name, value)
            except (FormatError, ProofError) as error:
                self._tally.fail(Step.OPENINGS, str(error), event.name)
                continue
            self._tally.counts["openings"] += 1
            opened[name] = text
        names = {value.field for value in stored}
        gone = sorted(entry.commitments.keys() - names)
        if lost and before.key is not None:
            self._tally.counts["lost"] += len(gone)
        else:
            self._check_gone(gone, event, before)
        return opened

    def _is_emptied(self, event: StoredEvent, name: str, text: str) -> bool:
        """Tell whether a value is one of the words that went with the recipient of a release."""
        erasable = name in WORDS and event.event in WORDED
        return text == EMPTY and erasable and event.record in self._wordless

    def _check_gone(self, gone: Iterable[str], event: StoredEvent, before: Before) -> None:
        """Judge the fields whose values are gone: all of them may be, with the record's own key.

        In a record that stays, what it says of somebody who was erased is empty, and not gone: so
        whose it was is known, and nobody else's can go with it.
        """
        for name in gone:
            if before.key is None:
                self._tally.counts["erased"] += 1
            else:
                words = f"The value of {name} is gone, and was not erased"
                self._tally.fail(Step.OPENINGS, words, event.name)

    def _values(self, event: StoredEvent) -> Sequence[StoredValue]:
        """Take the values of an event apart, or read them one by one if they hold what joins them.

        That is a statement; no value in its canonical form makes it necessary.
        """
        columns = (
            event.names.split(BETWEEN_NAMES),
            event.texts.split(BETWEEN_VALUES),
            event.owners.split(rows.BETWEEN_OWNERS),
        )
        if not event.values:
            return []
        if any(len(column) != event.values for column in columns):
            return [StoredValue(*row) for row in self._streams.tuples(rows.VALUES, event.id)]
        return [
            StoredValue(name, text, *owner_of(piece))
            for name, text, piece in zip(*columns, strict=True)
        ]


def owner_of(piece: str) -> tuple[str | None, bytes | None]:
    """Read one piece of `StoredEvent.owners`: whose key, and the key as it is kept."""
    if not piece:
        return None, None
    owner, kept, wrapped = piece.partition(rows.BEFORE_KEY)
    return owner, bytes.fromhex(wrapped) if kept else None
