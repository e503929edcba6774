"""Pure. What a package discloses of the ledger: events with the openings that its reader may have.

`custody/events.jsonl` holds one event a line, ordered by index, each line canonical JSON:

    {"entry":{…},"index":7,"openings":[{"field":"n","key":"<64 hex digits>","value":0}, …]}

`seal/release.openings.json` is such a list of openings alone. Openings are sorted by field.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from custody.errors import FormatError
from custody.formats.canonical import JSON, MAX_INTEGER, canonical_json, parse_canonical, parse_hex
from custody.formats.entry import KEY_SIZE, Entry, Opening, check_opening, parse_entry
from custody.formats.events import check_field

MAX_EVENTS_BYTES = 8 * 1024 * 1024
"""Of `custody/events.jsonl`: some three thousand events."""
MAX_LINE_BYTES = 256 * 1024
"""Of one event with its openings, and of `seal/release.openings.json`."""

_VALUES_FREE = 128
_BYTES_A_VALUE = 24
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A JSON text, or what begins like one: it matches at every quote, so nothing is read twice."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An entry at its place in the log, with the openings that are disclosed; not yet believed."""

    index: int
    data: bytes
    """The entry, byte for byte: what the leaf is the hash of."""
    openings: tuple[Opening, ...]
    _read: list[Entry] = field(default_factory=list, init=False, repr=False, compare=False)
    """The entry once it was parsed: each check asks for it, and its bytes never change."""
    _values: list[Mapping[str, JSON]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    """What the openings disclose once each was checked: they never change, either."""

    @property
    def entry(self) -> Entry:
        """The entry, parsed.

        Raises:
            FormatError: see `parse_entry`.
        """
        if not self._read:
            self._read.append(parse_entry(self.data))
        return self._read[0]

    @property
    def values(self) -> Mapping[str, JSON]:
        """What the openings disclose by field, each checked.

        Raises:
            FormatError: see `open_event`.
            ProofError: see `open_event`.
        """
        if not self._values:
            entry = self.entry
            for opening in self.openings:
                check_opening(entry, opening)
                check_field(entry.event, opening.field, opening.value)
            found = {opening.field: opening.value for opening in self.openings}
            self._values.append(MappingProxyType(found))
        return self._values[0]


def open_event(event: LoggedEvent) -> Mapping[str, JSON]:
    """Check every opening against the entry; returns the disclosed values by field.

    Says nothing about the log: that the entry is in it, its inclusion proof says.

    Raises:
        FormatError: a malformed entry, or a value that is not of its field's type.
        ProofError: an opening that does not open its commitment.

    """
    return event.values


def format_events(events: Sequence[LoggedEvent]) -> bytes:
    """Write `custody/events.jsonl`; the events must be sorted by index."""
    return b"".join(_format_event(event) + b"\n" for event in events)


def parse_events(data: bytes) -> tuple[LoggedEvent, ...]:
    """Read `custody/events.jsonl`, and believe nothing of it.

    Raises:
        FormatError: not the canonical form, indices that do not rise, or more than the limits.

    """
    if len(data) > MAX_EVENTS_BYTES:
        words = f"The events have {len(data)} bytes; at most {MAX_EVENTS_BYTES} are allowed"
        raise FormatError(words)
    if data and not data.endswith(b"\n"):
        raise FormatError("The last event does not end in a newline")
    events = tuple(_parse_event(line) for line in _lines(data))
    indices = [event.index for event in events]
    if indices != sorted(set(indices)):
        raise FormatError("The events are not ordered by index, each once")
    return events


def format_openings(openings: Sequence[Opening]) -> bytes:
    """Write `seal/release.openings.json`."""
    return canonical_json(_plain_openings(openings))


def parse_openings(data: bytes) -> tuple[Opening, ...]:
    """Read `seal/release.openings.json`, and believe nothing of it.

    Raises:
        FormatError: not the canonical form, fields out of order or twice.

    """
    return _read_openings(_parse_dense(data))


def _lines(data: bytes) -> Iterator[bytes]:
    """Cut the lines off one after the other: all at once, an enemy's would take much memory."""
    start = 0
    while start < len(data):
        end = data.index(b"\n", start)
        yield data[start:end]
        start = end + 1


def _parse_dense(data: bytes) -> JSON:
    """Read a line, unless it holds more values than its length can be the reason for.

    Ours are mostly digests and keys in hexadecimal. Millions of empty lists would take twenty
    times the memory of the file that they stand in.
    """
    if len(data) <= MAX_LINE_BYTES:
        most = _VALUES_FREE + len(data) // _BYTES_A_VALUE
        if _values(data) > most and _values(_TEXT.sub(b"", data)) > most:
            raise FormatError(f"A line of events holds more than {most} values")
    return parse_canonical(data, limit=MAX_LINE_BYTES)


def _values(data: bytes) -> int:
    """Count what begins or parts values: at least as many as there are."""
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def _format_event(event: LoggedEvent) -> bytes:
    return canonical_json(
        {
            "entry": parse_canonical(event.data),
            "index": event.index,
            "openings": _plain_openings(event.openings),
        }
    )


def _parse_event(line: bytes) -> LoggedEvent:
    value = _parse_dense(line)
    if not isinstance(value, Mapping) or set(value) != {"entry", "index", "openings"}:
        raise FormatError("A line of events has exactly entry, index and openings")
    index = value["index"]
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index <= MAX_INTEGER:
        raise FormatError("The index of an event must be a number from 0")
    # The line is canonical, and so is every part of it: these are the entry's own bytes.
    data = canonical_json(value["entry"])
    event = LoggedEvent(index, data, _read_openings(value["openings"]))
    event.entry  # noqa: B018 - what is no entry is refused here, and not first where it is used
    return event


def _plain_openings(openings: Sequence[Opening]) -> list[JSON]:
    return [
        {"field": each.field, "key": each.key.hex(), "value": each.value}
        for each in sorted(openings, key=lambda each: each.field)
    ]


def _read_openings(value: JSON) -> tuple[Opening, ...]:
    if not isinstance(value, list):
        raise FormatError("The openings must be a list")
    openings = tuple(_read_opening(each) for each in value)
    fields = [opening.field for opening in openings]
    if fields != sorted(set(fields)):
        raise FormatError("The openings are not sorted by field, each once")
    return openings


def _read_opening(value: JSON) -> Opening:
    if not isinstance(value, Mapping) or set(value) != {"field", "key", "value"}:
        raise FormatError("An opening has exactly field, key and value")
    name = value["field"]
    if not isinstance(name, str):
        raise FormatError("The field of an opening must be text")
    return Opening(name, value["value"], parse_hex(value["key"], KEY_SIZE))
