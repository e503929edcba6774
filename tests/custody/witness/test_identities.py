"""The keys of a witness: made once, kept to it, and held against what they were."""

from pathlib import Path

import pytest

from custody.errors import FormatError, KeyStoreError
from custody.formats.note import KeyType
from custody.keys.keyfiles import put_new
from custody.witness import identities
from custody.witness.identities import load_identity, make_identity

NAME = "witness.barchester.example/custody"


@pytest.mark.parametrize("post_quantum", [False, True], ids=["one key", "two keys"])
def test_a_witness_is_made_once_and_read_again(tmp_path: Path, post_quantum: bool) -> None:
    made = make_identity(tmp_path / "w", NAME, post_quantum=post_quantum)
    types = [KeyType.COSIGNATURE_V1, KeyType.ML_DSA_44][: 1 + post_quantum]
    assert [key.type for key in made.keys] == types
    assert load_identity(tmp_path / "w").keys == made.keys
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "w").iterdir()}
    assert (modes, (tmp_path / "w").stat().st_mode & 0o777) == ({0o600}, 0o700)
    with pytest.raises(KeyStoreError, match="already"):
        make_identity(tmp_path / "w", NAME, post_quantum=True)
    assert "Private" not in repr(made)


def test_a_witness_that_was_half_made_keeps_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path, name: str, data: bytes) -> None:
        if name == identities.ABOUT:
            raise KeyboardInterrupt
        put_new(folder, name, data)

    with monkeypatch.context() as dying:
        dying.setattr(identities, "put_new", killed)
        with pytest.raises(KeyboardInterrupt):
            make_identity(tmp_path, NAME, post_quantum=False)
    key = (tmp_path / "ed25519.key").read_bytes()
    with pytest.raises(KeyStoreError, match="no witness"):
        load_identity(tmp_path)
    make_identity(tmp_path, NAME, post_quantum=False)
    assert (tmp_path / "ed25519.key").read_bytes() == key


def test_a_key_that_is_open_lost_or_another_is_refused(tmp_path: Path) -> None:
    make_identity(tmp_path, NAME, post_quantum=True)
    seed, pem = tmp_path / "ml-dsa-44.key", tmp_path / "ed25519.key"
    seed.chmod(0o644)
    with pytest.raises(KeyStoreError, match="open to others"):
        load_identity(tmp_path)
    seed.chmod(0o600)
    whole = seed.read_bytes()
    seed.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(KeyStoreError, match="not those"):
        load_identity(tmp_path)
    seed.write_bytes(whole)
    pem.rename(tmp_path / "elsewhere")
    with pytest.raises(KeyStoreError, match="missing"):
        load_identity(tmp_path)


@pytest.mark.parametrize("about", [b"", b"{}\n", b"\xff", b'{"keys":[],"name":"x","v":2}\n'])
def test_a_damaged_record_of_who_signs_is_refused(tmp_path: Path, about: bytes) -> None:
    make_identity(tmp_path, NAME, post_quantum=False)
    (tmp_path / "witness.json").write_bytes(about)
    with pytest.raises(KeyStoreError, match="bring"):
        load_identity(tmp_path)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "https://w.example"])
def test_a_name_that_no_line_can_carry_makes_no_witness(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError):
        make_identity(tmp_path / "w", name, post_quantum=False)
    assert not (tmp_path / "w").exists()
