"""Pure. What is known of a stored object, and how long the store must keep it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from storage.digest import Fingerprint

LockMode = Literal["GOVERNANCE", "COMPLIANCE"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of one object, with the fingerprint that was taken while it was written."""

    bucket: str
    key: str
    version: str
    size: int
    sha256: str
    crc32: int
    store_crc32: int | None = field(default=None, compare=False)
    """What the store itself computed over the whole object, equal to ``crc32``. None: it computed
    none, and the bytes are sure only once they were read again."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What the bytes must hash to."""
        return Fingerprint(self.sha256, self.crc32, self.size)


@dataclass(frozen=True, slots=True)
class JoinedObject:
    """An object put together inside the store: nobody has hashed it with SHA-256 yet."""

    bucket: str
    key: str
    version: str
    size: int
    crc32: int
    """Combined from the pieces."""
    store_crc32: int | None
    """What the store computed, equal to ``crc32``. None: it computed none; read it back."""


class Found(NamedTuple):
    """The latest version under a key."""

    version: str
    size: int
    crc32: int | None
    """As the store says; None: it does not."""


class Content(NamedTuple):
    """What a small object holds now, and the tag by which the store knows that it still does."""

    data: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long, and how firmly, the store refuses to delete what is put."""

    days: int
    mode: LockMode = "GOVERNANCE"
    legal_hold: bool = False

    def until(self, now: datetime) -> datetime:
        """Return the end of retention of what is put ``now``."""
        return now + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Lock:
    """What holds one version now."""

    mode: LockMode | None
    until: datetime | None
    legal_hold: bool
