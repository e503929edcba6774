"""Pure. Read the two DER files of a seal, the CMS signature and the timestamp, strictly.

The signature has one byte form that we fix (docs/formats/certificates.md), so it is written again
from what was read, and compared. A timestamp comes from somebody else's authority: there, DER
itself is the canonical form.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import new as new_hash
from typing import ClassVar, TypeVar

from asn1crypto import cms, core, tsp, x509

from custody.certificates import MAX_CERTIFICATES
from custody.check.der import check_der
from custody.errors import FormatError

MAX_BYTES = 64 * 1024
"""Far above any signature or timestamp that was seen (1 to 7 kB)."""
SAFE_DIGESTS = frozenset({"sha256", "sha384", "sha512"})

_SIGNATURES = frozenset({"ecdsa", "rsassa_pkcs1v15", "rsassa_pss"})
_UTC_TIME_END = 2050

_V = TypeVar("_V")


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
    return bytes(_attributes(signature).dump())


def format_detached(signature: DetachedSignature) -> bytes:
    """Write a detached signature in its one form."""
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": x509.Name.load(signature.issuer), "serial_number": signature.serial},
        ),
        "digest_algorithm": _sha256(),
        "signed_attrs": _attributes(signature),
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": signature.signature,
    }
    data = {
        "version": "v1",
        "digest_algorithms": [_sha256()],
        "encap_content_info": {"content_type": "data"},
        "certificates": [x509.Certificate.load(der) for der in signature.certificates],
        "signer_infos": [signer],
    }
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


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


def _sha256() -> dict[str, object]:
    return {"algorithm": "sha256", "parameters": core.Null()}


def _attributes(signature: DetachedSignature) -> cms.CMSAttributes:
    at = signature.signing_time
    utc = at.year < _UTC_TIME_END  # RFC 5652 section 11.3
    time = cms.Time("utc_time" if utc else "generalized_time", at)
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [time]},
            {"type": "message_digest", "values": [signature.content_sha256]},
        ]
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
