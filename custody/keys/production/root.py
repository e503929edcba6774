"""Adapter. A council's own root for seals: made, kept and used on a machine without a network.

    seal-root.key   EC P-256, PKCS #8 in PEM, encrypted with a passphrase
    seal-root.pem   its certificate, which everybody may have

The folder belongs on a stick in a safe. The service never sees the key; it gets certificates.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from custody.errors import KeyStoreError
from custody.formats.certificates import (
    DEMONSTRATION,
    ROOT_ROLE,
    SEAL_VALIDITY,
    TEST,
    Certificate,
    council_name,
    format_chain,
    is_demonstration,
    is_test_authority,
    make_root,
    make_seal_certificate,
)
from custody.keys.keyfiles import put_new, read_certificate, read_file

_KEY, _CERTIFICATE = "seal-root.key", "seal-root.pem"
SHORTEST = 15
"""Characters of a passphrase: the stick may be lost, and is then guessed at without a limit."""


@dataclass(frozen=True, slots=True)
class CouncilRoot:
    """The root in memory, for the moment of one signature."""

    key: EllipticCurvePrivateKey = field(repr=False)
    certificate: Certificate


def make_council_root(
    folder: Path, council: str, passphrase: str, *, now: datetime, serial: int
) -> Certificate:
    """Make a root in a folder that holds nothing yet.

    Raises:
        KeyStoreError: the folder holds something, the passphrase is short, or the name would be
            taken for that of a demonstration.
    """
    if len(passphrase) < SHORTEST:
        raise KeyStoreError(
            f"The passphrase has {len(passphrase)} characters; at least {SHORTEST} are needed, "
            "such as five words drawn by dice"
        )
    _refuse_marks(council)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise KeyStoreError(f"{folder} holds something already: name a new folder for the root")
    key = generate_private_key(SECP256R1())
    made = make_root(council_name(council, ROOT_ROLE), key, now=now, serial=serial)
    encrypted = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )
    put_new(folder, _KEY, encrypted)
    # A crash here leaves a key that nothing was signed with: another folder is named then.
    put_new(folder, _CERTIFICATE, format_chain([made]))
    return made


def read_council_root(folder: Path, passphrase: str) -> CouncilRoot:
    """Read the root, to sign with it.

    Raises:
        KeyStoreError: a file is missing or something else, or the passphrase is another.
    """
    certificate = read_certificate(folder, _CERTIFICATE)
    try:
        # Not asked who else can read it: sticks know no owner, and it is encrypted.
        pem = read_file(folder / _KEY, secret=False)
        key = load_pem_private_key(pem, password=passphrase.encode())
    except ValueError as error:
        raise KeyStoreError(
            f"{folder / _KEY} does not open with this passphrase, or is no key"
        ) from error
    except (TypeError, UnsupportedAlgorithm) as error:
        raise KeyStoreError(f"{folder / _KEY} is no key that a passphrase guards") from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise KeyStoreError(f"{folder / _KEY} and {_CERTIFICATE} do not belong together")
    return CouncilRoot(key, certificate)


def read_request(pem: bytes) -> x509.CertificateSigningRequest:
    """Read the request for a seal certificate.

    Raises:
        KeyStoreError: it cannot be read, or is not signed with the key that it asks for.
    """
    try:
        request = x509.load_pem_x509_csr(pem)
        holds = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyStoreError("This is no certificate request (PKCS #10 in PEM)") from error
    if not holds:
        raise KeyStoreError("The request was not signed with the key that it asks for")
    return request


def sign_request(
    root: CouncilRoot, request: x509.CertificateSigningRequest, *, now: datetime, serial: int
) -> tuple[Certificate, ...]:
    """Issue the seal certificate that is asked for; return it, and the root after it.

    Whatever else the request asks for, the certificate is of the one profile of
    docs/formats/certificates.md.

    Raises:
        KeyStoreError: the request is of another council or another kind of key, or the root would
            end before the certificate does.
    """
    public = request.public_key()
    if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
        raise KeyStoreError("The request is for a key of another kind than EC P-256")
    council = _organisation(root.certificate.subject)
    if _organisation(request.subject) != council:
        raise KeyStoreError(
            f"The request is for {_organisation(request.subject)!r}, and this root is that of "
            f"{council!r}"
        )
    if public == root.key.public_key():
        raise KeyStoreError("The request is for the key of the root itself, which seals nothing")
    if now + SEAL_VALIDITY > root.certificate.not_valid_after_utc:
        raise KeyStoreError(
            f"The root ends on {root.certificate.not_valid_after_utc:%d %B %Y}, before the "
            "certificate would: make a new root (custos keys init) in another folder"
        )
    made = make_seal_certificate(
        request.subject, public, root=root.certificate, root_key=root.key, now=now, serial=serial
    )
    if is_demonstration(made) or is_test_authority(made):
        raise KeyStoreError(
            "The request, or this root, is named as a demonstration or a test: what it seals is no "
            "evidence"
        )
    return made, root.certificate


def _organisation(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if len(found) == 1 else ""


def _refuse_marks(name: str) -> None:
    for mark in (DEMONSTRATION, TEST):
        if mark in name.replace("-", " ").split():
            raise KeyStoreError(
                f"{name!r} has the word {mark}, by which verifiers know what is no evidence"
            )
