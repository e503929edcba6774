"""Pure. What a witness answers (C2SP tlog-witness), as its status, type and bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from custody.errors import FormatError
from custody.formats.canonical import parse_decimal
from custody.formats.note import (
    NoteSignature,
    SignedNote,
    VerifierKey,
    check_note,
    cosignature_time,
    format_note,
    is_checkable,
    parse_note,
)

SIZE_TYPE = "text/x.tlog.size"
LINES_TYPE = "text/plain; charset=utf-8"
MAX_BYTES = 64 * 1024


class Status(IntEnum):
    """The answers that C2SP tlog-witness knows, and one for a witness that must not sign."""

    OK = 200
    BAD_REQUEST = 400
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    UNPROCESSABLE = 422
    BROKEN = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP."""

    status: int
    body: bytes
    kind: str = LINES_TYPE
    """Its Content-Type."""


def say(status: Status, words: str) -> Answer:
    """Answer with a sentence."""
    return Answer(status, f"{words}\n".encode())


def say_size(size: int) -> Answer:
    """Answer with the size that the witness holds."""
    return Answer(Status.CONFLICT, f"{size}\n".encode(), SIZE_TYPE)


def say_lines(note: SignedNote) -> Answer:
    """Answer with the signature lines of a note."""
    return Answer(Status.OK, format_note(note)[len(note.text.encode()) + 1 :])


def parse_size(answer: Answer) -> int | None:
    """Read which size the witness holds; None: it does not say, as of another root at this size.

    Raises:
        FormatError: it says a size that is none.

    """
    if answer.kind.partition(";")[0].strip().lower() != SIZE_TYPE:
        return None
    text = answer.body.decode("ascii", "replace")
    if not text.endswith("\n"):
        raise FormatError("The size that the witness holds must end in a newline")
    return parse_decimal(text.removesuffix("\n"))


def parse_lines(
    answer: Answer, text: str, known: Sequence[VerifierKey]
) -> tuple[NoteSignature, ...]:
    """Return the lines by known keys, each checked over the text of the checkpoint.

    Lines by other keys are ignored, as C2SP asks, and so are those that cannot be checked here.

    Raises:
        FormatError: these are no signature lines, or one says that it was signed at no time.
        ProofError: a line by a known key is bad, or there is none.

    """
    note = parse_note(f"{text}\n".encode() + answer.body)
    if note.text != text:
        raise FormatError("The answer is more than signature lines")
    check_note(note, known)
    keys = {(key.name, key.keyid): key for key in known if is_checkable(key)}
    lines = [line for line in note.signatures if (line.name, line.keyid) in keys]
    for line in lines:
        # 0 says that the witness states nothing of other checkpoints (C2SP tlog-cosignature).
        if cosignature_time(keys[line.name, line.keyid], line.signature) == 0:
            raise FormatError(f"{line.name} does not say when it has looked")
    return tuple(lines)
