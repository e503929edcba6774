"""Pure. V4 and V5: whose signature stands under a release, and who says when.

Both run on bytes alone. A hostile file gives a finding, never an exception.

Over 300 lines: signature and timestamp are read by the same means, and wait for the shelves of
`custody/` to be parted.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import new as new_hash
from hashlib import sha256

import rfc3161_client
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from custody.check.certificate import check_path, check_seal_profile, check_time_profile
from custody.check.cms import (
    SAFE_DIGESTS,
    DetachedSignature,
    TimestampToken,
    parse_detached,
    parse_timestamp,
    signed_attributes,
)
from custody.check.finding import Finding, Outcome
from custody.errors import FormatError, ProofError
from custody.formats.certificates import (
    Certificate,
    common_name,
    format_chain,
    is_demonstration,
    is_self_issued,
    is_test_authority,
    parse_certificate,
    parse_chain,
    spki_sha256,
)
from custody.formats.trust import Trust

__all__ = ["check_signature", "check_timestamp", "is_demonstration"]

SIGNATURE_FILE = "seal/tagmanifest-sha256.txt.p7s"
TIMESTAMP_FILE = "seal/tagmanifest-sha256.txt.p7s.tsr"


def check_signature(
    p7s: bytes,
    content: bytes,
    *,
    trust: Trust | None,
    stamped_at: datetime | None,
    chain_pem: bytes,
    root_pem: bytes,
    subject: str = SIGNATURE_FILE,
) -> tuple[Finding, ...]:
    """Check that a seal key of the council has signed exactly this content (V4).

    `stamped_at` is what V5 found; without it (V5 has failed) the dates are not checked. Without
    `trust` the signature is checked against the package's own root, which says nothing about who
    made it.
    """
    report = _Found("V4", subject)
    try:
        signature = parse_detached(p7s)
        chain, root = parse_chain(chain_pem), _one(parse_chain(root_pem))
        _check_same_certificates(signature, chain, root)
    except (FormatError, ProofError) as error:
        return (report.fail("The signature cannot be read as one of this council's.", error),)
    signer = chain[0]
    findings = [
        *_check_made(report, signature, content, signer),
        *_check_dated(report, signer, chain[1:], root, stamped_at),
        _check_trusted(report, signer, root, trust, stamped_at),
    ]
    if is_demonstration(signer) or (trust is not None and trust.demonstration):
        findings.append(
            report.say(
                Outcome.NOTE, "The seal was made with demonstration keys: it is no evidence."
            )
        )
    return tuple(findings)


def _check_made(
    report: "_Found", signature: DetachedSignature, content: bytes, signer: x509.Certificate
) -> tuple[Finding, ...]:
    """Check what was signed, by which key, and that such a key may seal."""
    return (
        report.run(
            "The signature is over exactly the list of files in this package.",
            "The signature is over another list of files.",
            lambda: _check_content(signature, content),
        ),
        report.run(
            f"It was made with the key of: {common_name(signer)}.",
            "It was not made with the key of the certificate beside it.",
            lambda: _check_signature_value(signature, signer),
        ),
        report.run(
            "The certificate is of the kind that seals evidence packages.",
            "The certificate is not of the kind that seals evidence packages.",
            lambda: check_seal_profile(signer),
        ),
    )


def _check_dated(
    report: "_Found",
    signer: x509.Certificate,
    between: Sequence[x509.Certificate],
    root: x509.Certificate,
    stamped_at: datetime | None,
) -> tuple[Finding, ...]:
    """Check that the certificate comes from the root beside it, and was valid when stamped."""
    issued = report.run(
        "The certificate was issued under the root in this package"
        + (", and was valid when the package was stamped." if stamped_at else "."),
        "The certificate was not a valid one of the root in this package.",
        lambda: check_path(signer, between, [root], stamped_at),
    )
    if stamped_at is not None:
        return (issued,)
    words = "Whether the certificate was valid at that time: no timestamp says when it was."
    return (issued, report.say(Outcome.NOT_CHECKED, words))


def check_timestamp(
    tsr: bytes,
    data: bytes,
    *,
    trust: Trust | None,
    tsa_chain_pem: bytes,
    step: str = "V5",
    subject: str = TIMESTAMP_FILE,
) -> tuple[datetime | None, tuple[Finding, ...]]:
    """Check that a time authority has stamped exactly these bytes (V5); returns when, and why.

    The time is given only if nothing failed. Without `trust`, the authority's own root in the
    package is believed, which proves no more than that the package agrees with itself.
    """
    report = _Found(step, subject)
    try:
        token, signer = _read_token(tsr)
        others = parse_chain(tsa_chain_pem)
    except FormatError as error:
        return None, (report.fail("The timestamp cannot be read.", error),)
    findings = [
        report.run(
            "The timestamp is over exactly these bytes.",
            "The timestamp is over other bytes.",
            lambda: _check_imprint(token, data),
        ),
        report.run(
            f"It was signed at {token.at:%Y-%m-%d %H:%M:%S} UTC by: {common_name(signer)}.",
            "It was not signed by a time authority that this check can believe.",
            lambda: _check_token(tsr, token, data, _roots(trust, others), others),
        ),
    ]
    failed = any(finding.outcome is Outcome.FAIL for finding in findings)
    if trust is None:
        findings.append(
            report.say(
                Outcome.NOT_CHECKED,
                "Whether this authority can be believed: no trust file was given.",
            )
        )
    if is_test_authority(signer):
        findings.append(
            report.say(
                Outcome.NOTE,
                f"The time comes from a test authority ({common_name(signer)}): "
                "nobody outside vouches for it.",
            )
        )
    return (None if failed else token.at), tuple(findings)


class _Found:
    """Makes the findings of one step on one file."""

    def __init__(self, step: str, subject: str) -> None:
        self._step = step
        self._subject = subject

    def say(self, outcome: Outcome, words: str, *, expected: str = "", found: str = "") -> Finding:
        return Finding(self._step, outcome, words, self._subject, expected, found)

    def fail(self, words: str, error: FormatError | ProofError) -> Finding:
        if isinstance(error, ProofError):
            reason, expected, found = error.words, error.expected, error.found
        else:
            reason, expected, found = str(error), "", ""
        return self.say(Outcome.FAIL, f"{words} {reason}.", expected=expected, found=found)

    def run(self, good: str, bad: str, check: Callable[[], object]) -> Finding:
        try:
            check()
        except (FormatError, ProofError) as error:
            return self.fail(bad, error)
        return self.say(Outcome.PASS, good)


def _one(chain: Sequence[Certificate]) -> Certificate:
    if len(chain) != 1:
        raise FormatError("The root's file must hold one certificate")
    return chain[0]


def _check_same_certificates(
    signature: DetachedSignature, chain: Sequence[Certificate], root: Certificate
) -> None:
    """Check that the signature carries the certificates of the chain, without the root.

    With this, no byte of a certificate inside the signature is left that nothing else fixes.
    """
    carried = sorted(_der(certificate) for certificate in chain if certificate != root)
    if sorted(signature.certificates) != carried:
        raise ProofError("It carries other certificates than the package lists beside it")
    signer = chain[0]
    if (signature.issuer, signature.serial) != (
        signer.issuer.public_bytes(),
        signer.serial_number,
    ):
        raise ProofError(
            "It names another certificate than the first one listed",
            expected=f"serial number {signer.serial_number}",
            found=f"serial number {signature.serial}",
        )


def _check_content(signature: DetachedSignature, content: bytes) -> None:
    found = sha256(content).digest()
    if found != signature.content_sha256:
        raise ProofError(
            "Their digests differ", expected=signature.content_sha256.hex(), found=found.hex()
        )


def _check_signature_value(signature: DetachedSignature, signer: Certificate) -> None:
    try:
        key = signer.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ProofError("The key is of another kind than ours", expected="ECDSA")
        signed = signed_attributes(signature)
        key.verify(signature.signature, signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise ProofError("The signature does not fit that key") from error


def _check_trusted(
    report: _Found,
    signer: Certificate,
    root: Certificate,
    trust: Trust | None,
    stamped_at: datetime | None,
) -> Finding:
    if trust is None:
        return report.say(
            Outcome.NOT_CHECKED, "Whether the council made the seal: no trust file was given."
        )
    return report.run(
        f"The seal is one that {trust.council} names in the trust file.",
        f"The seal is not one that {trust.council} names in the trust file.",
        lambda: _check_pin(signer, root, trust, stamped_at),
    )


def _check_pin(
    signer: Certificate, root: Certificate, trust: Trust, stamped_at: datetime | None
) -> None:
    if format_chain([root]) not in trust.roots:
        raise ProofError("The root in the package is another", found=_fingerprint(root))
    key = spki_sha256(signer)
    pin = next((pin for pin in trust.seals if pin.spki_sha256 == key), None)
    if pin is None:
        pinned = ", ".join(pin.spki_sha256.hex() for pin in trust.seals)
        raise ProofError("Its key is not pinned there", expected=pinned, found=key.hex())
    if stamped_at is None:
        return
    if not pin.valid_from <= stamped_at <= pin.valid_to:
        raise ProofError(
            "Its key did not count at that time",
            expected=f"a time from {pin.valid_from} to {pin.valid_to}",
            found=str(stamped_at),
        )
    if pin.revoked_at is not None and stamped_at >= pin.revoked_at:
        raise ProofError(
            "Its key was revoked before",
            expected=f"a time before {pin.revoked_at}",
            found=str(stamped_at),
        )


def _read_token(tsr: bytes) -> tuple[TimestampToken, Certificate]:
    token = parse_timestamp(tsr)
    return token, parse_certificate(token.signer)


def _roots(trust: Trust | None, others: Sequence[Certificate]) -> list[Certificate]:
    if trust is not None:
        return [certificate for pem in trust.tsa_roots for certificate in parse_chain(pem)]
    return [certificate for certificate in others if is_self_issued(certificate)]


def _check_imprint(token: TimestampToken, data: bytes) -> None:
    if token.imprint_algorithm not in SAFE_DIGESTS:
        raise ProofError(f"It was made with {token.imprint_algorithm}, which is not safe any more")
    found = new_hash(token.imprint_algorithm, data).digest()
    if found != token.imprint:
        raise ProofError("Their digests differ", expected=token.imprint.hex(), found=found.hex())


def _check_token(
    tsr: bytes,
    token: TimestampToken,
    data: bytes,
    roots: Sequence[Certificate],
    others: Sequence[Certificate],
) -> None:
    """Find the way to a root ourselves, and let rfc3161-client verify along that way alone.

    It treats whatever it is handed as trusted, so nothing but the proven way may be handed to it.
    """
    signer = parse_certificate(token.signer)
    check_time_profile(signer)
    carried = [parse_certificate(der) for der in token.certificates]
    path = check_path(signer, [*carried, *others], roots, token.at)
    verifier = rfc3161_client.VerifierBuilder(
        tsa_certificate=signer, intermediates=list(path[1:-1]), roots=[path[-1]]
    ).build()
    try:
        response = rfc3161_client.decode_timestamp_response(tsr)
        verifier.verify_message(response, data)
    except (rfc3161_client.VerificationError, ValueError) as error:
        raise ProofError(f"Its signature does not hold ({error})") from error


def _der(certificate: Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _fingerprint(certificate: Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()
