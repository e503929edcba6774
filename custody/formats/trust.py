"""Pure. The trust file: what a verifier got from the council by another road than the package.

The format is in docs/formats/trust.md, its JSON schema beside it. A file is RFC 8785 JSON and one
newline, so that its SHA-256 can stand in a letter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from cryptography.hazmat.primitives.hashes import SHA256

from custody.errors import FormatError
from custody.formats.canonical import (
    JSON,
    MAX_INTEGER,
    canonical_json,
    format_time,
    parse_canonical,
    parse_hex,
    parse_time,
)
from custody.formats.certificates import Certificate, format_chain, parse_chain, spki_sha256
from custody.formats.note import KeyType, parse_verifier_key
from custody.formats.signatures.witnessing import (
    Witnessing,
    format_witnessing,
    parse_witnessing,
    require_witnesses,
    require_witnessing,
)

MAX_BYTES = 1_000_000
_VERSION = 1
_DIGEST_SIZE = 32
_FIELDS = {
    "v",
    "council",
    "demonstration",
    "seals",
    "roots",
    "tsa_roots",
    "logs",
    "witnesses",
    "quorum",
    "number",
    "issued",
}
_WITNESSING = "witnessing"
"""The one field that is left out where there is nothing to say."""
_PIN_FIELDS = {"spki_sha256", "from", "to", "revoked_at", "certificates"}


@dataclass(frozen=True, slots=True)
class SealPin:
    """One key that the council seals with, and when a seal by it counts."""

    spki_sha256: bytes
    valid_from: datetime
    valid_to: datetime
    revoked_at: datetime | None = None
    """From this moment on (stamped time) its seals count no more; earlier ones do."""
    certificates: tuple[bytes, ...] = ()
    """SHA-256 of each certificate of this key: for a person to compare; no check relies on it."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Which of a council's trust files this is."""

    number: int
    """From 1; the next whenever what the file says has changed."""
    at: datetime
    """When this one was first issued, UTC to the second."""

    def __post_init__(self) -> None:
        """Refuse a number that no issue has.

        Raises:
            FormatError: it is not a count from 1.

        """
        _require(1 <= self.number <= MAX_INTEGER, "The number of a trust file counts from 1")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe: seal keys, roots, time authorities, the log's keys, its witnesses."""

    council: str
    demonstration: bool
    seals: tuple[SealPin, ...]
    roots: tuple[bytes, ...]
    """PEM, one certificate each, as the next."""
    tsa_roots: tuple[bytes, ...]
    logs: tuple[str, ...]
    """Verifier keys (C2SP signed-note), as the next."""
    witnesses: tuple[str, ...] = ()
    quorum: int = 0
    """How many of the witnesses must have signed a checkpoint."""
    issue: Issue | None = None
    """None until it is issued: then it cannot be written."""
    witnessing: tuple[Witnessing, ...] = ()
    """Since when witnesses and quorum are those, and what was before; empty: they always were."""

    def __post_init__(self) -> None:
        """Refuse what no trust file may say.

        Raises:
            FormatError: the first thing that is not so.

        """
        _require(bool(self.council.strip()), "The trust file names no council")
        _require_some("seal key", [pin.spki_sha256 for pin in self.seals])
        _require_some("root", self.roots)
        _require_some("time authority's root", self.tsa_roots)
        _require_some("log key", self.logs)
        for pin in self.seals:
            _require(len(pin.spki_sha256) == _DIGEST_SIZE, "A seal's SHA-256 has 32 bytes")
            _require(pin.valid_from < pin.valid_to, "A seal key must be valid from before it ends")
            _require_different("certificate", pin.certificates)
            sizes = {len(digest) for digest in pin.certificates}
            _require(sizes <= {_DIGEST_SIZE}, "A certificate's SHA-256 has 32 bytes")
        for pem in (*self.roots, *self.tsa_roots):
            _require(len(parse_chain(pem)) == 1, "Each root of the trust file is one certificate")
        for text in self.logs:
            key = parse_verifier_key(text)
            _require(key.type is KeyType.ED25519, f"The key of {key.name} is not of the type 0x01")
        require_witnesses(self.witnesses, self.quorum)
        require_witnessing(self.witnessing)
        _require(
            self.witnessing == () or self.witnessed_at(None) == (self.witnesses, self.quorum),
            "The last of witnessing must say what witnesses and quorum say",
        )

    def witnessed_at(self, at: datetime | None) -> tuple[tuple[str, ...], int]:
        """Return who witnessed then, and how many of them it took; None: what holds today."""
        if not self.witnessing:
            return self.witnesses, self.quorum
        begun = [one for one in self.witnessing if at is None or one.since <= at]
        return (begun[-1].witnesses, begun[-1].quorum) if begun else ((), 0)


def pin_certificate(certificate: Certificate) -> SealPin:
    """Pin a seal certificate's key for as long as the certificate says."""
    return SealPin(
        spki_sha256(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificates=(certificate.fingerprint(SHA256()),),
    )


def pem_of(certificate: Certificate) -> bytes:
    """Write one certificate as a trust file holds it."""
    return format_chain([certificate])


def format_trust(trust: Trust) -> bytes:
    """Write a trust file.

    Raises:
        FormatError: it was not issued, so it has no number and no date.

    """
    if trust.issue is None:
        raise FormatError("A trust file is issued, with a number and a date, before it is written")
    seals: list[JSON] = [
        {
            "spki_sha256": pin.spki_sha256.hex(),
            "from": format_time(pin.valid_from),
            "to": format_time(pin.valid_to),
            "revoked_at": format_time(pin.revoked_at) if pin.revoked_at else None,
            "certificates": tuple(digest.hex() for digest in pin.certificates),
        }
        for pin in trust.seals
    ]
    value: dict[str, JSON] = {
        "v": _VERSION,
        "number": trust.issue.number,
        "issued": format_time(trust.issue.at),
        "council": trust.council,
        "demonstration": trust.demonstration,
        "seals": seals,
        "roots": [pem.decode("ascii") for pem in trust.roots],
        "tsa_roots": [pem.decode("ascii") for pem in trust.tsa_roots],
        "logs": trust.logs,
        "witnesses": trust.witnesses,
        "quorum": trust.quorum,
    }
    if trust.witnessing:
        value[_WITNESSING] = format_witnessing(trust.witnessing)
    return canonical_json(value) + b"\n"


def parse_trust(data: bytes) -> Trust:
    """Read a trust file.

    Raises:
        FormatError: not the canonical form, or something that no trust file may say.

    """
    if not data.endswith(b"\n"):
        raise FormatError("The trust file does not end in a newline: is it complete?")
    value = parse_canonical(data[:-1], limit=MAX_BYTES)
    if isinstance(value, Mapping) and not {"number", "issued"} & set(value):
        raise FormatError(
            "The trust file has no number and no date: it is from before these were introduced. "
            "Get the one of today from the council"
        )
    extra = {_WITNESSING} if isinstance(value, Mapping) and _WITNESSING in value else set()
    fields = _object(value, _FIELDS | extra, "The trust file")
    _require(fields["v"] == _VERSION and fields["v"] is not True, "Only version 1 is known")
    demonstration, number = fields["demonstration"], fields["number"]
    if not isinstance(demonstration, bool):
        raise FormatError("demonstration must be true or false")
    return Trust(
        council=_text(fields["council"], "council"),
        demonstration=demonstration,
        seals=tuple(_parse_pin(item) for item in _list(fields["seals"], "seals")),
        roots=_pems(fields["roots"], "roots"),
        tsa_roots=_pems(fields["tsa_roots"], "tsa_roots"),
        logs=_texts(fields["logs"], "logs"),
        witnesses=_texts(fields["witnesses"], "witnesses"),
        quorum=_whole(fields["quorum"], "quorum"),
        witnessing=parse_witnessing(fields[_WITNESSING]) if extra else (),
        issue=Issue(_whole(number, "number"), parse_time(fields["issued"])),
    )


def _parse_pin(value: JSON) -> SealPin:
    fields = _object(value, _PIN_FIELDS, "A seal")
    revoked = fields["revoked_at"]
    return SealPin(
        parse_hex(fields["spki_sha256"], _DIGEST_SIZE),
        parse_time(fields["from"]),
        parse_time(fields["to"]),
        None if revoked is None else parse_time(revoked),
        tuple(
            parse_hex(item, _DIGEST_SIZE) for item in _list(fields["certificates"], "certificates")
        ),
    )


def _whole(value: JSON, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError(f"{name} must be a whole number")
    return value


def _object(value: JSON, names: set[str], what: str) -> Mapping[str, JSON]:
    if not isinstance(value, dict):
        raise FormatError(f"{what} must be a JSON object")
    if set(value) != names:
        odd = ", ".join(sorted(set(value) ^ names))[:200]
        raise FormatError(f"{what} must have exactly its own fields; look at: {odd}")
    return cast("Mapping[str, JSON]", value)


def _list(value: JSON, name: str) -> Sequence[JSON]:
    if not isinstance(value, list):
        raise FormatError(f"{name} must be a list")
    return value


def _text(value: JSON, name: str) -> str:
    if not isinstance(value, str):
        raise FormatError(f"{name} must be text")
    return value


def _texts(value: JSON, name: str) -> tuple[str, ...]:
    return tuple(_text(item, name) for item in _list(value, name))


def _pems(value: JSON, name: str) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in _texts(value, name))


def _require_some(what: str, values: Sequence[object]) -> None:
    _require(len(values) > 0, f"The trust file names no {what}")
    _require_different(what, values)


def _require_different(what: str, values: Sequence[object]) -> None:
    _require(len(set(values)) == len(values), f"The trust file names a {what} twice")


def _require(holds: bool, words: str) -> None:
    if not holds:
        raise FormatError(words)
