"""Pure. Proof files: C2SP tlog-proof for inclusion, and a list of hashes for consistency."""

from collections.abc import Sequence
from dataclasses import dataclass

from custody.errors import FormatError
from custody.formats.canonical import format_base64, parse_base64, parse_decimal
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import parse_note
from custody.tree.merkle import HASH_SIZE, check_inclusion, leaf_hash

MAX_HASHES = 64
"""No tree of fewer than 2**63 leaves is higher, and no consistency proof in it is longer."""

MAX_BYTES = 64 * 1024
"""Of a proof file, its checkpoint with some ten post-quantum signatures included."""

MAX_CONSISTENCY_BYTES = MAX_HASHES * len(format_base64(bytes(HASH_SIZE)) + "\n")

_HEADER = b"c2sp.org/tlog-proof@v1\n"
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where an entry stands, the hashes from its sibling upward, and the checkpoint note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note, byte for byte."""


def format_proof(proof: LogProof) -> bytes:
    """Write a `.tlog-proof`; we write no `extra` line."""
    head = f"{_INDEX}{proof.index}\n".encode()
    return _HEADER + head + _format_hashes(proof.hashes) + b"\n" + proof.checkpoint


def parse_proof(data: bytes) -> LogProof:
    """Read a `.tlog-proof`, and believe nothing of it; an `extra` line is refused.

    Raises:
        FormatError: not the canonical form, the checkpoint within it included, or too long.

    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"The proof has {len(data)} bytes; at most {MAX_BYTES} are allowed")
    head, blank, checkpoint = data.removeprefix(_HEADER).partition(b"\n\n")
    if not data.startswith(_HEADER) or not blank:
        raise FormatError("This is not a tlog-proof file of version 1")
    first, _, rest = head.partition(b"\n")
    if not first.startswith(_INDEX.encode()):
        raise FormatError("The second line of a tlog-proof file must be its index")
    index = parse_decimal(_ascii(first).removeprefix(_INDEX))
    hashes = _parse_hashes(rest + b"\n" if rest else b"")
    parse_checkpoint(parse_note(checkpoint).text)
    return LogProof(index, hashes, checkpoint)


def check_proof(proof: LogProof, entry: bytes, checkpoint: Checkpoint) -> None:
    """Check that `entry` stands in the log where the proof says.

    `checkpoint` is the proof's own, once a policy has found it to be signed.

    Raises:
        ProofError: the entry is not at that place under that checkpoint.

    """
    check_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.hashes, checkpoint.root)


def format_consistency(hashes: Sequence[bytes]) -> bytes:
    """Write a `.consistency` file: hashes in Base64, one a line; empty for equal sizes."""
    return _format_hashes(hashes)


def parse_consistency(data: bytes) -> tuple[bytes, ...]:
    """Read a `.consistency` file, and believe nothing of it.

    Raises:
        FormatError: not the canonical form, or more than `MAX_HASHES`.

    """
    return _parse_hashes(data)


def _format_hashes(hashes: Sequence[bytes]) -> bytes:
    return "".join(f"{format_base64(value)}\n" for value in hashes).encode()


def _parse_hashes(data: bytes) -> tuple[bytes, ...]:
    *lines, end = _ascii(data).split("\n", MAX_HASHES + 1)
    if end or len(lines) > MAX_HASHES:
        raise FormatError(f"A proof is at most {MAX_HASHES} hashes, each on a line of its own")
    hashes = tuple(parse_base64(line) for line in lines)
    if any(len(value) != HASH_SIZE for value in hashes):
        raise FormatError(f"Each hash of a proof has {HASH_SIZE} bytes")
    return hashes


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise FormatError("A proof is written in ASCII up to its checkpoint") from error
