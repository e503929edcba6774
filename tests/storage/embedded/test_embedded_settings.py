"""What the engines were given once is there as it was, or the start is refused in a sentence."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.embedded.directory import DataDirectory
from storage.embedded.engines import Engines
from storage.embedded.settings import PORT_NAMES, keep_settings, make_settings, read_settings
from storage.errors import EngineError
from tests.engines import folder_for_engines

SOON_S = 20.0
"""Far below the minutes for which a database that recovers is waited for."""


PORTS = {name: 10_300 + n for n, name in enumerate(PORT_NAMES)}


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """Return a data directory that was used and stopped."""
    data = folder_for_engines()
    Engines.start(data).stop()
    yield data
    shutil.rmtree(data)


@pytest.fixture
def kept(used: Path) -> Iterator[Path]:
    """Return its engines.json; it is as it was after the test."""
    path = used / "engines.json"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


def refused(used: Path) -> str:
    begun = time.monotonic()
    with pytest.raises(EngineError) as raised:
        Engines.start(used).stop()
    assert time.monotonic() - begun < SOON_S
    return str(raised.value)


def test_missing_settings_are_not_made_anew_beside_engines(used: Path, kept: Path) -> None:
    kept.unlink()
    assert "engines.json is missing" in refused(used)
    assert not kept.exists()
    assert "Bring it back from its backup" in refused(used)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"{}", b'{"format": 1}']
)
def test_damaged_settings_are_a_sentence_at_once(used: Path, kept: Path, content: bytes) -> None:
    kept.write_bytes(content)
    assert "engines.json cannot be read" in refused(used)
    assert kept.read_bytes() == content


@pytest.mark.parametrize("where", ["passwords", "keys", "ports"])
def test_a_turned_byte_is_a_sentence_at_once(used: Path, kept: Path, where: str) -> None:
    told = kept.read_bytes()
    begins = told.index(b"{", told.index(f'"{where}"'.encode()))
    at = next(i for i in range(begins, len(told)) if chr(told[i]) in "0123456789")
    turned = b"1" if told[at : at + 1] != b"1" else b"2"
    kept.write_bytes(told[:at] + turned + told[at + 1 :])
    assert "its digest is not that of what it says" in refused(used)


def test_a_password_that_the_database_refuses_is_a_sentence_at_once(used: Path, kept: Path) -> None:
    """As after a backup of another time was brought back, with a digest that is right."""
    other = make_settings(PORTS)
    ours = read_settings(kept)
    keep_settings(kept, type(ours)(ours.ports, other.passwords, ours.keys))
    assert "refuses the password in engines.json" in refused(used)


def test_settings_of_before_the_digest_are_taken(used: Path, kept: Path) -> None:
    told = json.loads(kept.read_bytes())
    del told["sha256"]
    kept.write_text(json.dumps(told))
    Engines.start(used).stop()


def test_every_byte_of_the_settings_is_under_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "engines.json"
    keep_settings(path, make_settings(PORTS))
    whole, unread = path.read_bytes(), 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            read_settings(path)
        except EngineError:
            continue
        # What stays readable is a space that became another sign of no meaning: none is.
        unread += whole[at : at + 1] not in b" \n"
    assert unread == len(b'"sha256"') - 2, "only the name of the digest itself can go"


@pytest.mark.parametrize("lost", ["postgres", "objects"])
def test_one_engine_is_not_made_anew_beside_the_other(used: Path, lost: str) -> None:
    away = used / f"{lost}.away"
    (used / lost).rename(away)
    try:
        assert f"{used / lost} is missing" in refused(used)
        assert not (used / lost).exists()
    finally:
        away.rename(used / lost)
    Engines.start(used).stop()


def test_a_first_start_that_was_killed_at_once_is_repeated(tmp_path: Path) -> None:
    """With the folder of the objects made, and with the settings written after it."""
    data = tmp_path / "data"
    (data / "objects").mkdir(parents=True)
    data.chmod(0o700)
    DataDirectory(data).refuse_to_begin_anew()
    (data / "engines.json").write_text("{}")
    DataDirectory(data).require_both()
