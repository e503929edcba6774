"""Keys of production: installed whole or not at all, and never over a key that is there."""

import errno
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from custody.errors import KeyStoreError
from custody.formats.certificates import (
    Certificate,
    council_name,
    demonstration_name,
    format_chain,
    make_root,
    make_seal_certificate,
    make_time_certificate,
    spki_sha256,
)
from custody.formats.note import parse_verifier_key
from custody.keys.generations import OVERLAP
from custody.keys.keychecks import hold_all, record_checks
from custody.keys.keyring import load, load_or_make_demonstration
from custody.keys.production.installation import (
    chain_for,
    install_first,
    is_installed,
    look_at_seal,
    may_rotate,
    read_certificates,
    request_seal,
    waiting,
)
from custody.keys.roots import load_roots
from custody.keys.trustissues import revoke
from tests.custody.keys.production.councils import NAME, NOW, ORIGIN, Ceremony, begun

LATER = NOW + timedelta(days=400)
SECRET = {"log.key", "seal.key", "event-hmac.key", "record-kek.key", "code-hmac.key"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    ceremony = begun(folder)
    request_seal(ceremony.keys, NAME)
    shutil.copytree(ceremony.keys, folder / "requested")
    ceremony.install()
    return folder


@pytest.fixture
def ceremony(made: Path, tmp_path: Path) -> Ceremony:
    """Return a council with keys that are installed."""
    return Ceremony(made / "root", Path(shutil.copytree(made / "keys", tmp_path / "keys")))


@pytest.fixture
def requested(made: Path, tmp_path: Path) -> Ceremony:
    """Return a council that has asked for its first certificate."""
    return Ceremony(made / "root", Path(shutil.copytree(made / "requested", tmp_path / "asked")))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_installed_is_all_that_production_needs(ceremony: Ceremony) -> None:
    keyring = load(ceremony.keys)
    assert not keyring.demonstration
    assert keyring.test_authority is None
    assert (keyring.council, keyring.origin) == (NAME, ORIGIN)
    assert parse_verifier_key(keyring.fingerprints()["log verifier key"]).name == ORIGIN
    load_roots(ceremony.keys)
    record_checks(ceremony.keys)
    hold_all(ceremony.keys)
    load(ceremony.keys, withheld={"log.key", "seal.key", "event-hmac.key", "record-kek.key"})
    assert not {"seal-root.key", "tsa.key"} & set(contents(ceremony.keys))


def test_asking_twice_asks_for_the_same_key(requested: Ceremony) -> None:
    before = contents(requested.keys)
    requested.signed(request_seal(requested.keys, NAME))
    assert contents(requested.keys) == before
    assert waiting(requested.keys) == "seal"


@pytest.mark.parametrize("step", range(10))
def test_an_installation_killed_at_any_file_is_continued(
    requested: Ceremony, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    chain = requested.signed(request_seal(requested.keys, NAME))
    left = step
    real = os.link

    def killed(source: Path, target: Path) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "link", killed)
    with pytest.raises(KeyboardInterrupt):
        install_first(requested.keys, chain, council=NAME, origin=ORIGIN, now=NOW)
    monkeypatch.undo()
    assert not is_installed(requested.keys), "keyring.json is written last"
    kept = {name: data for name, data in contents(requested.keys).items() if name in SECRET}
    install_first(requested.keys, chain, council=NAME, origin=ORIGIN, now=NOW)
    assert kept.items() <= contents(requested.keys).items()


def test_another_certificate_does_not_finish_what_one_began(
    requested: Ceremony, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (requested.signed(request_seal(requested.keys, NAME)) for _ in range(2))
    with monkeypatch.context() as patch:
        patch.setattr("custody.keys.production.installation.ABOUT", "nowhere/keyring.json")
        with pytest.raises(FileNotFoundError):
            install_first(requested.keys, one, council=NAME, origin=ORIGIN, now=NOW)
    with pytest.raises(KeyStoreError, match="cut short"):
        install_first(requested.keys, other, council=NAME, origin=ORIGIN, now=NOW)
    install_first(requested.keys, one, council=NAME, origin=ORIGIN, now=NOW)


def test_nothing_is_installed_over_what_is(ceremony: Ceremony) -> None:
    before = contents(ceremony.keys)
    chain = load(ceremony.keys).seal_signer.chain
    with pytest.raises(KeyStoreError, match="nothing was changed"):
        install_first(ceremony.keys, chain, council=NAME, origin=ORIGIN, now=NOW)
    assert contents(ceremony.keys) == before
    assert waiting(ceremony.keys) == ""


Issue = Callable[[ec.EllipticCurvePublicKey], tuple[Certificate, ...]]


def _issued(*, profile: str = "seal", demonstration: bool = False, ca: bool = True) -> Issue:
    def issue(public: ec.EllipticCurvePublicKey) -> tuple[Certificate, ...]:
        key = ec.generate_private_key(ec.SECP256R1())
        named = demonstration_name if demonstration else council_name
        root = make_root(named(NAME, "root for seals"), key, now=NOW, serial=1)
        make = make_seal_certificate if profile == "seal" else make_time_certificate
        leaf = make(named(NAME, "x"), public, root=root, root_key=key, now=NOW, serial=2)
        return (leaf, root) if ca else (leaf,)

    return issue


@pytest.mark.parametrize(
    ("issue", "days", "words"),
    [
        pytest.param(_issued(profile="time"), 0, "cannot be used", id="another profile"),
        pytest.param(_issued(demonstration=True), 0, "is no evidence", id="a demonstration"),
        pytest.param(_issued(ca=False), 0, "root .* is missing", id="no root"),
        pytest.param(_issued(), 800, "not valid at that time", id="over"),
        pytest.param(_issued(), -2, "not valid at that time", id="not yet"),
    ],
)
def test_a_certificate_that_no_verifier_would_take_is_refused(
    requested: Ceremony, issue: Issue, days: int, words: str
) -> None:
    before = contents(requested.keys)
    [own, *_] = requested.signed(request_seal(requested.keys, NAME))
    public = own.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    with pytest.raises(KeyStoreError, match=words):
        chain_for(requested.keys, "seal", issue(public), now=NOW + timedelta(days=days))
    assert contents(requested.keys) == before


def test_a_certificate_for_another_key_is_refused(requested: Ceremony, ceremony: Ceremony) -> None:
    chain = load(ceremony.keys).seal_signer.chain
    other = requested.keys.parent / "other"
    request_seal(other, NAME)
    with pytest.raises(KeyStoreError, match="issued for another request"):
        chain_for(other, "seal", chain, now=NOW)


def test_certificates_are_read_whatever_stands_about_them(ceremony: Ceremony) -> None:
    leaf, root = load(ceremony.keys).seal_signer.chain
    bag = b"subject=CN=x\r\n" + format_chain([root]).replace(b"\n", b"\r\n") + b"\n\n"
    found = read_certificates([bag, format_chain([root, leaf])])
    assert found == (root, leaf)
    assert chain_for(ceremony.keys, "seal", found, now=NOW) == (leaf, root)
    with pytest.raises(KeyStoreError, match="no certificates in PEM"):
        read_certificates([b"\x30\x82"])


def test_the_next_key_takes_over_and_the_one_before_counts_for_what_it_sealed(
    ceremony: Ceremony,
) -> None:
    first = load(ceremony.keys)
    record_checks(ceremony.keys)
    before = contents(ceremony.keys)
    may_rotate(ceremony.keys)
    second = ceremony.install(now=LATER)
    assert before.items() <= contents(ceremony.keys).items(), "nothing is written over"
    assert second.seal_signer.certificate != first.seal_signer.certificate
    assert [one.chain for one in second.former] == [first.seal_signer.chain]
    now, then = second.trust(first.seal_signer.chain[-1:]).seals
    assert then.valid_to == LATER + OVERLAP
    assert then.valid_from == first.seal_signer.certificate.not_valid_before_utc
    assert now.valid_from <= LATER < now.valid_to
    (ceremony.keys / "seal.key").unlink()
    hold_all(ceremony.keys)
    load(ceremony.keys)  # the key that nobody needs any more may be destroyed
    third = ceremony.install(now=LATER + timedelta(days=400))
    assert [one.stem for one in third.former] == ["seal", "seal-2"]


@pytest.mark.parametrize("name", ["seal-2.key", "seal-2.pem", "seal-2-root.pem", "seal.pem"])
def test_an_exchanged_file_of_a_rotation_is_refused_by_name(ceremony: Ceremony, name: str) -> None:
    record_checks(ceremony.keys)
    ceremony.install(now=LATER)
    other = Ceremony(ceremony.root, ceremony.keys.parent / "other")
    other.install(now=LATER)
    kind = name.replace("-2", "")
    shutil.copy(other.keys / kind, ceremony.keys / name)
    if kind == "seal-root.pem":
        pem = bytearray((ceremony.keys / name).read_bytes())
        (ceremony.keys / name).write_bytes(bytes(pem) + b"\n")
    with pytest.raises(KeyStoreError, match=name.replace(".", r"\.").partition("-root")[0]):
        load(ceremony.keys)


def test_a_lost_record_of_a_rotation_does_not_bring_the_old_key_back(ceremony: Ceremony) -> None:
    ceremony.install(now=LATER)
    ceremony.install(now=LATER + timedelta(days=1))
    (ceremony.keys / "seal-2.json").unlink()
    with pytest.raises(KeyStoreError, match=r"seal-2\.json, which came before"):
        load(ceremony.keys)


def test_a_demonstration_is_not_turned_into_a_production(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    with pytest.raises(KeyStoreError, match="begin with custos keys request"):
        may_rotate(keys)
    load_or_make_demonstration(keys, council=NAME, origin=ORIGIN, now=NOW)
    with pytest.raises(KeyStoreError, match="name another folder"):
        may_rotate(keys)


def test_two_months_before_its_end_a_person_is_told_to_rotate(ceremony: Ceremony) -> None:
    keyring = load(ceremony.keys)
    end = keyring.seal_signer.certificate.not_valid_after_utc
    assert look_at_seal(ceremony.keys, keyring, now=end - timedelta(days=61)) == ""
    words = look_at_seal(ceremony.keys, keyring, now=end - timedelta(days=60))
    assert words.endswith("run custos keys rotate seal (docs/keys.md)")
    key, root = spki_sha256(keyring.seal_signer.certificate), keyring.seal_signer.chain[-1:]
    revoke(ceremony.keys, keyring.trust(root), key, at=NOW, now=NOW)
    assert "was revoked" in look_at_seal(ceremony.keys, keyring, now=NOW)


def test_a_stick_that_knows_no_second_name_of_a_file_takes_a_root_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    ceremony = begun(tmp_path)
    assert sorted(contents(ceremony.root)) == ["seal-root.key", "seal-root.pem"]
