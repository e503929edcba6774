"""Pure. Builds an entry anew from what the database says it opens to: the short way to agree.

Most events are what they should be. One is, if its row and its values, each in its one form and
under its own key, give its entry byte for byte. Where they do not, or where something is missing,
the long way says what is wrong (`custody.audit.records`): so nothing here can accuse, and what
it accepts, SHA-256 vouches for.
"""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from custody.canonical import parse_canonical
from custody.entry import COMMIT_INFO, KEY_SIZE
from custody.errors import FormatError
from custody.events import EVENTS, EventType, FieldType, check_field

_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = b"\x36" * (_BLOCK - KEY_SIZE), b"\x5c" * (_BLOCK - KEY_SIZE)

_HEX64 = '"[0-9a-f]{64}"'
_UUID = '"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"'
_COUNT = "(?:0|[1-9][0-9]{0,14})"
_FILE = f'{{"sha256":{_HEX64},"size":{_COUNT}}}'
_PLAIN = {
    FieldType.TEXT: r'"[ !#-\[\]-~]{1,10000}"',
    FieldType.COUNT: _COUNT,
    FieldType.INTEGER: "(?:0|-?[1-9][0-9]{0,14})",
    FieldType.MEASURED: "(?:null|0|-?[1-9][0-9]{0,14})",
    FieldType.DIGEST: _HEX64,
    FieldType.DIGEST_OR_NULL: f"(?:null|{_HEX64})",
    FieldType.PREVIOUS: f'(?:""|{_HEX64})',
    FieldType.CRC32: '"[0-9a-f]{8}"',
    FieldType.RECORD: _UUID,
    FieldType.RECORDS: rf"\[{_UUID}\]",
    FieldType.FILES: rf"\[{_FILE}(?:,{_FILE})*\]",
    FieldType.HEADS: rf'\[{{"head":{_HEX64},"n":{_COUNT},"record":{_UUID}}}\]',
}
"""What is, without a further look, a value of this type in its canonical form. Not all of them
are: those that are not matched are parsed."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What is the same for a field in every event of one name."""

    name: str
    info: bytes
    bound: str
    """The canonical JSON that is committed, with places for the event's id and the value."""
    is_plain: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is the same in every event of one name."""

    names: list[str]
    fields: tuple[_Field, ...]
    entry: str
    """The entry, with places for its time, its commitments and its id."""
    record: int
    n: int
    prev: int
    """At which place of ``names`` these fields stand."""


def extract(key: bytes) -> bytes:
    """Return what every field key of a record is derived from (RFC 5869, section 2.2; no salt).

    Raises:
        ValueError: K has another length than a key has.
    """
    if len(key) != KEY_SIZE:
        raise ValueError(f"a key has {KEY_SIZE} bytes, not {len(key)}")
    return hmac.digest(bytes(KEY_SIZE), key, sha256)


def rebuild(
    event: str,
    at: datetime,
    event_id: UUID,
    texts: Sequence[str],
    extracted: Sequence[bytes | None],
) -> bytes:
    """Write an entry from its row and its values, sorted by field, a key of `extract` to each.

    ``at`` is in UTC. The values are committed to as they stand, whatever they are. Without a key
    nothing is committed, and the entry is none.
    """
    shape, digits, short = _SHAPES[event], str(event_id), event_id.bytes
    commitments = []
    for field, text, key in zip(shape.fields, texts, extracted, strict=True):
        if key is None:
            return b""
        own = _hmac(key, COMMIT_INFO + short + field.info)
        commitments.append(_hmac(own, (field.bound % (digits, text)).encode()).hex())
    return (shape.entry % (at.isoformat()[:-6], *commitments, digits)).encode()


def is_sound(
    event: str, names: Sequence[str], texts: Sequence[str], record: UUID, n: int, head: str
) -> bool:
    """Tell whether these are all the values of an event, each of its type and in its one form.

    And whether it says of itself that it is the n-th of ``record``, after ``head``.
    """
    shape = _SHAPES.get(event)
    if shape is None or names != shape.names:
        return False
    if (texts[shape.n], texts[shape.prev], texts[shape.record]) != (
        str(n),
        f'"{head}"',
        f'"{record}"',
    ):
        return False
    return all(
        field.is_plain(text) or _is_value(event, field.name, text)
        for field, text in zip(shape.fields, texts, strict=True)
    )


@lru_cache(1024)
def _is_value(event: str, field: str, text: str) -> bool:
    try:
        check_field(event, field, parse_canonical(text.encode()))
    except (FormatError, UnicodeEncodeError):
        return False
    return True


def _hmac(key: bytes, message: bytes) -> bytes:
    """Compute HMAC-SHA256 under a key of 32 bytes (RFC 2104); the library's takes twice as long."""
    inner = sha256(key.translate(_INNER) + _INNER_REST + message).digest()
    return sha256(key.translate(_OUTER) + _OUTER_REST + inner).digest()


def _shape(event: EventType) -> _Shape:
    types = event.all_fields
    names = sorted(types)
    commitments = ",".join(f'"{name}":"%s"' for name in names)
    return _Shape(
        names,
        tuple(
            _Field(
                name,
                name.encode() + b"\x01",  # the counter of the one block (RFC 5869, section 2.3)
                f'{{"event":"{event.name}","field":"{name}","id":"%s","value":%s}}',
                _plain_form(types[name]),
            )
            for name in names
        ),
        f'{{"at":"%sZ","c":{{{commitments}}},"event":"{event.name}","id":"%s","v":1}}',
        *map(names.index, ("record", "n", "prev")),
    )


def _plain_form(kind: FieldType) -> Callable[[str], object]:
    pattern = _PLAIN.get(kind)
    return re.compile(pattern, re.ASCII).fullmatch if pattern else lambda _text: None


_SHAPES: Mapping[str, _Shape] = {name: _shape(event) for name, event in EVENTS.items()}
