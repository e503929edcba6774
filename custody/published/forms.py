"""Pure. Whether entries are in their one form: asked of each entry of a log, and so asked quickly.

Two entries of one event are as long, and differ only in hexadecimal digits and in the time. So what
may not differ is compared as it stands, and an entry is parsed only where that fails: to say why.
"""

from collections.abc import Mapping, Sequence
from datetime import date, time
from functools import lru_cache
from struct import Struct
from types import MappingProxyType
from typing import TypeAlias

from custody.errors import FormatError
from custody.formats.entry import parse_entry
from custody.formats.events import EVENTS

_HEXADECIMAL = b"0123456789abcdef"
_BEGIN = b'{"at":"'
_DATE = _CLOCK = 10
_TAIL = b'","id":"'
_END = b'","v":1}'
_UUID = (8, 4, 4, 4, 12)
_BEHIND = -(len(_TAIL) + sum(_UUID) + len(_UUID) - 1 + len(_END))
"""Where, from the end, the name of the event is over."""
_DIGEST = 64

_Shape: TypeAlias = tuple[Struct, tuple[bytes, ...]]
"""How the entries of one event are cut into what stands in each and, in turn with it, what may
differ; and the former."""


def first_odd(entries: Sequence[bytes]) -> tuple[int, str] | None:
    """Return the first entry that is not in its one form, by its place, and why; None: all are.

    Equal to `parse_entry` of each, twenty times as fast.
    """
    digits: list[bytes] = []
    for place, entry in enumerate(entries):
        shape = _SHAPES.get(entry[entry.rfind(b'"', 0, _BEHIND) + 1 : _BEHIND])
        if shape is not None and len(entry) == shape[0].size:
            parts = shape[0].unpack(entry)
            if parts[::2] == shape[1] and _is_date(parts[1]) and _is_clock(parts[3]):
                digits += parts[5::2]
                continue
        if why := _why_odd(entry):
            return place, why
    if b"".join(digits).translate(None, _HEXADECIMAL):
        found = ((place, _why_odd(entry)) for place, entry in enumerate(entries))
        return next((place, why) for place, why in found if why)
    return None


def _why_odd(entry: bytes) -> str:
    try:
        parse_entry(entry)
    except FormatError as error:
        return str(error)
    return ""


@lru_cache(maxsize=4096)
def _is_date(text: bytes) -> bool:
    """Whether it is a day: 2026-11-21."""
    try:
        return date.fromisoformat(text.decode("ascii")).isoformat().encode() == text
    except ValueError:
        return False


@lru_cache(maxsize=90_000)
def _is_clock(text: bytes) -> bool:
    """Whether it is a second of a day: T03:05:11Z. There are few enough to remember them all."""
    try:
        clock = time.fromisoformat(text[1:-1].decode("ascii"))
    except ValueError:
        return False
    return f"T{clock.isoformat()}Z".encode() == text


def _shape(event: str, fields: Sequence[str]) -> _Shape:
    """Cut an event's entry where parts that may differ begin and end."""
    opening = [b'","c":{"', *[b'","'] * (len(fields) - 1)]
    fixed = [_BEGIN, b"", *(a + f.encode() + b'":"' for a, f in zip(opening, fields, strict=True))]
    fixed += [b'"},"event":"' + event.encode() + _TAIL, *[b"-"] * (len(_UUID) - 1), _END]
    free = [_DATE, _CLOCK, *[_DIGEST] * len(fields), *_UUID]
    parts = "".join(f"{len(a)}s{b}s" for a, b in zip(fixed[:-1], free, strict=True))
    return Struct(f"{parts}{len(_END)}s"), tuple(fixed)


_SHAPES: Mapping[bytes, _Shape] = MappingProxyType(
    {name.encode(): _shape(name, sorted(event.all_fields)) for name, event in EVENTS.items()}
)
