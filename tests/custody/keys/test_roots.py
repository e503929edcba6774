"""The roots of cookies, codes and letters: made once, beside keys of before as beside new ones."""

import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custody.errors import KeyStoreError
from custody.keys.keychecks import record_checks
from custody.keys.keyring import load, load_or_make_demonstration
from custody.keys.roots import load_roots, make_roots

CONFIGURATION = Path(__file__).parents[3] / "docs" / "configuration.md"
NOW = datetime(2026, 11, 21, 3, 5, 11, 987_654, tzinfo=UTC)
KEYS = {"cookie-hmac.key", "code-hmac.key", "letter-aead.key", "document-aead.key"}
LATER = {"document-aead.key", "documents.json"}
FILES = KEYS | LATER | {"roots.json"}


class KilledError(Exception):
    """Stands for the process being killed at that line."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the keys of an installation of before the roots."""
    load_or_make_demonstration(
        tmp_path / "keys", council="Barchester Council", origin="log.example/b", now=NOW
    )
    return tmp_path / "keys"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_keys_of_before_stay_and_the_roots_come_beside_them(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(KeyStoreError, match="start `custos up` once"):
        load_roots(folder)
    make_roots(folder, now=NOW)
    assert contents(folder).keys() == before.keys() | FILES
    assert before.items() <= contents(folder).items()
    keyring, roots = load(folder), load_roots(folder)
    made = {roots.cookies, roots.codes, roots.letters, roots.documents}
    assert [len(key) for key in made | {keyring.record_kek, keyring.event_hmac}] == [32] * 6


def test_an_installation_of_before_documents_gets_their_root_and_keeps_the_others(
    folder: Path,
) -> None:
    make_roots(folder, now=NOW)
    for name in LATER:
        (folder / name).unlink()
    record_checks(folder)
    before = contents(folder)
    with pytest.raises(KeyStoreError, match="start `custos up` once"):
        load_roots(folder)
    make_roots(folder, now=NOW + timedelta(days=1))
    assert contents(folder).keys() == before.keys() | LATER
    assert before.items() <= contents(folder).items()
    roots = load_roots(folder)
    assert roots.since <= NOW + timedelta(seconds=1)
    path = folder / "document-aead.key"
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    with pytest.raises(KeyStoreError, match=r"document-aead\.key is not the one"):
        load_roots(folder)
    assert load_roots(folder, withheld={"document-aead.key"}).documents == b""


def test_a_letter_of_the_second_before_the_roots_counts_as_before_them(folder: Path) -> None:
    make_roots(folder, now=NOW)
    assert NOW < load_roots(folder).since <= NOW + timedelta(seconds=1)


def test_nobody_else_can_read_the_roots_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        make_roots(folder, now=NOW)
    finally:
        os.umask(before)
    for name in FILES:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_a_later_start_finds_the_same_roots(folder: Path) -> None:
    make_roots(folder, now=NOW)
    kept = contents(folder)
    make_roots(folder, now=NOW + timedelta(days=1))
    assert contents(folder) == kept


@pytest.mark.parametrize("after", [False, True], ids=["before the link", "after the link"])
@pytest.mark.parametrize("step", range(len(FILES)))
def test_a_start_killed_at_any_root_is_continued(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: int, after: bool
) -> None:
    real, calls = os.link, 0

    def killed(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls <= step or after:
            real(source, target)
        if calls > step:
            raise KilledError

    monkeypatch.setattr(os, "link", killed)
    with pytest.raises(KilledError):
        make_roots(folder, now=NOW)
    monkeypatch.undo()
    left = {name: data for name, data in contents(folder).items() if name in FILES}
    make_roots(folder, now=NOW)
    assert left.items() <= contents(folder).items()
    load_roots(folder)


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_lost_root_is_not_made_anew(folder: Path, name: str) -> None:
    make_roots(folder, now=NOW)
    (folder / name).unlink()
    make_roots(folder, now=NOW)
    assert not (folder / name).exists()
    with pytest.raises(KeyStoreError, match=f"{name} is missing"):
        load_roots(folder)


@pytest.mark.parametrize("name", sorted(KEYS))
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_root_that_others_can_open_is_refused(folder: Path, name: str, mode: int) -> None:
    make_roots(folder, now=NOW)
    (folder / name).chmod(mode)
    with pytest.raises(KeyStoreError, match="open to others"):
        load_roots(folder)


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 64, b'{"since":"now","v":1}\n'])
def test_a_damaged_root_is_named(folder: Path, name: str, damage: bytes) -> None:
    make_roots(folder, now=NOW)
    (folder / name).write_bytes(damage)
    with pytest.raises(KeyStoreError, match=name):
        load_roots(folder)


def test_roots_are_made_in_no_folder_of_others(folder: Path) -> None:
    with pytest.raises(KeyStoreError):
        make_roots(folder / "nowhere", now=NOW)
    folder.chmod(0o770)
    with pytest.raises(KeyStoreError, match="chmod go-w"):
        make_roots(folder, now=NOW)


def test_where_none_can_be_made_it_is_said_how_to_bring_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(KeyStoreError, match=r"Permission denied.*configuration\.md"):
        make_roots(folder, now=NOW)
    monkeypatch.undo()
    for name in KEYS:
        path = folder / name
        path.touch(0o600)
        path.write_bytes(os.urandom(32))
    # As docs/configuration.md says it.
    (line,) = re.findall(r'`(\{"since".*\})`', CONFIGURATION.read_text(encoding="utf-8"))
    for name in ("roots.json", "documents.json"):
        (folder / name).write_text(f"{line}\n", encoding="ascii")
    make_roots(folder, now=NOW)
    assert load_roots(folder).since == datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def test_printing_the_roots_shows_none(folder: Path) -> None:
    make_roots(folder, now=NOW)
    roots = load_roots(folder)
    for secret in (roots.cookies, roots.codes, roots.letters, roots.documents):
        assert repr(secret) not in repr(roots)
        assert secret.hex() not in repr(roots)
