"""Pure. Certificates of the council's seal and of the authority that stamps it.

The profile, with its reasons, is in docs/formats/certificates.md; custody/check/certificate.py
checks it. Keys, times and serial numbers
are arguments; nothing here is random.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from custody.errors import FormatError

SEAL_POLICY = x509.ObjectIdentifier("2.25.143740871956396368286098796677811627636")
"""Says: this certificate seals evidence packages. The integer of the UUID
6c237c25-e686-43f3-94d7-461249ab6674, drawn once, the same for every council."""

ROOT_VALIDITY = timedelta(days=3653)
SEAL_VALIDITY = timedelta(days=731)
BACKDATE = timedelta(hours=1)
"""A certificate holds from a little before it was made: an authority's clock may be behind ours,
and the first stamp must not look older than the certificate."""

ROOT_ROLE = "root for seals"
SEAL_ROLE = "evidence seal"
DEMONSTRATION = "DEMONSTRATION"
TEST = "TEST"
TEST_AUTHORITY_NAME = "Custos local TEST time authority (not a trusted time)"
TEST_AUTHORITY_ROOT_NAME = "Custos local TEST time authority root (not a trusted time)"

MAX_PEM_BYTES = 100_000
MAX_CERTIFICATES = 10
_MAX_NAME = 64
_KNOWN = 64
"""Files and certificates that are remembered once they were read: in one verification the same few
are asked for at each step."""
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    # An exception only where warnings are made errors. What it most warns of is refused below.
    CryptographyDeprecationWarning,
)
_PEM_END = b"-----END CERTIFICATE-----\n"

Key: TypeAlias = ec.EllipticCurvePrivateKey
Name: TypeAlias = x509.Name
Certificate: TypeAlias = x509.Certificate


def make_name(organisation: str, common_name: str) -> Name:
    """Make a subject; what is longer than the 64 characters of X.520 is cut at the left.

    The end says what the certificate is for, and that it is a demonstration: it must stay.
    """
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:_MAX_NAME]),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[-_MAX_NAME:]),
        ]
    )


def council_name(council: str, role: str) -> Name:
    """Make a subject such as `Real Council - evidence seal`; a long name is cut, the role never."""
    end = f" - {role}"
    return make_name(council, council[: _MAX_NAME - len(end)] + end)


def demonstration_name(council: str, role: str) -> Name:
    """Make a subject such as `Barchester Council - DEMONSTRATION - evidence seal`."""
    return council_name(council, f"{DEMONSTRATION} - {role}")


def make_root(name: Name, key: Key, *, now: datetime, serial: int) -> Certificate:
    """Make a self-signed root that may issue leaves only."""
    public = key.public_key()
    return (
        _builder(name, name, public, now, ROOT_VALIDITY, serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_seal_certificate(
    name: Name,
    public: ec.EllipticCurvePublicKey,
    *,
    root: Certificate,
    root_key: Key,
    now: datetime,
    serial: int,
) -> Certificate:
    """Issue the certificate that seals packages: one profile for CMS, PAdES and C2PA."""
    policy = x509.PolicyInformation(SEAL_POLICY, None)
    return (
        _leaf(name, public, root, now, serial)
        .add_extension(key_usage(commitment=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(x509.CertificatePolicies([policy]), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def make_time_certificate(
    name: Name,
    public: ec.EllipticCurvePublicKey,
    *,
    root: Certificate,
    root_key: Key,
    now: datetime,
    serial: int,
) -> Certificate:
    """Issue the certificate of a time-stamping authority (RFC 3161 section 2.3)."""
    return (
        _leaf(name, public, root, now, serial)
        .add_extension(key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256())
    )


def spki_sha256(certificate: Certificate) -> bytes:
    """Digest the public key: it stays when a certificate is renewed for the same key."""
    return key_sha256(certificate.public_key())


def key_sha256(public: CertificatePublicKeyTypes) -> bytes:
    """Digest a public key: SHA-256 of its SubjectPublicKeyInfo in DER."""
    return sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def common_name(certificate: Certificate) -> str:
    """Say whose certificate it is."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def is_demonstration(certificate: Certificate) -> bool:
    """Say whether the subject or its issuer is named as a demonstration."""
    return _is_named(certificate, DEMONSTRATION)


def is_test_authority(certificate: Certificate) -> bool:
    """Say whether the authority or its issuer is named as a test: its time is nobody's word."""
    return _is_named(certificate, TEST)


def format_chain(chain: Sequence[Certificate]) -> bytes:
    """Write certificates as PEM, the leaf first, the root last."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)


@lru_cache(_KNOWN)
def parse_chain(pem: bytes) -> tuple[Certificate, ...]:
    """Read certificates from PEM that holds nothing else.

    Raises:
        FormatError: no certificate, too many, one that cannot be read, or other text about them.

    """
    if len(pem) > MAX_PEM_BYTES:
        raise FormatError(f"The certificates take {len(pem)} bytes; {MAX_PEM_BYTES} are allowed")
    if not 0 < pem.count(_PEM_END) <= MAX_CERTIFICATES:
        raise FormatError(f"1 to {MAX_CERTIFICATES} certificates in PEM are expected here")
    try:
        chain = tuple(_read_all(item) for item in x509.load_pem_x509_certificates(pem))
    except _UNREADABLE as error:
        raise FormatError("A certificate here cannot be read") from error
    if format_chain(chain) != pem:
        raise FormatError("Only certificates in canonical PEM may stand in this file")
    return chain


@lru_cache(_KNOWN)
def parse_certificate(der: bytes) -> Certificate:
    """Read one certificate from DER.

    Raises:
        FormatError: it cannot be read.

    """
    try:
        return _read_all(x509.load_der_x509_certificate(der))
    except _UNREADABLE as error:
        raise FormatError("A certificate here cannot be read") from error


def is_self_issued(certificate: Certificate) -> bool:
    """Say whether a certificate names itself as its issuer, as a root does."""
    return certificate.issuer == certificate.subject


def _builder(
    name: Name,
    issuer: Name,
    public: ec.EllipticCurvePublicKey,
    now: datetime,
    validity: timedelta,
    serial: int,
) -> x509.CertificateBuilder:
    start = now.astimezone(UTC).replace(microsecond=0) - BACKDATE
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + validity)
    )


def _leaf(
    name: Name, public: ec.EllipticCurvePublicKey, root: Certificate, now: datetime, serial: int
) -> x509.CertificateBuilder:
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return (
        _builder(name, root.subject, public, now, SEAL_VALIDITY, serial)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority, critical=False)
    )


def key_usage(*, authority: bool = False, commitment: bool = False) -> x509.KeyUsage:
    """Say what a key is for: to issue certificates, or to sign, or to sign and stand by it."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _is_named(certificate: Certificate, word: str) -> bool:
    names = [
        str(attribute.value)
        for name in (certificate.subject, certificate.issuer)
        for attribute in name
    ]
    return any(word in text.replace("-", " ").split() for text in names)


def _read_all(certificate: Certificate) -> Certificate:
    """Have every part read that is looked at later: the library reads them when they are asked."""
    for part in ("subject", "issuer", "extensions", "not_valid_before_utc", "not_valid_after_utc"):
        getattr(certificate, part)
    certificate.public_key()
    if certificate.serial_number <= 0:
        raise ValueError("RFC 5280 section 4.1.2.2 wants a positive serial number")
    return certificate
