"""Pure. Read the two DER files of a seal, the CMS signature and the timestamp, strictly.

The signature has one byte form that we fix (docs/formats/certificates.md), so it is written again
from what was read, and compared. A timestamp comes from somebody else's authority: there, DER
itself is the canonical form.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import new as new_hash
from typing import ClassVar, TypeVar

from asn1crypto import cms, core, tsp

from custody.check.der import check_der, format_value
from custody.errors import FormatError
from custody.formats.certificates import MAX_CERTIFICATES

MAX_BYTES = 64 * 1024
"""Far above any signature or timestamp that was seen (1 to 7 kB)."""
SAFE_DIGESTS = frozenset({"sha256", "sha384", "sha512"})

_SIGNATURES = frozenset({"ecdsa", "rsassa_pkcs1v15", "rsassa_pss"})
_UTC_TIME_END = 2050

_OCTETS, _SEQUENCE, _SET, _FIRST = 0x04, 0x30, 0x31, 0xA0
"""Tags; the last is the first of a value's own, [0]."""

_V = TypeVar("_V")


@cache
def _identifier(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


_VERSION_1 = b"\x02\x01\x01"
_SHA256 = format_value(_SEQUENCE, _identifier("2.16.840.1.101.3.4.2.1"), b"\x05\x00")
_ECDSA_WITH_SHA256 = format_value(_SEQUENCE, _identifier("1.2.840.10045.4.3.2"))


class TimeStampResponse(core.Sequence):  # type: ignore[misc] # the library has no types
    """The response of RFC 3161 section 2.4.2; the library forgot that a refusal has no token."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class DetachedSignature:
    """A CMS signature (RFC 5652) by one signer over content that lies elsewhere."""

    certificates: tuple[bytes, ...]
    """DER, in the order of a DER SET: by their bytes."""
    issuer: bytes
    """The DER of the name of who issued the signer's certificate."""
    serial: int
    signing_time: datetime
    """What the signer's own clock said; the timestamp is what counts."""
    content_sha256: bytes
    signature: bytes
    """ECDSA, DER."""


@dataclass(frozen=True, slots=True)
class TimestampToken:
    """What an authority says in a timestamp, believed by nobody yet."""

    at: datetime
    imprint_algorithm: str
    imprint: bytes
    nonce: int | None
    signer: bytes
    """The DER of the signer's certificate; the signed attributes name its digest."""
    certificates: tuple[bytes, ...]


def signed_attributes(signature: DetachedSignature) -> bytes:
    """Write the bytes that are signed: the attributes as a DER SET (RFC 5652 section 5.4)."""
    return format_value(_SET, *_attributes(signature))


def format_detached(signature: DetachedSignature) -> bytes:
    """Write a detached signature in its one form (RFC 5652 sections 3, 5.1 and 5.3).

    Written value by value: that it agrees with the ASN.1 library, a test says.
    """
    signer = format_value(
        _SEQUENCE,
        _VERSION_1,
        format_value(_SEQUENCE, signature.issuer, core.Integer(signature.serial).dump()),
        _SHA256,
        format_value(_FIRST, *_attributes(signature)),
        _ECDSA_WITH_SHA256,
        format_value(_OCTETS, signature.signature),
    )
    data = format_value(
        _SEQUENCE,
        _VERSION_1,
        format_value(_SET, _SHA256),
        format_value(_SEQUENCE, _identifier("1.2.840.113549.1.7.1")),
        format_value(_FIRST, *sorted(signature.certificates)),
        format_value(_SET, signer),
    )
    signed_data = _identifier("1.2.840.113549.1.7.2")
    return format_value(_SEQUENCE, signed_data, format_value(_FIRST, data))


def parse_detached(der: bytes) -> DetachedSignature:
    """Read a detached signature in its one form and no other; it is not verified here.

    Raises:
        FormatError: anything else.

    """
    try:
        signature = _read_detached(_decode(cms.ContentInfo, der)["content"])
        again = format_detached(signature)
    except FormatError:
        raise
    except Exception as error:
        raise FormatError("This is not a CMS signature of the form that seals have") from error
    if again != der:
        raise FormatError("The CMS signature is not in its canonical form")
    return signature


def parse_timestamp(der: bytes) -> TimestampToken:
    """Read a timestamp response that was granted, in DER; it is not verified here.

    Raises:
        FormatError: not DER, refused by the authority, or not one signer over one imprint.

    """
    try:
        return _read_timestamp(_decode(TimeStampResponse, der))
    except FormatError:
        raise
    except Exception as error:
        raise FormatError("This is not an RFC 3161 timestamp that can be read") from error


def _decode(kind: type[_V], der: bytes) -> _V:
    """Decode a DER value.

    The library decodes lazily: what it stumbles over comes up where the parts are read. (To have
    it write everything again and compare is no way: that takes seconds for some timestamps.)
    """
    if len(der) > MAX_BYTES:
        raise FormatError(f"The file has {len(der)} bytes; at most {MAX_BYTES} are allowed")
    check_der(der)
    return kind.load(der, strict=True)  # type: ignore[attr-defined,no-any-return]


def _attributes(signature: DetachedSignature) -> list[bytes]:
    """Write the signed attributes, in the order of a DER SET."""
    at = signature.signing_time.astimezone(UTC)
    utc = at.year < _UTC_TIME_END  # RFC 5652 section 11.3
    time = at.strftime("%y%m%d%H%M%SZ" if utc else "%Y%m%d%H%M%SZ").encode()
    values = {
        "1.2.840.113549.1.9.3": _identifier("1.2.840.113549.1.7.1"),
        "1.2.840.113549.1.9.5": format_value(0x17 if utc else 0x18, time),
        "1.2.840.113549.1.9.4": format_value(_OCTETS, signature.content_sha256),
    }
    return sorted(
        format_value(_SEQUENCE, _identifier(name), format_value(_SET, value))
        for name, value in values.items()
    )


def _read_detached(data: cms.SignedData) -> DetachedSignature:
    (signer,) = data["signer_infos"]
    attributes = {item["type"].native: item["values"][0] for item in signer["signed_attrs"]}
    name = signer["sid"].chosen
    return DetachedSignature(
        certificates=tuple(choice.chosen.dump() for choice in data["certificates"]),
        issuer=name["issuer"].dump(),
        serial=name["serial_number"].native,
        signing_time=attributes["signing_time"].native,
        content_sha256=attributes["message_digest"].native,
        signature=signer["signature"].native,
    )


def _read_timestamp(response: TimeStampResponse) -> TimestampToken:
    status = response["status"]
    if status["status"].native != "granted":
        raise FormatError(f"The authority did not grant the timestamp, it says: {_refusal(status)}")
    content = response["time_stamp_token"]["content"]
    (signer,) = content["signer_infos"]
    _check_algorithms(content, signer)
    if len(content["certificates"]) > MAX_CERTIFICATES:  # a way to a root is sought among all
        raise FormatError(f"The timestamp carries more than {MAX_CERTIFICATES} certificates")
    certificates = tuple(choice.chosen.dump() for choice in content["certificates"])
    info = content["encap_content_info"]["content"].parsed
    imprint = info["message_imprint"]
    return TimestampToken(
        at=info["gen_time"].native,
        imprint_algorithm=imprint["hash_algorithm"]["algorithm"].native,
        imprint=imprint["hashed_message"].native,
        nonce=info["nonce"].native,
        signer=_find_signer(signer, certificates),
        certificates=certificates,
    )


def _check_algorithms(content: cms.SignedData, signer: cms.SignerInfo) -> None:
    """Check what is named beside the signature: no key covers it, and libraries overlook it."""
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest not in SAFE_DIGESTS:
        raise FormatError(f"The authority signed with {digest}, which is not safe any more")
    if [item["algorithm"].native for item in content["digest_algorithms"]] != [digest]:
        raise FormatError("The timestamp names two different digests")
    if (content["version"].native, signer["version"].native) != ("v3", "v1"):
        raise FormatError("The timestamp is of a version that RFC 3161 does not know")
    named = signer["signature_algorithm"]
    if named.signature_algo not in _SIGNATURES:
        raise FormatError(f"A signature by {named.signature_algo} is none that is accepted here")
    # Many authorities name RSA alone; whoever names a digest must name the one in use.
    if named["algorithm"].native != "rsassa_pkcs1v15" and named.hash_algo != digest:
        raise FormatError("The timestamp names two different digests")


def _refusal(status: tsp.PKIStatusInfo) -> str:
    """Say in one line what the authority said; its words are cut, they may be anything."""
    words = [status["status"].native, *sorted(status["fail_info"].native or ())]
    words += status["status_string"].native or ()
    return ", ".join(words)[:200]


def _find_signer(signer: cms.SignerInfo, certificates: tuple[bytes, ...]) -> bytes:
    """Find the certificate whose digest the signed attributes name (RFC 3161 section 2.4.2)."""
    attributes = {item["type"].native: item["values"][0] for item in signer["signed_attrs"]}
    if "signing_certificate_v2" in attributes:
        named = attributes["signing_certificate_v2"]["certs"][0]
        algorithm = named["hash_algorithm"]["algorithm"].native
    else:
        # The first edition of RFC 3161 knows no other digest than SHA-1 here. It only says which
        # certificate is meant; the signature is verified with that certificate's key.
        named, algorithm = attributes["signing_certificate"]["certs"][0], "sha1"
    for der in certificates:
        if new_hash(algorithm, der).digest() == named["cert_hash"].native:
            return der
    raise FormatError("The timestamp does not carry the certificate that it was signed with")
