"""What a backup says of itself: written and read in one form, and refused in any other."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custody.errors import FormatError
from export.backup.manifest import (
    FILES,
    POLICY,
    BackupFile,
    BackupObject,
    Manifest,
    format_manifest,
    format_object,
    parse_manifest,
    parse_object,
)
from storage.stored import Lock, StoredObject

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MANIFEST = Manifest(
    made_at=NOON,
    software="Custos 0.1.0",
    council="Barchester",
    origin="log.barchester.example/custody",
    role="custos_app",
    log_size=7,
    log_root=b"\1" * 32,
    files={name: BackupFile(3, "ab" * 32) for name in FILES},
    objects=2,
    object_bytes=10,
    lacking=0,
)
STORED = StoredObject("vault", "uploads/1", "v1", 5, "cd" * 32, 0xBADCAFE)
LOCKS = [
    Lock("GOVERNANCE", NOON, legal_hold=False),
    Lock("COMPLIANCE", NOON, legal_hold=True),
    Lock(None, None, legal_hold=False),
]


@pytest.mark.parametrize("names", [FILES, (*FILES, POLICY)], ids=["alone", "witnessed"])
def test_a_manifest_is_read_as_it_was_written(names: tuple[str, ...]) -> None:
    said = replace(MANIFEST, files={name: BackupFile(3, "ab" * 32) for name in names})
    assert parse_manifest(format_manifest(said)) == said


@pytest.mark.parametrize("lock", LOCKS, ids=["governed", "held", "free"])
def test_an_object_is_read_as_it_was_written(lock: Lock) -> None:
    one = BackupObject(STORED, lock, lacking="" if lock.mode else "it is gone")
    assert parse_object(format_object(one)) == one


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b"database.dump", b"database.dumb"),
        (b'"size":3', b'"size":"3"'),
        (b'"sha256":"abab', b'"sha256":"ABab'),
        (b'"made":"2026', b'"made":"26'),
        (b'{"council"', b'{ "council"'),
    ],
    ids=["version", "file", "size", "digest", "time", "form"],
)
def test_a_manifest_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    said = format_manifest(MANIFEST)
    assert old in said
    with pytest.raises(FormatError):
        parse_manifest(said.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"GOVERNANCE", b"WHATEVER"), (b'"held":false', b'"held":0'), (b'"size":5', b'"size":null')],
    ids=["mode", "hold", "size"],
)
def test_an_object_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    said = format_object(BackupObject(STORED, LOCKS[0]))
    assert old in said
    with pytest.raises(FormatError):
        parse_object(said.replace(old, new, 1))
