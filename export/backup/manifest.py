"""Pure. What a backup says of itself: its manifest, and the list of objects that belong to it.

Both are canonical JSON: `manifest.json` is one line, written last; `objects.jsonl` has a line for
each version of an object (docs/backup.md). Nothing of either is believed when it is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from custody.errors import FormatError
from custody.formats.canonical import (
    JSON,
    canonical_json,
    format_time,
    parse_canonical,
    parse_hex,
    parse_time,
)
from storage.stored import Lock, LockMode, StoredObject

MANIFEST, DUMP, OBJECTS, COUNCIL = "manifest.json", "database.dump", "objects.jsonl", "council.toml"
POLICY = "witnesses.policy"
FILES = (DUMP, OBJECTS, COUNCIL)
"""What lies beside the manifest, and is named in it; with them, where the log has witnesses,
`POLICY`: which they are."""
MAX_MANIFEST_BYTES = 100_000
MAX_LINE_BYTES = 10_000
_MODES: Mapping[str, LockMode] = {"GOVERNANCE": "GOVERNANCE", "COMPLIANCE": "COMPLIANCE"}


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one backup is of."""

    made_at: datetime
    software: str
    council: str
    origin: str
    """The name of the log, which never changes."""
    role: str
    """The service's role in the database: the dump says what it may do."""
    log_size: int
    """Entries of the log in the database's snapshot."""
    log_root: bytes
    files: Mapping[str, BackupFile]
    """`FILES`, and `POLICY` if there is one, each by its name."""
    objects: int
    """Versions of objects that are copied."""
    object_bytes: int
    lacking: int
    """Versions that the database names, and the store did not have as they were stored."""


@dataclass(frozen=True, slots=True)
class BackupObject:
    """One version of one object, and what held it."""

    stored: StoredObject
    lock: Lock
    lacking: str = ""
    """Why there is no copy of it; empty: there is."""


def format_manifest(manifest: Manifest) -> bytes:
    """Write a manifest."""
    files: dict[str, JSON] = {
        name: {"size": file.size, "sha256": file.sha256} for name, file in manifest.files.items()
    }
    said: dict[str, JSON] = {
        "v": 1,
        "made": format_time(manifest.made_at),
        "software": manifest.software,
        "council": manifest.council,
        "log": {
            "origin": manifest.origin,
            "size": manifest.log_size,
            "root": manifest.log_root.hex(),
        },
        "database": {"role": manifest.role},
        "files": files,
        "objects": {
            "count": manifest.objects,
            "bytes": manifest.object_bytes,
            "lacking": manifest.lacking,
        },
    }
    return canonical_json(said) + b"\n"


def parse_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        FormatError: it is none, or of another version.
    """
    match parse_canonical(data.removesuffix(b"\n"), limit=MAX_MANIFEST_BYTES):
        case {
            "v": 1,
            "made": str(made),
            "software": str(software),
            "council": str(council),
            "log": {"origin": str(origin), "size": int(size), "root": str(root)},
            "database": {"role": str(role)},
            "files": dict(files),
            "objects": {"count": int(count), "bytes": int(total), "lacking": int(lacking)},
        } if set(files) - {POLICY} == set(FILES):
            return Manifest(
                made_at=parse_time(made),
                software=software,
                council=council,
                origin=origin,
                role=role,
                log_size=size,
                log_root=parse_hex(root, 32),
                files={name: _parse_file(name, file) for name, file in files.items()},
                objects=count,
                object_bytes=total,
                lacking=lacking,
            )
    raise FormatError("This is no manifest of a backup, or one of another version of Custos")


def _parse_file(name: str, file: JSON) -> BackupFile:
    match file:
        case {"size": int(size), "sha256": str(sha256)}:
            return BackupFile(size, parse_hex(sha256, 32).hex())
    raise FormatError(f"The manifest does not say what {name} is")


def format_object(one: BackupObject) -> bytes:
    """Write one line of the list of objects."""
    stored, lock = one.stored, one.lock
    said: dict[str, JSON] = {
        "bucket": stored.bucket,
        "key": stored.key,
        "version": stored.version,
        "size": stored.size,
        "sha256": stored.sha256,
        "crc32": f"{stored.crc32:08x}",
        "mode": lock.mode,
        "until": None if lock.until is None else format_time(lock.until),
        "held": lock.legal_hold,
        "lacking": one.lacking,
    }
    return canonical_json(said) + b"\n"


def parse_object(line: bytes) -> BackupObject:
    """Read one line of the list of objects.

    Raises:
        FormatError: it is none.
    """
    match parse_canonical(line.removesuffix(b"\n"), limit=MAX_LINE_BYTES):
        case {
            "bucket": str(bucket),
            "key": str(key),
            "version": str(version),
            "size": int(size),
            "sha256": str(sha256),
            "crc32": str(crc32),
            "mode": mode,
            "until": until,
            "held": bool(held),
            "lacking": str(lacking),
        } if mode is None or mode in _MODES:
            stored = StoredObject(
                bucket,
                key,
                version,
                size,
                parse_hex(sha256, 32).hex(),
                int.from_bytes(parse_hex(crc32, 4)),
            )
            kept = None if mode is None else _MODES[str(mode)]
            lock = Lock(kept, None if until is None else parse_time(until), held)
            return BackupObject(stored, lock, lacking)
    raise FormatError("A line of the list of objects says something else than an object")
