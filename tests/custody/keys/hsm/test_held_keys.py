"""Keys in a token sign as keys in a file do, and never leave it."""

import copy
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from custody.check.cms import format_detached, parse_detached
from custody.errors import KeyStoreError
from custody.formats.note import Ed25519NoteSigner, check_note, format_note, parse_note, sign_note
from custody.keys import generations, keyring
from custody.keys.hsm import records
from custody.keys.hsm.held import HeldEd25519Key, HeldP256Key
from custody.keys.hsm.tokens import Curve, TokenKey, open_session
from custody.keys.hsm.uris import KeyPlace
from custody.keys.keychecks import CHECKS, hold_all, record_checks
from custody.keys.production.installation import (
    chain_for,
    install_first,
    install_next,
    request_seal,
)
from tests.custody.keys.hsm.fakes import PIN, TOKEN, FakeToken, place_in
from tests.custody.keys.production.councils import NAME, NOW, ORIGIN, Ceremony, begun

TEXT = "custody.barsetshire.gov.uk/log\n1\nAAAA\n"
WHERE = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


@pytest.fixture
def token() -> FakeToken:
    return FakeToken()


@pytest.fixture
def ceremony(tmp_path: Path) -> Ceremony:
    made = begun(tmp_path)
    made.keys.mkdir(mode=0o700)
    return made


def installed(
    ceremony: Ceremony,
    token: FakeToken,
    monkeypatch: pytest.MonkeyPatch,
) -> keyring.Keyring:
    """Install keys of which the seal's and the log's lie in a token."""

    def read(folder: Path, stem: str) -> HeldP256Key | HeldEd25519Key:
        return records.read_held(folder, stem, token.open)

    for module in (generations, keyring):
        monkeypatch.setattr(module, "read_held", read)
    seal, log = (place_in(ceremony.root.parent, name) for name in ("seal", "log"))
    issued = ceremony.signed(request_seal(ceremony.keys, NAME, place=seal, opening=token.open))
    return install_first(
        ceremony.keys,
        chain_for(ceremony.keys, "seal", issued, now=NOW),
        council=NAME,
        origin=ORIGIN,
        now=NOW,
        log_place=log,
        opening=token.open,
    )


def test_an_installation_in_a_token_seals_and_signs_and_holds_no_such_key(
    ceremony: Ceremony, token: FakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = installed(ceremony, token, monkeypatch)
    der = keys.seal_signer.sign_detached(b"a list of files")
    assert format_detached(parse_detached(der)) == der
    note = format_note(sign_note(TEXT, [keys.log_signer]))
    check_note(parse_note(note), [keys.log_signer.key])
    names = {path.name for path in ceremony.keys.iterdir()}
    assert not {"seal.key", "log.key"} & names
    assert {"seal.pkcs11", "log.pkcs11"} <= names
    assert set(token.pairs) == {"seal", "log"}
    assert not any(PIN.encode() in path.read_bytes() for path in ceremony.keys.iterdir())


def test_what_says_where_a_key_lies_is_held_against_its_record(
    ceremony: Ceremony, token: FakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(ceremony, token, monkeypatch)
    record_checks(ceremony.keys)
    hold_all(ceremony.keys)
    opened = token.opened
    withheld = keyring.load(ceremony.keys, withheld={"log.key", "seal.key"})
    assert withheld.log_signer.key == keyring.load(ceremony.keys).log_signer.key
    assert token.opened == opened, "a token is asked for signatures alone"
    path = ceremony.keys / "log.pkcs11"
    path.write_bytes(path.read_bytes().replace(b"object=log", b"object=lox"))
    with pytest.raises(KeyStoreError, match=rf"log\.pkcs11 is not the one .* {CHECKS}"):
        keyring.load(ceremony.keys)


def test_a_rotation_moves_the_seal_into_a_token_and_out_again(
    ceremony: Ceremony, token: FakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = installed(ceremony, token, monkeypatch).seal_signer.certificate
    record_checks(ceremony.keys)
    second = ceremony.install(now=NOW)
    assert (ceremony.keys / "seal-2.key").exists()
    place = place_in(ceremony.root.parent, "another seal")
    issued = ceremony.signed(request_seal(ceremony.keys, NAME, place=place, opening=token.open))
    chain = chain_for(ceremony.keys, "seal-3", issued, now=NOW)
    third = install_next(ceremony.keys, chain, now=NOW)
    assert [one.stem for one in third.former] == ["seal", "seal-2"]
    assert third.former[0].chain[0] == first
    assert second.seal_signer.certificate == third.former[1].chain[0]
    third.seal_signer.sign_detached(b"a list of files")
    path = ceremony.keys / "seal-3.pkcs11"
    path.write_bytes(path.read_bytes().replace(b"another", b"anothex"))
    with pytest.raises(KeyStoreError, match=r"seal-3\.pkcs11 is not the one that was installed"):
        keyring.load(ceremony.keys, withheld={"seal.key"})


def held(token: FakeToken, folder: Path, curve: Curve) -> HeldP256Key | HeldEd25519Key:
    records.make_held(folder, "x", place_in(folder, "x"), curve, token.open)
    return records.read_held(folder, "x", token.open)


def test_a_lost_session_is_opened_once_more(tmp_path: Path, token: FakeToken) -> None:
    key = held(token, tmp_path, Curve.ED25519)
    assert isinstance(key, HeldEd25519Key)
    key.sign(b"one")
    times = iter([True, False])
    token.lost = lambda: next(times)
    before = token.opened
    key.public_key().verify(key.sign(b"two"), b"two")
    assert token.opened == before + 1
    token.lost = lambda: True
    with pytest.raises(KeyStoreError, match="x in the token council cannot be used: Session"):
        key.sign(b"three")


def test_a_wrong_pin_is_tried_once_and_never_shown(tmp_path: Path, token: FakeToken) -> None:
    key = held(token, tmp_path, Curve.ED25519)
    assert isinstance(key, HeldEd25519Key)
    (tmp_path / "pin").write_text("97531")
    for _ in range(5):
        with pytest.raises(KeyStoreError, match="does not take the PIN in") as refused:
            key.sign(b"x")
        assert "97531" not in str(refused.value)
    assert token.wrong == 1


def test_a_pin_that_others_can_read_is_refused(tmp_path: Path, token: FakeToken) -> None:
    key = held(token, tmp_path, Curve.ED25519)
    assert isinstance(key, HeldEd25519Key)
    (tmp_path / "pin").chmod(0o644)
    with pytest.raises(KeyStoreError, match="open to others"):
        key.sign(b"x")


@pytest.mark.parametrize("curve", list(Curve))
def test_a_token_that_was_exchanged_is_found_by_its_first_signature(
    tmp_path: Path, token: FakeToken, curve: Curve
) -> None:
    key = held(token, tmp_path, curve)
    (tmp_path / "other").mkdir()
    token.pairs.clear()
    held(token, tmp_path / "other", curve)
    with pytest.raises(KeyStoreError, match="another key than the one that is recorded"):
        _ = key.sign(b"x") if isinstance(key, HeldEd25519Key) else key.sign(b"x", ECDSA)


ECDSA = ec.ECDSA(SHA256())


def test_a_key_is_never_made_over_another(tmp_path: Path, token: FakeToken) -> None:
    held(token, tmp_path, Curve.P256)
    pair = token.pairs["x"]
    with pytest.raises(KeyStoreError, match="is there already"):
        TokenKey(place_in(tmp_path, "x"), Curve.P256, token.open).make(bytes(16))
    assert token.pairs["x"] is pair


def test_a_key_in_a_token_does_nothing_but_sign(tmp_path: Path, token: FakeToken) -> None:
    key = held(token, tmp_path, Curve.P256)
    assert isinstance(key, HeldP256Key)
    assert (key.key_size, key.curve.name) == (256, "secp256r1")
    assert copy.copy(key) is copy.deepcopy(key) is key
    with pytest.raises(KeyStoreError, match="any other digest"):
        key.sign(b"x", ec.ECDSA(SHA384()))
    for act in (
        lambda: key.exchange(ec.ECDH(), key.public_key()),
        key.private_numbers,
        lambda: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        with pytest.raises(KeyStoreError, match="never leaves it"):
            act()


def test_a_library_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pkcs11", reason="the extra hsm is not installed")
    place = place_in(tmp_path, "x", module="/nowhere/hsm.so")
    with pytest.raises(KeyStoreError, match=r"/nowhere/hsm\.so is not there"):
        TokenKey(place, Curve.P256).make(bytes(16))


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Make an empty token of SoftHSM; return its library."""
    util = shutil.which("softhsm2-util")
    there = [
        path for path in (os.environ.get("SOFTHSM2_MODULE", ""), *WHERE) if Path(path).is_file()
    ]
    if util is None or not there:
        pytest.skip(
            "SoftHSM is not on this machine (Debian: apt-get install softhsm2); the tests above "
            "hold the same code against a token in memory"
        )
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = [util, "--module", there[0], "--init-token", "--free", "--label", TOKEN]
        subprocess.run(
            [*command, "--pin", PIN, "--so-pin", "1234"], check=True, capture_output=True
        )
        yield there[0]


def test_softhsm_makes_and_signs(softhsm: str, ceremony: Ceremony, tmp_path: Path) -> None:
    pytest.importorskip("pkcs11", reason="the extra hsm is not installed")
    seal, log = (place_in(tmp_path, name, module=softhsm) for name in ("seal", "log"))
    issued = ceremony.signed(request_seal(ceremony.keys, NAME, place=seal))
    chain = chain_for(ceremony.keys, "seal", issued, now=NOW)
    keys = install_first(ceremony.keys, chain, council=NAME, origin=ORIGIN, now=NOW, log_place=log)
    der = keys.seal_signer.sign_detached(b"a list of files")
    assert format_detached(parse_detached(der)) == der
    signer = keys.log_signer
    assert isinstance(signer, Ed25519NoteSigner)
    check_note(parse_note(format_note(sign_note(TEXT, [signer]))), [signer.key])
    with pytest.raises(KeyStoreError, match="is there already"):
        TokenKey(seal, Curve.P256).make(bytes(16))
    missing = KeyPlace("no such token", "seal", softhsm, seal.pin_file)
    with pytest.raises(KeyStoreError, match="cannot be used: NoSuchToken"):
        TokenKey(missing, Curve.P256).sign(bytes(32))
    open_session(seal, PIN, False).close()
