"""Pure. Proofs made from a published log alone, each checked before it is handed out."""

from dataclasses import dataclass

from custody.formats.proof import (
    LogProof,
    check_proof,
    format_consistency,
    format_proof,
)
from custody.published.hanging import HangingTiles
from custody.tree.merkle import (
    check_consistency,
    prove_consistency,
    prove_inclusion,
    tree_root,
)


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """An entry and its proof, as files that other people's tools read."""

    index: int
    entry: bytes
    proof: bytes
    """A C2SP tlog-proof."""


def prove_entry(tiles: HangingTiles, note: bytes, index: int) -> ProvedEntry:
    """Prove that an entry stands in the log; ``note`` is the checkpoint of ``tiles``.

    Raises:
        ProofError, FormatError, LogStateError: as `HangingTiles.hashes` does.
    """
    checkpoint = tiles.checkpoint
    hashes = prove_inclusion(index, checkpoint.size, tiles.nodes)
    proof, entry = LogProof(index, hashes, note), tiles.entry(index)
    check_proof(proof, entry, checkpoint)
    return ProvedEntry(index, entry, format_proof(proof))


def prove_growth(tiles: HangingTiles, old: int, new: int) -> bytes:
    """Prove that the log of ``new`` entries begins with that of ``old``; a `.consistency` file.

    Raises:
        ProofError, FormatError, LogStateError: as `HangingTiles.hashes` does.
    """
    nodes = tiles.nodes
    hashes = prove_consistency(old, new, nodes)
    check_consistency(old, new, tree_root(old, nodes), tree_root(new, nodes), hashes)
    return format_consistency(hashes)
