"""Pure. The certificates by which the parts of SeaweedFS know each other."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=3650)
"""Longer than any run: they are made anew at each start."""


@dataclass(frozen=True, slots=True)
class NodeCertificate:
    """An authority that no longer has its key, and the one certificate that it issued. PEM."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a clock set back must not lock us out
        .not_valid_after(now + _LIFE)
    )


def issue_node_certificate(now: datetime) -> NodeCertificate:
    """Make an authority, let it issue one certificate, and forget the authority's key.

    Whoever had that key could speak to the engine as its administrator.
    """
    # A name of its own: a client that outlives a start knows the authority of before, too, and
    # looks for the right one by its name.
    issuer = f"Custos engine authority {x509.random_serial_number():040x}"
    authority_key = ec.generate_private_key(ec.SECP256R1())
    node_key = ec.generate_private_key(ec.SECP256R1())
    authority = (
        _builder(issuer, issuer, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    node = (
        _builder("Custos engine", issuer, node_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return NodeCertificate(
        authority=authority.public_bytes(serialization.Encoding.PEM),
        certificate=node.public_bytes(serialization.Encoding.PEM),
        key=node_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
