"""A disk that fills up: what is large stops, the engines go on, and all comes back by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.embedded.reserve import SIZE, Reserve
from storage.errors import NoRoomError
from storage.room import KEPT, Room

MIB = 1 << 20


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Say how full the disk is; what is last in the list counts."""
    told = [KEPT + SIZE]
    monkeypatch.setattr("storage.embedded.reserve.free_bytes", lambda _folder: told[-1])
    monkeypatch.setattr("storage.room.free_bytes", lambda _folder: told[-1])
    return told


def test_the_reserve_is_given_away_once_and_taken_back_when_there_is_room(
    tmp_path: Path, free: list[int], said: list[str]
) -> None:
    reserve, kept = Reserve(tmp_path, said.append), tmp_path / "reserve"
    assert reserve.tend()
    assert kept.stat().st_blocks * 512 >= SIZE
    assert not reserve.tend()
    free.append(33 * MIB)
    assert not reserve.tend()
    assert kept.exists()
    free.append(31 * MIB)
    assert not reserve.tend()
    assert not kept.exists()
    assert len(said) == 1
    assert "the disk is full" in said[0]
    free.append(KEPT + SIZE - 1)  # what was just given away is not room again
    assert not reserve.tend()
    free.append(KEPT + SIZE)
    assert reserve.tend()
    assert kept.exists()


def test_what_the_engines_need_is_nobody_elses(tmp_path: Path, free: list[int]) -> None:
    room = Room(tmp_path / "not" / "there" / "yet")
    free.append(KEPT + 10)
    room.require(10)
    with pytest.raises(NoRoomError, match="goes on by itself"):
        room.require(11)
    free.append(KEPT - 1)
    with pytest.raises(NoRoomError):
        room.require(1)
    assert "intake and sealing wait" in room.words()
    free.append(KEPT + 1)
    assert room.words() == "ok"


def test_engines_that_end_on_a_full_disk_come_back_with_all_they_acknowledged(
    tmp_path: Path,
) -> None:
    # In a namespace of mounts that ends with it: the kernel lets everybody make one.
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    ran = subprocess.run(
        [
            *("unshare", "--mount", *own),
            *("sh", "-c", 'mount -t tmpfs -o size=600m none "$1" && exec "$2" -m "$3" "$1"'),
            *("sh", str(tmp_path), sys.executable, "tests.storage.embedded.full_disk_process"),
        ],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "both engines were killed on the full disk, and work" in ran.stdout
    assert ran.stdout.count("the disk is full") == 1
