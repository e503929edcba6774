"""Pure. A checkpoint (C2SP tlog-checkpoint): name, size and root of a log at one moment."""

from dataclasses import dataclass

from custody.errors import FormatError
from custody.formats.canonical import format_base64, parse_base64, parse_decimal
from custody.formats.signatures.keys import require_name
from custody.tree.merkle import EMPTY_ROOT, HASH_SIZE


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: `size` entries under `root`, in the log called `origin`."""

    origin: str
    size: int
    root: bytes


def require_origin(origin: str) -> None:
    """Refuse an origin that is no scheme-less URL prefix; the log's key has the same name.

    Raises:
        FormatError: spaces, plus signs, control characters or a scheme.

    """
    require_name(origin)
    if "://" in origin:
        raise FormatError(f"The origin {origin[:80]!r} must not begin with a scheme")


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Write the text that is signed as a note: three lines, each ending in a newline."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{format_base64(checkpoint.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint; extension lines are refused.

    Raises:
        FormatError: not the canonical form, or no entries under another root than the empty one.

    """
    lines = text.split("\n")
    if len(lines) != 4 or lines.pop():  # noqa: PLR2004 - origin, size, root, and after the end
        raise FormatError("A checkpoint has three lines: origin, size and root")
    origin, size, root = lines[0], parse_decimal(lines[1]), parse_base64(lines[2])
    require_origin(origin)
    if len(root) != HASH_SIZE:
        raise FormatError(f"The root of a checkpoint has {HASH_SIZE} bytes, not {len(root)}")
    if size == 0 and root != EMPTY_ROOT:
        raise FormatError("A checkpoint without entries has another root than the empty one")
    return Checkpoint(origin, size, root)
