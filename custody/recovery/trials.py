"""Pure. Whose entry it is, and what it says: found by trying, with the keys that are left.

An entry of the log hides its record and every value. Whoever has the record's key K can try whether
a value is the one that was committed to, and no more than that. So the record of an entry is found
among those whose K is left, and a value among those that were said before; the rest is lost.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from custody.formats.entry import COMMIT_INFO, KEY_SIZE, Entry

_ONCE = b"\x01"
"""The counter of the one block of a field's key (RFC 5869, section 2.3)."""


@dataclass(slots=True)
class Head:
    """Where a record stands, and what its fields' keys are derived from."""

    record: UUID
    next_n: int
    head: str
    extracted: bytes = field(repr=False)


def extract(key: bytes) -> bytes:
    """Return what every field key of a record is derived from (RFC 5869, section 2.2; no salt)."""
    return hmac.digest(bytes(KEY_SIZE), key, "sha256")


def says(entry: Entry, name: str, text: str, extracted: bytes) -> bool:
    """Tell whether a field of an entry is committed to ``text``, a value in its canonical form."""
    key = hmac.digest(extracted, COMMIT_INFO + entry.id.bytes + name.encode() + _ONCE, "sha256")
    said = f'{{"event":"{entry.event}","field":"{name}","id":"{entry.id}","value":{text}}}'
    return hmac.digest(key, said.encode(), "sha256").hex() == entry.commitments[name]


def owner(entry: Entry, heads: Iterable[Head]) -> Head | None:
    """Return the record that an entry belongs to; None: none of these."""
    info = COMMIT_INFO + entry.id.bytes + b"record" + _ONCE
    begin = f'{{"event":"{entry.event}","field":"record","id":"{entry.id}","value":"'.encode()
    wanted = bytes.fromhex(entry.commitments["record"])
    for head in heads:
        key = hmac.digest(head.extracted, info, "sha256")
        if hmac.digest(key, begin + str(head.record).encode() + b'"}', "sha256") == wanted:
            return head
    return None
