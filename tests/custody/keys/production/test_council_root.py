"""A council's own root: made once, opened by its passphrase alone, and it issues one profile."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from custody.check.certificate import check_path, check_seal_profile
from custody.errors import KeyStoreError
from custody.formats.certificates import (
    Name,
    common_name,
    council_name,
    is_demonstration,
    is_test_authority,
)
from custody.keys.production.root import (
    CouncilRoot,
    make_council_root,
    read_council_root,
    read_request,
    sign_request,
)
from tests.custody.keys.production.councils import NAME, NOW, PASSPHRASE, begun

SEAL = council_name(NAME, "evidence seal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("council")).root


@pytest.fixture(scope="module")
def root(folder: Path) -> CouncilRoot:
    return read_council_root(folder, PASSPHRASE)


def asked(
    name: Name = SEAL, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None
) -> x509.CertificateSigningRequest:
    key = key or ec.generate_private_key(ec.SECP256R1())
    algorithm = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
    # Asks to be an authority: nobody gets what the profile does not have.
    wish = x509.BasicConstraints(ca=True, path_length=9)
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.add_extension(wish, critical=True).sign(key, algorithm)


def test_the_key_is_encrypted_and_the_certificate_is_named_for_the_council(
    folder: Path, root: CouncilRoot
) -> None:
    assert b"ENCRYPTED PRIVATE KEY" in (folder / "seal-root.key").read_bytes()
    assert stat.S_IMODE((folder / "seal-root.key").stat().st_mode) == 0o600
    assert common_name(root.certificate) == "Barsetshire Council - root for seals"
    assert "EllipticCurve" not in repr(root)


def test_what_it_issues_is_of_the_one_profile_whatever_was_asked(root: CouncilRoot) -> None:
    request = asked()
    made, above = sign_request(root, request, now=NOW, serial=8)
    check_seal_profile(made)
    assert check_path(made, (), [above], NOW) == (made, root.certificate)
    assert made.public_key() == request.public_key()
    assert not is_demonstration(made)
    assert not is_test_authority(made)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        pytest.param(
            asked(council_name("Borchester Council", "evidence seal")),
            "is for 'Borchester Council'",
            id="another council",
        ),
        pytest.param(asked(key=ec.generate_private_key(ec.SECP384R1())), "P-256", id="P-384"),
        pytest.param(
            asked(key=ed25519.Ed25519PrivateKey.generate()), "P-256", id="another kind of key"
        ),
        pytest.param(
            asked(council_name(NAME, "DEMONSTRATION")), "no evidence", id="the mark of no evidence"
        ),
    ],
)
def test_a_request_that_must_not_be_granted_is_refused(
    root: CouncilRoot, request_: x509.CertificateSigningRequest, words: str
) -> None:
    with pytest.raises(KeyStoreError, match=words):
        sign_request(root, request_, now=NOW, serial=9)


def test_a_root_that_ends_first_issues_nothing(root: CouncilRoot) -> None:
    with pytest.raises(KeyStoreError, match="make a new root"):
        sign_request(root, asked(), now=NOW + timedelta(days=3000), serial=9)


def test_a_request_by_somebody_who_has_not_the_key_is_refused() -> None:
    pem = asked().public_bytes(Encoding.PEM)
    der = bytearray(x509.load_pem_x509_csr(pem).public_bytes(Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)
    with pytest.raises(KeyStoreError, match="not signed with the key"):
        read_request(forged)
    with pytest.raises(KeyStoreError, match="no certificate request"):
        read_request(b"-----BEGIN CERTIFICATE-----")


def test_another_passphrase_opens_nothing(folder: Path) -> None:
    with pytest.raises(KeyStoreError, match="does not open with this passphrase"):
        read_council_root(folder, PASSPHRASE + " ")


def test_a_root_is_never_made_over_something(folder: Path) -> None:
    before = (folder / "seal-root.key").read_bytes()
    with pytest.raises(KeyStoreError, match="name a new folder"):
        make_council_root(folder, NAME, PASSPHRASE, now=NOW, serial=1)
    assert (folder / "seal-root.key").read_bytes() == before


@pytest.mark.parametrize(
    ("council", "passphrase", "words"),
    [
        (NAME, "too short", "at least 15"),
        ("TEST Council", PASSPHRASE, "the word TEST"),
        ("DEMONSTRATION-Council", PASSPHRASE, "the word DEMONSTRATION"),
    ],
)
def test_what_would_be_no_root_is_refused_before_anything_is_made(
    tmp_path: Path, council: str, passphrase: str, words: str
) -> None:
    with pytest.raises(KeyStoreError, match=words):
        make_council_root(tmp_path / "root", council, passphrase, now=NOW, serial=1)
    assert not (tmp_path / "root").exists()
