import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from custody.errors import KeyStoreError
from custody.formats.canonical import JSON, canonical_json
from custody.formats.note import parse_verifier_key
from custody.formats.trust import Issue, format_trust, parse_trust
from custody.keys.keyring import Keyring, load, load_or_make_demonstration

NOW = datetime(2026, 11, 21, 3, 5, 11, 987_654, tzinfo=UTC)
COUNCIL = "Barchester Council"
ORIGIN = "log.example/barchester"
SECRET_FILES = {
    "log.key",
    "seal-root.key",
    "seal.key",
    "tsa-root.key",
    "tsa.key",
    "event-hmac.key",
    "record-kek.key",
}
FILES = SECRET_FILES | {
    "seal-root.pem",
    "seal.pem",
    "tsa-root.pem",
    "tsa.pem",
    "keyring.json",
}


class KilledError(Exception):
    """Stands for the process being killed at that line."""


def make(folder: Path, *, council: str = COUNCIL, origin: str = ORIGIN) -> Keyring:
    return load_or_make_demonstration(folder, council=council, origin=origin, now=NOW)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_first_start_makes_each_key_in_a_file_of_its_own(tmp_path: Path) -> None:
    keyring = make(tmp_path / "keys")
    assert set(contents(tmp_path / "keys")) == FILES
    assert keyring.demonstration
    assert len(keyring.event_hmac) == len(keyring.record_kek) == 32
    assert keyring.event_hmac != keyring.record_kek
    assert keyring.log_signer.key.name == ORIGIN


def test_nobody_else_can_read_the_files_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make(tmp_path / "keys")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for path in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_the_second_start_finds_the_same_keys(tmp_path: Path) -> None:
    first = make(tmp_path / "keys")
    kept = contents(tmp_path / "keys")
    second = make(tmp_path / "keys")
    assert contents(tmp_path / "keys") == kept
    assert second.fingerprints() == first.fingerprints() == load(tmp_path / "keys").fingerprints()
    assert (second.event_hmac, second.record_kek) == (first.event_hmac, first.record_kek)


def test_two_installations_share_no_key(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    assert not set(one.fingerprints().values()) & set(other.fingerprints().values())
    assert one.event_hmac != other.event_hmac


@pytest.mark.parametrize("after", [False, True], ids=["before the link", "after the link"])
@pytest.mark.parametrize("step", range(len(FILES)))
def test_a_start_killed_at_any_file_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, after: bool
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
        make(tmp_path / "keys")
    monkeypatch.undo()
    left = {name: data for name, data in contents(tmp_path / "keys").items() if name in FILES}
    make(tmp_path / "keys")
    now = contents(tmp_path / "keys")
    assert left.items() <= now.items()
    assert set(now) - {".keyring.json.new"} == FILES  # its draft holds no secret, and may stay
    assert load(tmp_path / "keys").council == COUNCIL


def test_a_lost_key_is_not_made_anew(tmp_path: Path) -> None:
    for name in sorted(FILES - {"keyring.json", "seal-root.key", "tsa-root.key"}):
        folder = tmp_path / f"without-{name}"
        make(folder)
        (folder / name).unlink()
        with pytest.raises(KeyStoreError, match="is missing"):
            make(folder)
        assert not (folder / name).exists()


def test_the_roots_keys_may_lie_elsewhere(tmp_path: Path) -> None:
    make(tmp_path / "keys")
    (tmp_path / "keys" / "seal-root.key").unlink()
    (tmp_path / "keys" / "tsa-root.key").unlink()
    load(tmp_path / "keys")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_key_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    make(tmp_path / "keys")
    for name in sorted(SECRET_FILES - {"seal-root.key", "tsa-root.key"}):
        path = tmp_path / "keys" / name
        path.chmod(mode)
        with pytest.raises(KeyStoreError, match="open to others"):
            load(tmp_path / "keys")
        path.chmod(0o600)
    load(tmp_path / "keys")


def test_a_directory_into_which_others_can_put_keys_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o770)
    with pytest.raises(KeyStoreError, match="chmod go-w"):
        load(tmp_path / "keys")


def test_the_keys_of_somebody_else_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "keys")
    for other in ({"council": "Loamshire Council"}, {"origin": "log.example/loamshire"}):
        with pytest.raises(KeyStoreError, match="use another directory"):
            make(tmp_path / "keys", **other)


def test_an_origin_that_no_checkpoint_can_carry_makes_no_keys(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match="origin"):
        make(tmp_path / "keys", origin="with spaces")
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("name", sorted(FILES - {"seal-root.key", "tsa-root.key"}))
@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 64])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, damage: bytes) -> None:
    make(tmp_path / "keys")
    (tmp_path / "keys" / name).write_bytes(damage)
    with pytest.raises(KeyStoreError, match=name):
        load(tmp_path / "keys")


def test_keys_in_each_others_places_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "keys")
    folder = tmp_path / "keys"
    for name, other in (("log.key", "seal.key"), ("seal.key", "log.key"), ("seal.key", "tsa.key")):
        before = (folder / name).read_bytes()
        (folder / name).write_bytes((folder / other).read_bytes())
        with pytest.raises(KeyStoreError):
            load(folder)
        (folder / name).write_bytes(before)


def test_demonstration_keys_stay_so_whatever_stands_beside_them(tmp_path: Path) -> None:
    make(tmp_path / "keys")
    about: JSON = {"v": 1, "council": COUNCIL, "origin": ORIGIN, "demonstration": False}
    (tmp_path / "keys" / "keyring.json").write_bytes(canonical_json(about) + b"\n")
    keyring = load(tmp_path / "keys")
    assert keyring.demonstration
    assert keyring.test_authority is None


def test_printing_the_keyring_shows_no_key(tmp_path: Path) -> None:
    keyring = make(tmp_path / "keys")
    for secret in (keyring.event_hmac, keyring.record_kek):
        assert repr(secret) not in repr(keyring)
        assert secret.hex() not in repr(keyring)
    assert "Key object" not in repr(keyring)
    assert "PrivateKey" not in repr(keyring.test_authority)


def test_fingerprints_are_public_and_can_be_compared(tmp_path: Path) -> None:
    keyring = make(tmp_path / "keys")
    lines = keyring.fingerprints()
    assert parse_verifier_key(lines["log verifier key"]) == keyring.log_signer.key
    assert all(len(value) == 64 for name, value in lines.items() if "SHA-256" in name)
    assert len(lines) == 9


def test_the_trust_file_of_a_keyring_names_its_keys(tmp_path: Path) -> None:
    keyring = make(tmp_path / "keys")
    assert keyring.test_authority is not None
    trust = keyring.trust((keyring.test_authority.root,))
    issued = replace(trust, issue=Issue(1, datetime(2026, 11, 21, tzinfo=UTC)))
    assert parse_trust(format_trust(issued)) == issued
    assert trust.demonstration
    assert trust.logs == (keyring.fingerprints()["log verifier key"],)
    (seal,) = trust.seals
    assert seal.spki_sha256.hex() == keyring.fingerprints()["seal certificate key SHA-256"]
