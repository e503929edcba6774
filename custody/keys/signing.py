"""Adapter. The council's signature under a release: a detached CMS signature (RFC 5652)."""

from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from custody.check.certificate import check_path, check_seal_profile
from custody.check.cms import parse_detached
from custody.errors import KeyStoreError, ProofError

_OPTIONS = [
    pkcs7.PKCS7Options.DetachedSignature,
    # Without Binary, line ends are rewritten before they are signed; without NoCapabilities, the
    # signature carries a list of mail ciphers.
    pkcs7.PKCS7Options.Binary,
    pkcs7.PKCS7Options.NoCapabilities,
]


class SealSigner(Protocol):
    """Whatever can seal a release: a key in a file, in an HSM, in a signing service."""

    @property
    def certificate(self) -> x509.Certificate:
        """The seal certificate."""
        ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The seal certificate first, then who issued it, the root last."""
        ...

    def sign_detached(self, content: bytes) -> bytes:
        """Sign; returns DER in the form of docs/formats/certificates.md."""
        ...


@dataclass(frozen=True, slots=True)
class FileSealSigner:
    """Signs with a key that lies in memory, read from a file."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]

    def __post_init__(self) -> None:
        """Refuse a key that is not the certificate's, or a certificate that no verifier takes."""
        if self.key.public_key() != self.certificate.public_key():
            raise KeyStoreError("The seal key does not belong to the seal certificate")
        try:
            check_seal_profile(self.certificate)
            check_path(self.certificate, self.chain[1:], self.chain[-1:], None)
        except ProofError as error:
            raise KeyStoreError(f"The seal certificate cannot be used: {error}") from error

    @property
    def certificate(self) -> x509.Certificate:
        """The seal certificate."""
        return self.chain[0]

    def sign_detached(self, content: bytes) -> bytes:
        """Sign; the library puts its own clock's time among the signed attributes."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
        builder = builder.add_signer(self.certificate, self.key, hashes.SHA256())
        for authority in self.chain[1:-1]:
            builder = builder.add_certificate(authority)
        der = builder.sign(Encoding.DER, _OPTIONS)
        parse_detached(der)  # what our verifier would refuse must not leave this place
        return der
