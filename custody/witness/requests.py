"""Pure. The body of `add-checkpoint` (C2SP tlog-witness): what a witness is asked to cosign.

old N                 the size that the witness holds, as far as the log knows
b64(hash)             none to 63 of them: the proof from there to the checkpoint
(a blank line)
the checkpoint note, byte for byte
"""

from collections.abc import Sequence
from dataclasses import dataclass

from custody.errors import FormatError
from custody.formats.canonical import parse_decimal
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import SignedNote, parse_note
from custody.formats.proof import format_consistency, parse_consistency

MAX_BYTES = 64 * 1024
"""63 hashes, and a checkpoint with some ten post-quantum signatures."""
MAX_HASHES = 63

_OLD = "old "


@dataclass(frozen=True, slots=True)
class Submission:
    """What a log submits: a checkpoint, and the proof that it grew out of one of `old` entries."""

    old: int
    hashes: tuple[bytes, ...]
    note: SignedNote
    checkpoint: Checkpoint


def format_submission(old: int, hashes: Sequence[bytes], note: bytes) -> bytes:
    """Write the body of a request; the note goes as it is."""
    return f"{_OLD}{old}\n".encode() + format_consistency(hashes) + b"\n" + note


def parse_submission(data: bytes) -> Submission:
    """Read the body of a request, and believe nothing of it.

    Raises:
        FormatError: not the canonical form, the checkpoint within it included, or too long.

    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"A request has at most {MAX_BYTES} bytes")
    head, blank, rest = data.partition(b"\n\n")
    first, newline, proof = head.partition(b"\n")
    if not blank or not first.startswith(_OLD.encode()):
        raise FormatError("A request is 'old N', hashes, a blank line and a checkpoint")
    hashes = parse_consistency(proof + b"\n" if newline else b"")
    if len(hashes) > MAX_HASHES:
        raise FormatError(f"A request has at most {MAX_HASHES} hashes")
    try:
        old = parse_decimal(first.decode("ascii").removeprefix(_OLD))
    except UnicodeDecodeError as error:
        raise FormatError("The old size is written in ASCII digits") from error
    note = parse_note(rest)
    return Submission(old, hashes, note, parse_checkpoint(note.text))
