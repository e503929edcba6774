"""Service. What a published log has beyond the one in the database, proved before it is believed.

The checkpoint must carry the signature of the log's own key. What the bundles hold must, put behind
the tree that the database has, give exactly the root that was signed: so it is the same log, and
not one byte of it is another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from custody.errors import CustodyError, FormatError, LogStateError
from custody.formats.checkpoint import parse_checkpoint
from custody.formats.note import VerifierKey, check_note, parse_note
from custody.published.survivors import read_surviving
from custody.tree import merkle
from custody.tree.tiles import WIDTH, LogSource, Tile, parse_bundle


@dataclass(frozen=True, slots=True)
class Missing:
    """What the database lacks of the published log."""

    size: int
    """Of the published log."""
    root: bytes
    note: bytes
    """Its checkpoint, byte for byte."""
    entries: tuple[bytes, ...]
    """In their order; the last ones of the log."""
    nodes: tuple[tuple[merkle.NodeId, bytes], ...]


def missing(
    source: LogSource, log_key: VerifierKey, size: int, read: merkle.NodeReader
) -> Missing | None:
    """Return what a log of ``size`` lacks; None: the published one is no longer.

    Raises:
        LogStateError: it is another log than ours, was signed by another key, or cannot be read.
        NotYetError: nothing was published there.
    """
    note = source.checkpoint()
    try:
        signed = parse_note(note)
        check_note(signed, [log_key])
        checkpoint = parse_checkpoint(signed.text)
    except CustodyError as error:
        raise LogStateError(f"the published checkpoint is not this log's: {error}") from error
    if checkpoint.origin != log_key.name:
        raise LogStateError(
            f"the published log is {checkpoint.origin}, and the backup is of {log_key.name}"
        )
    try:
        entries = tuple(_entries(source, size, checkpoint.size))
    except FormatError as error:
        raise LogStateError(f"the published log cannot be read: {error}") from error
    nodes = merkle.new_nodes(size, [merkle.leaf_hash(entry) for entry in entries], read)
    made = dict(nodes)

    def both(wanted: Sequence[merkle.NodeId]) -> list[bytes]:
        stored = [node for node in wanted if node not in made]
        known = dict(zip(stored, read(stored), strict=True)) if stored else {}
        return [made[node] if node in made else known[node] for node in wanted]

    if merkle.tree_root(checkpoint.size, both) != checkpoint.root:
        raise LogStateError(
            f"the published log of {checkpoint.size} entries does not go on from the backup's of "
            f"{size}: it is another one, or somebody changed one of them"
        )
    if not entries:
        return None
    return Missing(checkpoint.size, checkpoint.root, note, entries, nodes)


def _entries(source: LogSource, start: int, end: int) -> Iterator[bytes]:
    """Yield the entries of a published log of ``end`` entries, from ``start`` on."""
    for number in range(start // WIDTH, -(-end // WIDTH)) if start < end else ():
        first = number * WIDTH
        tile = Tile(None, number, min(WIDTH, end - first))
        bundle = parse_bundle(tile, read_surviving(source, tile))
        yield from bundle[max(0, start - first) :]
