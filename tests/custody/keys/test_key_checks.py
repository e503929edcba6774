"""A turned byte in any file of the keys is refused, and the refusal names the file."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custody.errors import KeyStoreError
from custody.keys.keychecks import CHECKS, FILES, hold_all, is_recorded, record_checks
from custody.keys.keyfiles import private_pem as _pem
from custody.keys.keyring import WITHHOLDABLE, load, load_or_make_demonstration
from custody.keys.roots import load_roots, make_roots

NOW = datetime(2026, 11, 21, 3, 5, 11, tzinfo=UTC)
ROOT_KEYS = {"seal-root.key", "tsa-root.key"}
RANDOM = ["event-hmac.key", "record-kek.key", "cookie-hmac.key", "code-hmac.key", "letter-aead.key"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "keys"
    load_or_make_demonstration(folder, council="Barchester", origin="log.example/b", now=NOW)
    make_roots(folder, now=NOW)
    record_checks(folder)
    return folder


@pytest.fixture
def keys(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "keys"))


def use(folder: Path) -> None:
    """Read the keys as a process of the house does."""
    load(folder)
    load_roots(folder)


def refusal(folder: Path) -> str:
    """Return why the keys are refused; empty: they are not."""
    try:
        hold_all(folder)
    except KeyStoreError as error:
        return str(error)
    return ""


def test_what_was_recorded_is_taken(keys: Path) -> None:
    use(keys)
    hold_all(keys)


@pytest.mark.parametrize("name", FILES)
def test_a_turned_byte_anywhere_is_refused_by_name(keys: Path, name: str) -> None:
    """In PEM a few signs mean nothing, and what is left then is the same key."""
    whole, refused = (keys / name).read_bytes(), 0
    tried = range(0, len(whole), 1 if len(whole) < 100 else 7)
    for at in tried:
        (keys / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        refused += name in refusal(keys)
    assert refused >= (0.8 if b"PRIVATE KEY" in whole else 1) * len(tried)
    (keys / name).write_bytes(whole)
    hold_all(keys)


@pytest.mark.parametrize("name", [name for name in FILES if name not in ROOT_KEYS])
def test_who_reads_a_key_that_another_one_replaced_is_refused(keys: Path, name: str) -> None:
    def fresh() -> bytes:
        if name in RANDOM:
            return bytes(range(32))
        if name == "log.key":
            return _pem(Ed25519PrivateKey.generate())
        if name.endswith(".key"):
            return _pem(generate_private_key(SECP256R1()))
        if name.endswith(".pem"):
            return (keys / name.replace("tsa", "seal")).read_bytes() + b"\n"
        return (keys / name).read_bytes().replace(b'"v":1', b'"v":1 ')

    (keys / name).write_bytes(fresh())
    with pytest.raises(KeyStoreError, match=name.replace(".", r"\.")):
        use(keys)


@pytest.mark.parametrize("name", sorted(ROOT_KEYS))
def test_a_roots_key_that_was_replaced_is_refused_before_anything_runs(
    keys: Path, name: str
) -> None:
    (keys / name).write_bytes(_pem(generate_private_key(SECP256R1())))
    with pytest.raises(KeyStoreError, match=name):
        hold_all(keys)
    (keys / name).unlink()  # kept elsewhere, as it should be
    hold_all(keys)


@pytest.mark.parametrize("name", [name for name in FILES if name not in ROOT_KEYS])
def test_a_file_that_is_gone_is_refused(keys: Path, name: str) -> None:
    (keys / name).unlink()
    with pytest.raises(KeyStoreError, match=f"{name} is missing"):
        hold_all(keys)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"{}\n",
        lambda _: b"[]\n",
        lambda _: b'{"checks":[],"v":1}\n',
        lambda _: b'{"checks":{},"v":2}\n',
        lambda whole: whole[:-20],
        lambda whole: whole.replace(b'"log.key":"', b'"log.key":"A', 1),
        lambda whole: whole.replace(b'"event-hmac.key":"', b'"event-hmac.key":7,"x":"', 1),
    ],
)
def test_a_damaged_record_is_refused_and_not_written_anew(
    keys: Path, spoil: Callable[[bytes], bytes]
) -> None:
    spoilt = spoil((keys / CHECKS).read_bytes())
    (keys / CHECKS).write_bytes(spoilt)
    with pytest.raises(KeyStoreError, match=r"checks\.json"):
        hold_all(keys)
    record_checks(keys)
    assert (keys / CHECKS).read_bytes() == spoilt


def test_the_record_tells_no_secret(keys: Path) -> None:
    told = (keys / CHECKS).read_bytes()
    for name in RANDOM:
        assert (keys / name).read_bytes() not in told
        assert (keys / name).read_bytes().hex().encode() not in told
    assert is_recorded(keys)


@pytest.mark.parametrize("name", sorted(WITHHOLDABLE))
def test_a_key_that_is_withheld_is_not_even_read(keys: Path, name: str) -> None:
    whole = load(keys)
    (keys / name).unlink()
    part = load(keys, withheld=[name])
    assert part.fingerprints() == whole.fingerprints()
    with pytest.raises(KeyStoreError, match="is missing"):
        load(keys)


def test_what_stands_for_a_withheld_key_signs_nothing(keys: Path) -> None:
    part = load(keys, withheld=WITHHOLDABLE)
    for sign in (part.log_signer.sign, part.seal_signer.sign_detached):
        with pytest.raises(KeyStoreError, match="was not given"):
            sign(b"anything")
    assert part.event_hmac == part.record_kek == b""
    assert part.test_authority is None
