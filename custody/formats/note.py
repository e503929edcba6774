"""Pure. Signed notes (C2SP signed-note): a text, and who signed it.

A note is a text that ends in a newline, a blank line, and signature lines:

    example.org/log
    7
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.org/log b64(key id (4 bytes) ‖ signature)

The text is parted from the signatures at the last blank line. Two types of key are known:
0x01, Ed25519 over the text, and 0x04, a witness's cosignature/v1, which adds the time at which
it looked (C2SP tlog-cosignature).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from custody.errors import FormatError, ProofError
from custody.formats.canonical import format_base64, parse_base64

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
"""Both as in the reference implementation; post-quantum signatures take up to 5 kB each."""

_DASH = "\u2014"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID_SIZE = 4
_PUBLIC_KEY_SIZE = 32
_SIGNATURE_SIZE = 64
_TIME_SIZE = 8
_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _FIELD_PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    }
)
"""The y of the eight points of small order: under such a key, forged signatures verify."""


class KeyType(IntEnum):
    """How a key signs: the signature type identifier bytes of C2SP signed-note that we check."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a note key, with the name that it signs under."""

    name: str
    keyid: bytes
    type: KeyType
    pub: bytes


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; `signature` is what follows the key id, whatever its type."""

    name: str
    keyid: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text that ends in a newline, and at least one signature line, believed by nobody yet."""

    text: str
    signatures: tuple[NoteSignature, ...]


class NoteSigner(Protocol):
    """Whatever can sign a note: a key in memory, in a file, in an HSM."""

    @property
    def key(self) -> VerifierKey:
        """The public half, with its name."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Sign the note's text (UTF-8, final newline included)."""
        ...


@dataclass(frozen=True, slots=True)
class Ed25519NoteSigner:
    """Signs with an Ed25519 key that lies in memory (type 0x01)."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def key(self) -> VerifierKey:
        """The public half, with its name."""
        pub = self.private_key.public_key().public_bytes_raw()
        return verifier_key(self.name, KeyType.ED25519, pub)

    def sign(self, text: bytes) -> bytes:
        """Sign the note's text."""
        return self.private_key.sign(text)


def key_id(name: str, type: int, pub: bytes) -> bytes:  # noqa: A002 - the specification's word
    """Compute the four bytes by which a signature line names its key; no secure hash of it."""
    return sha256(name.encode() + b"\n" + bytes([type]) + pub).digest()[:_KEY_ID_SIZE]


def verifier_key(name: str, type: KeyType, pub: bytes) -> VerifierKey:  # noqa: A002 - as above
    """Make the verifier key of an Ed25519 public key.

    Raises:
        FormatError: a name that a note cannot carry, or a public key that no honest signer has.

    """
    require_name(name)
    _require_honest_point(pub)
    return VerifierKey(name, key_id(name, type, pub), type, pub)


def format_verifier_key(key: VerifierKey) -> str:
    """Write `name+hex(key id)+b64(type ‖ public key)`."""
    return f"{key.name}+{key.keyid.hex()}+{format_base64(bytes([key.type]) + key.pub)}"


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a verifier key.

    Raises:
        FormatError: not the canonical form, a key id that does not fit, or a type or point that
            we do not accept.

    """
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, key id, key
        raise FormatError("A verifier key has the form name+id+key")
    raw = parse_base64(parts[2])
    if not raw or raw[0] not in set(KeyType):
        raise FormatError("A verifier key must be of type 0x01 or 0x04 (Ed25519)")
    key = verifier_key(parts[0], KeyType(raw[0]), raw[1:])
    if format_verifier_key(key) != text:
        raise FormatError(f"The key id of {key.name} does not belong to its key")
    return key


def format_note(note: SignedNote) -> bytes:
    """Write a signed note."""
    lines = (
        f"{_DASH} {line.name} {format_base64(line.keyid + line.signature)}\n"
        for line in note.signatures
    )
    return f"{note.text}\n{''.join(lines)}".encode()


def parse_note(data: bytes) -> SignedNote:
    """Read a signed note, and believe nothing of it.

    Raises:
        FormatError: not the canonical form.

    """
    if len(data) > MAX_NOTE_BYTES:
        raise FormatError(f"The note is longer than {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("The note is not UTF-8 text") from error
    if _CONTROL.search(whole):
        raise FormatError("The note holds a control character")
    text, blank, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines.pop():
        raise FormatError("The note does not end in a blank line and signature lines")
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise FormatError(f"The note has {len(lines)} signatures; 1 to {MAX_SIGNATURES} may be")
    return SignedNote(text + "\n", tuple(_parse_signature(line) for line in lines))


def sign_note(text: str, signers: Sequence[NoteSigner]) -> SignedNote:
    """Sign a text with every signer, in their order.

    Checks its own work: a signer whose signature does not fit its key (a wrong key in an HSM)
    is found here, not by the first person who is handed the note.

    Raises:
        FormatError: a text that a note cannot carry.
        ProofError: a signature that does not verify.

    """
    data = text.encode()
    signatures = tuple(
        NoteSignature(signer.key.name, signer.key.keyid, signer.sign(data)) for signer in signers
    )
    note = parse_note(format_note(SignedNote(text, signatures)))
    if note.text != text:
        raise FormatError("The text of a note must end in a newline")
    check_note(note, [signer.key for signer in signers])
    return note


def check_note(note: SignedNote, known: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Check who signed the note; returns those of `known` that did, in the note's order.

    Lines by unknown keys are ignored, even if they share a name or an id with a known one.

    Raises:
        ProofError: a signature by a known key is bad or stands twice, or no known key signed.

    """
    keys = {(key.name, key.keyid): key for key in known}
    if len(keys) != len(known):
        raise ValueError("two known keys share name and key id")
    signed: list[VerifierKey] = []
    for line in note.signatures:
        key = keys.get((line.name, line.keyid))
        if key is None:
            continue
        if key in signed:
            raise ProofError(f"{key.name} signed the note twice with one key")
        _check_signature(note.text, line, key)
        signed.append(key)
    if not signed:
        raise ProofError("No known key has signed the note")
    return tuple(signed)


def cosignature_text(text: str, seconds: int) -> bytes:
    """Write what a witness signs: the checkpoint under the POSIX time at which it saw it."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def require_name(name: str) -> None:
    """Refuse a key name with spaces, plus signs or control characters, or none at all."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise FormatError("A key name must be Unicode text") from error
    if not name or any(letter.isspace() or letter < " " or letter in "+\x7f" for letter in name):
        raise FormatError(f"{name[:80]!r} is not a key name: no spaces, plus signs or controls")


def _parse_signature(line: str) -> NoteSignature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH:  # noqa: PLR2004 - dash, name, signature
        raise FormatError("A signature line has the form '— name base64'")
    require_name(parts[1])
    raw = parse_base64(parts[2])
    if len(raw) <= _KEY_ID_SIZE:
        raise FormatError(f"The signature of {parts[1]} is empty")
    return NoteSignature(parts[1], raw[:_KEY_ID_SIZE], raw[_KEY_ID_SIZE:])


def _check_signature(text: str, line: NoteSignature, key: VerifierKey) -> None:
    signature, message = line.signature, text.encode()
    if key.type is KeyType.COSIGNATURE_V1:
        seconds = int.from_bytes(signature[:_TIME_SIZE])
        if seconds >= 2**63:
            raise ProofError(f"The time of the cosignature of {key.name} is out of range")
        signature, message = signature[_TIME_SIZE:], cosignature_text(text, seconds)
    if len(signature) != _SIGNATURE_SIZE:
        raise ProofError(f"The signature of {key.name} has a wrong length")
    try:
        # OpenSSL refuses S >= L, and compares R byte by byte: no second signature can be made
        # out of a good one. tests/custody/formats/test_note.py holds it to that.
        Ed25519PublicKey.from_public_bytes(key.pub).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise ProofError(f"The signature of {key.name} does not fit the text") from error


def _require_honest_point(pub: bytes) -> None:
    """Refuse public keys under which anybody could sign, and second encodings of one point."""
    if len(pub) != _PUBLIC_KEY_SIZE:
        raise FormatError(f"An Ed25519 public key has {_PUBLIC_KEY_SIZE} bytes, not {len(pub)}")
    y = int.from_bytes(pub, "little") & (2**255 - 1)
    if y >= _FIELD_PRIME or y in _SMALL_ORDER_Y:
        raise FormatError("This Ed25519 public key is not one that an honest signer has")
