import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from custody.check.cms import DetachedSignature, format_detached, parse_detached
from custody.errors import FormatError, KeyStoreError
from custody.formats.certificates import format_chain
from custody.keys.keyring import Keyring, load_or_make_demonstration
from custody.keys.signing import FileSealSigner

CONTENT = b"line one\nline two\r\n\x00\xff"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return load_or_make_demonstration(
        tmp_path_factory.mktemp("signing") / "keys",
        council="Barchester Council",
        origin="log.example/barchester",
        now=datetime.now(UTC),
    )


def test_a_signature_is_read_back_and_written_the_same(keyring: Keyring) -> None:
    der = keyring.seal_signer.sign_detached(CONTENT)
    assert format_detached(parse_detached(der)) == der


def test_a_signature_carries_no_content_and_no_root(keyring: Keyring) -> None:
    der = keyring.seal_signer.sign_detached(CONTENT * 1000)
    assert len(der) < 1200
    assert len(parse_detached(der).certificates) == 1


def test_a_signing_time_after_2049_has_its_form_too(keyring: Keyring) -> None:
    now = parse_detached(keyring.seal_signer.sign_detached(CONTENT))
    later = DetachedSignature(
        certificates=now.certificates,
        issuer=now.issuer,
        serial=now.serial,
        signing_time=datetime(2061, 7, 28, tzinfo=UTC),
        content_sha256=now.content_sha256,
        signature=now.signature,
    )
    assert parse_detached(format_detached(later)) == later


def test_a_key_of_another_certificate_does_not_sign(keyring: Keyring) -> None:
    with pytest.raises(KeyStoreError, match="does not belong"):
        FileSealSigner(ec.generate_private_key(ec.SECP256R1()), keyring.seal_signer.chain)


def test_a_certificate_that_no_verifier_takes_does_not_sign(keyring: Keyring) -> None:
    assert keyring.test_authority is not None
    keys = keyring.test_authority
    with pytest.raises(KeyStoreError, match="cannot be used"):
        FileSealSigner(keys.key, (keys.certificate, keys.root))


def test_a_chain_that_does_not_lead_to_its_root_does_not_sign(keyring: Keyring) -> None:
    assert isinstance(keyring.seal_signer, FileSealSigner)
    assert keyring.test_authority is not None
    signer = keyring.seal_signer
    with pytest.raises(KeyStoreError, match="has issued"):
        FileSealSigner(signer.key, (signer.certificate, keyring.test_authority.root))


def test_printing_a_signer_shows_no_key(keyring: Keyring) -> None:
    assert "PrivateKey" not in repr(keyring.seal_signer)


def test_no_truncated_signature_is_read(keyring: Keyring) -> None:
    der = keyring.seal_signer.sign_detached(CONTENT)
    for end in range(len(der)):
        with pytest.raises(FormatError):
            parse_detached(der[:end])
    with pytest.raises(FormatError):
        parse_detached(der + b"\x00")


def test_a_huge_file_is_not_even_read() -> None:
    with pytest.raises(FormatError, match="at most"):
        parse_detached(b"\x30" * 100_000)


def test_openssl_agrees(keyring: Keyring, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine; test_check_seal.py checks the same without it")
    der = keyring.seal_signer.sign_detached(CONTENT)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "p7s").write_bytes(der)
    (tmp_path / "root.pem").write_bytes(format_chain(keyring.seal_signer.chain[-1:]))
    at = parse_detached(der).signing_time

    def verify(moment: datetime) -> subprocess.CompletedProcess[bytes]:
        line = (
            f"cms -verify -binary -attime {int(moment.timestamp())} -inform DER -in p7s "
            "-content content -CAfile root.pem -no-CApath -no-CAstore -out /dev/null"
        )
        return subprocess.run(
            [openssl, *line.split()], cwd=tmp_path, check=False, capture_output=True
        )

    assert verify(at).returncode == 0
    assert verify(at + timedelta(days=800)).returncode != 0
    (tmp_path / "content").write_bytes(CONTENT + b" ")
    assert verify(at).returncode != 0
