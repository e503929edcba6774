"""Pure. Builds an entry anew from what the database says it opens to: the short way to agree.

Most events are what they should be. One is, if its row and its values, each in its one form and
under its own key, give its entry byte for byte. Where they do not, or where something is missing,
the long way says what is wrong (`custody.audit.records`): so nothing here can accuse, and what
it accepts, SHA-256 vouches for.

It is shaped for speed: seven values an event, four hashes a value, and each call costs as much as
its hash. So whatever is the same for a name or a key is made once, values are joined and looked at
by one pattern, and every hash is over one string.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from custody.errors import FormatError
from custody.formats.approval import Approval
from custody.formats.canonical import parse_canonical
from custody.formats.entry import COMMIT_INFO, KEY_SIZE
from custody.formats.events import EVENTS, EventType, FieldType, check_field

_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = (bytes(_BLOCK - KEY_SIZE).translate(pad) for pad in (_INNER, _OUTER))
_ONCE = b"\x01"
"""The counter of the one block of a field's key (RFC 5869, section 2.3)."""
BETWEEN_NAMES, BETWEEN_VALUES = ",", "\x1f"
"""What joins the names and the values of an event: no field is named so, and no value in its
canonical form holds it. Who counts the pieces knows that they are the right ones."""

_HEX64 = '"[0-9a-f]{64}"'
_UUID = '"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"'
_DAY = (
    "[1-9][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_TIME = f'"{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"'
_CRC32 = '"[0-9a-f]{8}"'
_SHORT = r'"[ !#-\[\]-~]*"'
_COUNT = "(?:0|[1-9][0-9]{0,14})"
_FILE = f'{{"sha256":{_HEX64},"size":{_COUNT}}}'
_PLACE = (
    f'{{"bucket":{_SHORT},"crc32":{_CRC32},"id":{_UUID},"key":{_SHORT},"kind":{_SHORT},'
    f'"name":{_SHORT},"original_name":{_SHORT},"position":{_COUNT},"sha256":{_HEX64},'
    f'"size":{_COUNT},"stored_at":{_TIME},"version":{_SHORT},"words":{_SHORT}}}'
)
_CONDITIONS = (
    rf'{{"chosen":\[(?:{_UUID})?\],"delivery":{_SHORT},"link_days":{_COUNT},"number":{_COUNT},'
    rf'"replaces":(?:null|{_UUID}),"urgent":(?:true|false),"urn":{_SHORT},'
    r'"with_master":(?:true|false)}'
)
_PLAIN = {
    FieldType.TEXT: r'"[ !#-\[\]-~]{1,10000}"',
    FieldType.COUNT: _COUNT,
    FieldType.INTEGER: "(?:0|-?[1-9][0-9]{0,14})",
    FieldType.MEASURED: "(?:null|0|-?[1-9][0-9]{0,14})",
    FieldType.DIGEST: _HEX64,
    FieldType.DIGEST_OR_NULL: f"(?:null|{_HEX64})",
    FieldType.PREVIOUS: f'(?:""|{_HEX64})',
    FieldType.CRC32: _CRC32,
    FieldType.APPROVAL: f'"(?:{"|".join(Approval)})"',
    FieldType.RECORD: _UUID,
    FieldType.RECORDS: rf"\[{_UUID}\]",
    FieldType.TIME: _TIME,
    FieldType.FILES: rf"\[{_FILE}(?:,{_FILE})*\]",
    FieldType.HEADS: rf'\[{{"head":{_HEX64},"n":{_COUNT},"record":{_UUID}}}\]',
    FieldType.DESCRIPTION: "(?!)",
    FieldType.PLACES: rf"\[(?:{_PLACE}(?:,{_PLACE})*)?\]",
    FieldType.CONDITIONS: _CONDITIONS,
    FieldType.CONTENTS: "(?!)",
}
"""What is, without a further look, a value of this type in its canonical form. Not all of them
are: those that are not matched are parsed."""


class Keyed(NamedTuple):
    """HMAC-SHA256 under one key, up to where messages differ: by hand, as it is asked so often."""

    inner: bytes
    outer: bytes

    def mac(self, rest: bytes) -> bytes:
        """Return the MAC of what all messages begin with and this rest."""
        return sha256(self.outer + sha256(self.inner + rest).digest()).digest()


class Field(NamedTuple):
    """What is the same for a field in every event of one name."""

    info: bytes
    bound: bytes
    """The beginning of what is hashed for its commitment, but for the 32 bytes of its key."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is the same in every event of one name."""

    event: EventType
    names: tuple[str, ...]
    joined: str
    """Its fields' names."""
    fields: tuple[Field, ...]
    entry: str
    """The entry, with places for its time, its commitments and its id."""
    record: int
    n: int
    prev: int
    """At which place of ``names`` these fields stand."""
    plain: "re.Pattern[str]"
    """What is, without a further look, all values of such an event, joined."""
    each: "tuple[re.Pattern[str], ...]"


def keyed(key: bytes, begin: bytes) -> Keyed:
    """Return HMAC-SHA256 under a key for messages that all ``begin`` so (RFC 2104, section 2).

    Raises:
        ValueError: the key is longer than a block: it would have to be hashed first.
    """
    if len(key) > _BLOCK:
        raise ValueError(f"a key has at most {_BLOCK} bytes, not {len(key)}")
    padded = key.ljust(_BLOCK, b"\0")
    return Keyed(padded.translate(_INNER) + begin, padded.translate(_OUTER))


def extract(key: bytes) -> Keyed:
    """Return what every field key of a record is derived from (RFC 5869, section 2.2; no salt).

    Raises:
        ValueError: K has another length than a key has.
    """
    if len(key) != KEY_SIZE:
        raise ValueError(f"a key has {KEY_SIZE} bytes, not {len(key)}")
    return keyed(hmac.digest(bytes(KEY_SIZE), key, "sha256"), COMMIT_INFO)


def rebuild(
    shape: Shape,
    at: datetime,
    event_id: str,
    texts: Sequence[str],
    keys: Sequence[Keyed | None],
) -> bytes:
    """Write an entry from its row and its values, sorted by field, a key of `extract` to each.

    ``at`` is in UTC. The values are committed to as they stand, whatever they are. Without a key
    nothing is committed, and the entry is none.
    """
    if None in keys:
        return b""
    short, middle = bytes.fromhex(event_id.replace("-", "")), f'{event_id}","value":'.encode()
    commitments = []
    # HMAC by hand (RFC 2104), inside out, as a function would cost as much as two of the hashes.
    for (info, bound), text, (inner, outer) in zip(shape.fields, texts, keys, strict=True):  # type: ignore[misc]
        own = sha256(outer + sha256(inner + short + info).digest()).digest()
        said = b"".join((own.translate(_INNER), bound, middle, text.encode(), b"}"))
        hidden = sha256(said).digest()
        commitments.append(sha256(own.translate(_OUTER) + _OUTER_REST + hidden).hexdigest())
    return (shape.entry % (at.isoformat()[:-6], *commitments, event_id)).encode()


def sound_values(
    shape: Shape, names: str, joined: str, *, count: int, record: str, n: int, head: str
) -> list[str] | None:
    """Take apart the ``count`` values of an event, if these are all, each of its type and form.

    And if it says of itself that it is the n-th of ``record``, after ``head``. None otherwise.
    """
    if names != shape.joined or count != len(shape.names):
        return None
    texts = joined.split(BETWEEN_VALUES)
    if (
        len(texts) != count
        or texts[shape.n] != str(n)
        or texts[shape.prev] != f'"{head}"'
        or texts[shape.record] != f'"{record}"'
    ):
        return None
    if shape.plain.fullmatch(joined) or all(
        pattern.fullmatch(text) or _is_value(shape.event.name, name, text)
        for pattern, name, text in zip(shape.each, shape.names, texts, strict=True)
    ):
        return texts
    return None


@lru_cache(1024)
def _is_value(event: str, field: str, text: str) -> bool:
    try:
        check_field(event, field, parse_canonical(text.encode()))
    except (FormatError, UnicodeEncodeError):
        return False
    return True


def _shape(event: EventType) -> Shape:
    types = event.all_fields
    names = tuple(sorted(types))
    patterns = [_PLAIN[types[name]] for name in names]
    commitments = ",".join(f'"{name}":"%s"' for name in names)
    return Shape(
        event=event,
        names=names,
        joined=BETWEEN_NAMES.join(names),
        fields=tuple(
            Field(
                name.encode() + _ONCE,
                _INNER_REST + f'{{"event":"{event.name}","field":"{name}","id":"'.encode(),
            )
            for name in names
        ),
        entry=f'{{"at":"%sZ","c":{{{commitments}}},"event":"{event.name}","id":"%s","v":1}}',
        record=names.index("record"),
        n=names.index("n"),
        prev=names.index("prev"),
        plain=re.compile(BETWEEN_VALUES.join(patterns), re.ASCII),
        each=tuple(re.compile(pattern, re.ASCII) for pattern in patterns),
    )


SHAPES: Mapping[str, Shape] = {name: _shape(event) for name, event in EVENTS.items()}
