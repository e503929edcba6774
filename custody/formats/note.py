"""Pure. Signed notes (C2SP signed-note): a text, and who signed it.

A note is a text that ends in a newline, a blank line, and signature lines:

    example.org/log
    7
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.org/log b64(key id (4 bytes) ‖ signature)

The text is parted from the signatures at the last blank line. This is the door; keys, what each
type of them signs, and who signs with them stand in the room `signatures`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from custody.errors import FormatError, ProofError
from custody.formats.canonical import format_base64, parse_base64
from custody.formats.signatures.cosignatures import (
    check_signature,
    cosignature_text,
    cosignature_time,
    is_checkable,
)
from custody.formats.signatures.keys import (
    COSIGNERS,
    KEY_ID_SIZE,
    KeyType,
    VerifierKey,
    format_verifier_key,
    key_id,
    parse_verifier_key,
    require_name,
    verifier_key,
)
from custody.formats.signatures.signers import (
    Ed25519Cosigner,
    Ed25519NoteSigner,
    MlDsa44Cosigner,
    NoteSigner,
)

__all__ = [
    "COSIGNERS",
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "Ed25519Cosigner",
    "Ed25519NoteSigner",
    "KeyType",
    "MlDsa44Cosigner",
    "NoteSignature",
    "NoteSigner",
    "SignedNote",
    "VerifierKey",
    "check_note",
    "cosignature_text",
    "cosignature_time",
    "format_note",
    "format_verifier_key",
    "is_checkable",
    "key_id",
    "parse_note",
    "parse_verifier_key",
    "require_name",
    "sign_note",
    "timeless",
    "unchecked",
    "verifier_key",
]

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
"""Both as in the reference implementation; post-quantum signatures take up to 5 kB each."""

_DASH = "\u2014"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


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

    Lines by unknown keys are ignored, even if they share a name or an id with a known one. One by
    a known key of a type that this library cannot check counts for nothing: see `unchecked`.

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
        if not is_checkable(key):
            continue
        check_signature(note.text, line.signature, key)
        signed.append(key)
    if not signed:
        raise ProofError("No known key has signed the note")
    return tuple(signed)


def unchecked(note: SignedNote, known: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return those of `known` whose line stands there, and cannot be checked by this library."""
    lines = {(line.name, line.keyid) for line in note.signatures}
    return tuple(k for k in known if (k.name, k.keyid) in lines and not is_checkable(k))


def timeless(note: SignedNote, signed: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return those who signed at the time 0: their lines say nothing of other checkpoints.

    So C2SP tlog-cosignature has it; nobody of them has looked whether the log only grew.
    """
    lines = {(line.name, line.keyid): line.signature for line in note.signatures}
    cosigners = (key for key in signed if key.type in COSIGNERS)
    return tuple(k for k in cosigners if cosignature_time(k, lines[k.name, k.keyid]) == 0)


def _parse_signature(line: str) -> NoteSignature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH:  # noqa: PLR2004 - dash, name, signature
        raise FormatError("A signature line has the form '— name base64'")
    require_name(parts[1])
    raw = parse_base64(parts[2])
    if len(raw) <= KEY_ID_SIZE:
        raise FormatError(f"The signature of {parts[1]} is empty")
    return NoteSignature(parts[1], raw[:KEY_ID_SIZE], raw[KEY_ID_SIZE:])
