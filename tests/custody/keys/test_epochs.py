"""Keys that wrap records' keys come and go by epochs, and what is destroyed opens no old backup."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from custody.errors import KeyStoreError
from custody.keys.epochs import (
    Epochs,
    begin_made,
    end_epoch,
    key_name,
    known_epochs,
    make_key,
    read_epochs,
)
from custody.keys.keychecks import hold_all, record_checks
from custody.keys.keyring import load, load_or_make_demonstration
from custody.ledger.recordkeys import RecordKeys

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORD = UUID(int=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    load_or_make_demonstration(folder, council="Barchester", origin="log.example/custody", now=NOW)
    record_checks(folder)
    return folder


def test_a_key_that_was_made_is_used_from_the_next_start_on(folder: Path) -> None:
    first = read_epochs(folder)
    assert (first.current, list(first.keys)) == (0, [0])
    assert make_key(folder) == make_key(folder) == 1
    assert read_epochs(folder) == first, "whatever runs, or starts as a command, knows nothing yet"
    begin_made(folder, now=NOW)
    begin_made(folder, now=NOW)
    second = read_epochs(folder)
    assert (second.current, sorted(second.keys)) == (1, [0, 1])
    assert second.keys[0] != second.keys[1]
    assert make_key(folder) == 2
    assert known_epochs(folder) == [0, 1]


def test_an_old_backup_opens_only_with_the_key_of_its_time(folder: Path) -> None:
    old = RecordKeys(read_epochs(folder), lambda size: b"\x07" * size)
    key, backup = old.draw(RECORD)
    make_key(folder)
    begin_made(folder, now=NOW)
    both = RecordKeys(read_epochs(folder), lambda size: b"\x08" * size)
    assert both.unwrap(RECORD, backup) == key
    with pytest.raises(KeyStoreError):
        old.unwrap(RECORD, both.draw(RECORD)[1])
    end_epoch(folder, 0)
    end_epoch(folder, 0)
    assert not (folder / key_name(0)).exists()
    with pytest.raises(KeyStoreError, match="cannot be unwrapped"):
        RecordKeys(read_epochs(folder), bytes).unwrap(RECORD, backup)


def test_the_house_starts_without_a_key_that_was_destroyed_and_not_without_a_lost_one(
    folder: Path,
) -> None:
    make_key(folder)
    begin_made(folder, now=NOW)
    end_epoch(folder, 0)
    hold_all(folder)
    keyring = load(folder)
    assert (keyring.record_kek, keyring.epochs.current) == (b"", 1)
    assert str(keyring.epochs.keys[1]) not in repr(keyring)
    assert load(folder, withheld={"record-kek.key"}).epochs == Epochs({})
    (folder / key_name(1)).write_bytes(bytes(32))
    with pytest.raises(KeyStoreError, match="not the key that this epoch began with"):
        load(folder)
    (folder / key_name(1)).unlink()
    with pytest.raises(KeyStoreError, match="missing"):
        load(folder)


def test_only_what_is_over_is_destroyed(folder: Path) -> None:
    for epoch in (0, 1):
        with pytest.raises(KeyStoreError, match="is not over"):
            end_epoch(folder, epoch)
    assert (folder / key_name(0)).exists()
