"""The log as files: whole, for any reader; gone on with where it was cut off; never overwritten."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.parts import log_export
from api.cli.parts.log_export import export_log
from api.cli.terminal.errors import UsageError
from custody.errors import LogStateError
from custody.formats.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from custody.formats.note import check_note, format_note, parse_note, parse_verifier_key, sign_note
from custody.ledger.publication.stored import StoredLog
from custody.tree.merkle import tree_root
from custody.tree.places import LogDirectory
from custody.tree.tiles import CHECKPOINT, KEY_FILE, Tile, format_tile, node_reader, tiles_of
from tests.houses import House


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exported"


@pytest.fixture
def exported(house: House, folder: Path) -> Checkpoint:
    return export_log(house.services, folder)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def check(folder: Path) -> Checkpoint:
    """Read it as a stranger does, who has nothing else."""
    key = parse_verifier_key((folder / KEY_FILE).read_text().strip())
    log = LogDirectory(folder)
    note = parse_note(log.checkpoint())
    check_note(note, [key])
    checkpoint = parse_checkpoint(note.text)
    read = node_reader(checkpoint.size, log.read)
    assert tree_root(checkpoint.size, read) == checkpoint.root
    assert files(folder) == {KEY_FILE, CHECKPOINT, *map(format_tile, tiles_of(checkpoint.size))}
    return checkpoint


def grow(house: House) -> int:
    """Add to the log; return the size of the checkpoint over it."""
    exhibit = house.exhibit()

    def signed() -> int:
        with house.services.transaction() as session:
            (event, *_) = house.services.ledger.indices(session, exhibit.id)
            house.services.ledger.first_checkpoint(session, event)
            return StoredLog(session).size

    return house.turns.wait(signed)


def test_an_export_is_a_log_that_anybody_can_check(folder: Path, exported: Checkpoint) -> None:
    assert check(folder) == exported
    assert exported.size > 0


def test_an_export_into_the_same_directory_adds_what_came_since(
    house: House, folder: Path, exported: Checkpoint
) -> None:
    grow(house)
    again = export_log(house.services, folder)
    assert again.size > exported.size
    assert check(folder) == again


def test_an_export_that_was_cut_off_goes_on(
    house: House, folder: Path, exported: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(house)
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    real = log_export._Export._replace
    written: list[str] = []

    def cut_off(export: log_export._Export, name: str, data: bytes) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(name)
        real(export, name, data)

    monkeypatch.setattr(log_export._Export, "_replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        export_log(house.services, folder)
    assert LogDirectory(folder).checkpoint() == (folder / CHECKPOINT).read_bytes()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "what is there stays"
    monkeypatch.undo()
    assert export_log(house.services, folder).size > exported.size
    check(folder)


def damage_tile(folder: Path, size: int) -> str:
    name = format_tile(next(iter(tiles_of(size))))
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    return name


def damage_key(folder: Path, _: int) -> str:
    (folder / KEY_FILE).write_text("another+00000000+key\n")
    return KEY_FILE


def damage_checkpoint(folder: Path, _: int) -> str:
    data = (folder / CHECKPOINT).read_bytes()
    (folder / CHECKPOINT).write_bytes(data.replace(b"\n", b"x\n", 1))
    return CHECKPOINT


@pytest.mark.parametrize(
    "damage",
    [damage_tile, damage_key, damage_checkpoint],
    ids=["a tile", "the key", "the checkpoint"],
)
def test_what_is_there_and_is_other_is_refused_by_name(
    house: House, folder: Path, exported: Checkpoint, damage: Callable[[Path, int], str]
) -> None:
    name = damage(folder, exported.size)
    before = {one: (folder / one).read_bytes() for one in files(folder)}
    with pytest.raises(UsageError) as refused:
        export_log(house.services, folder)
    assert name in str(refused.value)
    assert "name another directory" in str(refused.value)
    assert before.items() <= {one: (folder / one).read_bytes() for one in files(folder)}.items()


def sign(house: House, checkpoint: Checkpoint) -> bytes:
    signer = house.services.keyring.log_signer
    return format_note(sign_note(format_checkpoint(checkpoint), [signer]))


def test_an_export_that_is_ahead_of_the_database_is_not_turned_back(
    house: House, folder: Path, exported: Checkpoint
) -> None:
    ahead = Checkpoint(exported.origin, exported.size + 1000, bytes(32))
    (folder / CHECKPOINT).write_bytes(sign(house, ahead))
    with pytest.raises(UsageError, match="older than this export"):
        export_log(house.services, folder)


def test_an_export_of_another_log_of_this_name_is_not_gone_on_with(
    house: House, folder: Path, exported: Checkpoint
) -> None:
    other = Checkpoint(exported.origin, exported.size - 1, bytes(32))
    (folder / CHECKPOINT).write_bytes(sign(house, other))
    with pytest.raises(LogStateError, match="another log of the same name"):
        export_log(house.services, folder)


def test_a_database_that_does_not_make_what_was_signed_ends_without_a_checkpoint(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = StoredLog.read

    def lie(log: StoredLog, tile: Tile) -> bytes:
        data = read(log, tile)
        return data if tile.level is None else bytes(len(data))

    monkeypatch.setattr(StoredLog, "read", lie)
    with pytest.raises(LogStateError, match="does not make the log"):
        export_log(house.services, folder)
    assert CHECKPOINT not in files(folder)


def test_a_directory_that_cannot_be_written_is_told(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        export_log(house.services, tmp_path / "file" / "log")
