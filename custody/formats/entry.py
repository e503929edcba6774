"""Pure. A ledger entry: what a stranger may read, and blinded commitments to everything else.

    {"at":"2026-11-21T03:05:11Z","c":{"actor":"…64 hex digits…", …},"event":"exhibit.received",
     "id":"<random uuid>","v":1}

Each field is committed under a key of its own, derived from the key of the record (or of the
person) that it belongs to. An opening discloses one field and says nothing of any other;
destroying the record's key erases what was never disclosed, and leaves every proof valid.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from custody.errors import FormatError, ProofError
from custody.formats.canonical import (
    JSON,
    canonical_json,
    format_time,
    parse_canonical,
    parse_hex,
    parse_time,
    parse_uuid,
)
from custody.formats.events import check_fields, event_type

KEY_SIZE = 32
MAX_ENTRY_BYTES = 65_535
"""Entry bundles write the length of an entry in 16 bits (C2SP tlog-tiles)."""

_VERSION = 1
COMMIT_INFO = b"custos/commit/v1\x00"


@dataclass(frozen=True, slots=True)
class Opening:
    """Discloses one field of one entry."""

    field: str
    value: JSON
    key: bytes
    """The field's own key, K_f: it opens this field and no other."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A parsed entry."""

    event: str
    at: datetime
    id: UUID
    commitments: Mapping[str, str]
    """Field to commitment, in 64 hexadecimal digits; exactly the fields of the event."""


def field_key(record_key: bytes, event_id: UUID, field: str) -> bytes:
    """Derive the key K_f of one field from the key K of its record or person (HKDF-SHA256)."""
    _require_key(record_key)
    info = COMMIT_INFO + event_id.bytes + field.encode()
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=info).derive(record_key)


def commit(event: str, event_id: UUID, field: str, value: JSON, key: bytes) -> bytes:
    """Compute the commitment to one value under its field key K_f (HMAC-SHA256)."""
    _require_key(key)
    bound = {"event": event, "field": field, "id": str(event_id), "value": value}
    return hmac.digest(key, canonical_json(bound), sha256)


def write_entry(
    event: str,
    at: datetime,
    event_id: UUID,
    values: Mapping[str, JSON],
    keys: Callable[[str], bytes],
) -> tuple[bytes, tuple[Opening, ...]]:
    """Write the entry of an event, and the openings of all its fields, sorted by field.

    `values` holds every field, `record`, `n` and `prev` included. `keys` gives, for a field, the
    key K of the record or person that it is committed under.

    Raises:
        FormatError: fields that are not those of the event, or an entry that is too long.

    """
    check_fields(event, values)
    openings = tuple(
        Opening(field, value, field_key(keys(field), event_id, field))
        for field, value in sorted(values.items())
    )
    commitments = {
        opening.field: commit(event, event_id, opening.field, opening.value, opening.key).hex()
        for opening in openings
    }
    return format_entry(Entry(event, at, event_id, commitments)), openings


def format_entry(entry: Entry) -> bytes:
    """Write an entry in the bytes that become a leaf of the log."""
    data = canonical_json(
        {
            "v": _VERSION,
            "event": entry.event,
            "at": format_time(entry.at),
            "id": str(entry.id),
            "c": entry.commitments,
        }
    )
    if len(data) > MAX_ENTRY_BYTES:
        raise FormatError(f"The entry has {len(data)} bytes; at most {MAX_ENTRY_BYTES} fit")
    return data


def parse_entry(data: bytes) -> Entry:
    """Read an entry, and believe nothing of it.

    Raises:
        FormatError: not the canonical form, another version, an event that is not in the table,
            or commitments to other fields than the event's.

    """
    value = parse_canonical(data, limit=MAX_ENTRY_BYTES)
    if not isinstance(value, Mapping) or set(value) != {"v", "event", "at", "id", "c"}:
        raise FormatError("An entry has exactly v, event, at, id and c")
    if value["v"] is True or value["v"] != _VERSION:
        raise FormatError(f"This is not an entry of version {_VERSION}")
    event, commitments = value["event"], value["c"]
    if not isinstance(event, str) or not isinstance(commitments, Mapping):
        raise FormatError("The event must be text, and c an object")
    if commitments.keys() != event_type(event).all_fields.keys():
        raise FormatError(f"The entry does not commit to exactly the fields of {event}")
    hashes = {field: parse_hex(digits, 32).hex() for field, digits in commitments.items()}
    return Entry(event, parse_time(value["at"]), parse_uuid(value["id"]), MappingProxyType(hashes))


def check_opening(entry: Entry, opening: Opening) -> None:
    """Check that an opening is the value that the entry committed to.

    Raises:
        ProofError: no such field, a key that is not 32 bytes long, another value.
        FormatError: a value that has no canonical form.

    """
    expected = entry.commitments.get(opening.field)
    if expected is None:
        raise ProofError(f"{entry.event} does not commit to {opening.field[:80]!r}")
    if len(opening.key) != KEY_SIZE:
        # HMAC pads short keys and hashes long ones: two keys would open one commitment.
        raise ProofError(
            f"The key that opens {opening.field} has a wrong length",
            expected=f"{KEY_SIZE} bytes",
            found=f"{len(opening.key)} bytes",
        )
    found = commit(entry.event, entry.id, opening.field, opening.value, opening.key).hex()
    if not hmac.compare_digest(expected, found):
        raise ProofError(
            f"{opening.field} is not what {entry.event} committed to",
            expected=expected,
            found=found,
        )


def _require_key(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise ValueError(f"a key has {KEY_SIZE} bytes, not {len(key)}")
