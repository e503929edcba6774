"""Pure. Whether a certificate is one that may seal or stamp, and who vouches for it.

The profile, with its reasons, is in docs/formats/certificates.md.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from custody.errors import ProofError
from custody.formats.certificates import SEAL_POLICY, Certificate, common_name, key_usage

_E = TypeVar("_E", bound=x509.ExtensionType)

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_KNOWN_CRITICAL = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)
_WEAK_HASHES = (hashes.MD5, hashes.SHA1)


def check_seal_profile(certificate: Certificate) -> None:
    """Check that a certificate is one that may seal packages.

    Raises:
        ProofError: the first departure from docs/formats/certificates.md.

    """
    _require("version", "3", str(certificate.version.value + 1))
    public = certificate.public_key()
    curve = public.curve.name if isinstance(public, ec.EllipticCurvePublicKey) else "none"
    _require("curve", ec.SECP256R1.name, curve)
    usage, critical = _extension(certificate, x509.KeyUsage)
    expected = _words(", ".join(_usages(key_usage(commitment=True))), critical=True)
    _require("key usage", expected, _words(", ".join(_usages(usage)), critical=critical))
    purposes, _ = _extension(certificate, x509.ExtendedKeyUsage)
    _require("purpose", _dotted([ExtendedKeyUsageOID.EMAIL_PROTECTION]), _dotted(purposes))
    policies, _ = _extension(certificate, x509.CertificatePolicies)
    found = _dotted([policy.policy_identifier for policy in policies])
    _require("policy", _dotted([SEAL_POLICY]), found)
    _require_leaf(certificate)


def check_time_profile(certificate: Certificate) -> None:
    """Check that a certificate may sign timestamps, and nothing else (RFC 3161 section 2.3).

    Raises:
        ProofError: what is not so.

    """
    purposes, critical = _extension(certificate, x509.ExtendedKeyUsage)
    expected = _words(_dotted([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    _require("purpose", expected, _words(_dotted(purposes), critical=critical))


def check_path(
    leaf: Certificate,
    others: Sequence[Certificate],
    anchors: Sequence[Certificate],
    at: datetime | None,
) -> tuple[Certificate, ...]:
    """Find the way from a leaf to one of the anchors, all of it valid at a moment.

    Without a moment, the dates are left unchecked; the caller says so.

    Raises:
        ProofError: no such way, a link that may not issue certificates, or one out of its dates.

    """
    path = [leaf]
    while len(path) == 1 or path[-1] not in anchors:
        path.append(_find_issuer(path, (*anchors, *others)))
        _check_authority(path[-1], below=len(path) - 2)
    for certificate in path:
        if at is not None:
            check_dates(certificate, at)
    return tuple(path)


def check_dates(certificate: Certificate, at: datetime) -> None:
    """Check that a certificate was valid at a moment."""
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= at <= last:
        raise ProofError(
            f"The certificate of {common_name(certificate)} was not valid at that time",
            expected=f"a time from {_moment(first)} to {_moment(last)}",
            found=_moment(at),
        )


def _find_issuer(path: Sequence[Certificate], others: Sequence[Certificate]) -> Certificate:
    for candidate in others:
        if candidate not in path and _has_issued(candidate, path[-1]):
            return candidate
    raise ProofError(
        f"No certificate given here has issued the one of {common_name(path[-1])}",
        expected="a way to a trusted root",
        found=f"issuer {path[-1].issuer.rfc4514_string()}",
    )


def _has_issued(issuer: Certificate, certificate: Certificate) -> bool:
    try:
        if isinstance(certificate.signature_hash_algorithm, _WEAK_HASHES):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False  # an answer, not a failure: this candidate is not the issuer
    return True


def _check_authority(certificate: Certificate, *, below: int) -> None:
    """Check that a certificate may issue others; `below`: authorities between it and the leaf."""
    who = common_name(certificate)
    constraints, _ = _extension(certificate, x509.BasicConstraints)
    usage, _ = _extension(certificate, x509.KeyUsage)
    if not constraints.ca or not usage.key_cert_sign:
        raise ProofError(f"{who} may not issue certificates, and issued one")
    if constraints.path_length is not None and constraints.path_length < below:
        raise ProofError(f"{who} may not issue to other authorities, and did")


def _require_leaf(certificate: Certificate) -> None:
    constraints, _ = _extension(certificate, x509.BasicConstraints)
    _require("kind", "not an authority", "an authority" if constraints.ca else "not an authority")
    _extension(certificate, x509.AuthorityKeyIdentifier)
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, _KNOWN_CRITICAL):
            raise ProofError(
                "The certificate has a critical extension that we do not know",
                expected="none",
                found=extension.oid.dotted_string,
            )
    identifier, _ = _extension(certificate, x509.SubjectKeyIdentifier)
    if not identifier.digest:
        raise ProofError("The certificate names no identifier of its key")


def _extension(certificate: Certificate, kind: type[_E]) -> tuple[_E, bool]:
    name = kind.__name__
    try:
        extension = certificate.extensions.get_extension_for_class(kind)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError) as error:
        who = common_name(certificate)
        raise ProofError(f"The certificate of {who} has no readable {name}") from error
    return extension.value, extension.critical


def _require(what: str, expected: str, found: str) -> None:
    if expected != found:
        raise ProofError(
            f"The {what} of the certificate is not the one of a seal or stamp",
            expected=expected,
            found=found,
        )


def _usages(usage: x509.KeyUsage) -> list[str]:
    """Name what a key may do; the last two mean something only beside key agreement."""
    names = [*_USAGES, *(("encipher_only", "decipher_only") if usage.key_agreement else ())]
    return [name for name in names if getattr(usage, name)]


def _words(value: str, *, critical: bool) -> str:
    return f"{'critical' if critical else 'not critical'}, {value}"


def _dotted(identifiers: Iterable[x509.ObjectIdentifier]) -> str:
    return ", ".join(identifier.dotted_string for identifier in identifiers)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
