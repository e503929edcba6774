"""Pure. Tiles of a published log, each believed once it hangs under the root that was signed.

The tiles at the log's end, which are not full, make the root together; a full one is what the hash
above it stands for. So whatever is wrong has a name, and a proof made of the rest holds.
"""

from custody.errors import FormatError, ProofError
from custody.formats.checkpoint import Checkpoint
from custody.published.survivors import end_of, read_surviving
from custody.published.tower import Tower, fold, hash_at
from custody.tree.merkle import HASH_SIZE, NodeReader, leaf_hash
from custody.tree.tiles import (
    WIDTH,
    LogSource,
    Tile,
    format_tile,
    holding,
    node_reader,
    parse_bundle,
    parse_hashes,
)

_MOST_LEVELS = 8
"""A log has fewer than 2**63 entries."""


class HangingTiles:
    """The tree under one checkpoint. Reads each tile once, and keeps it."""

    def __init__(self, source: LogSource, checkpoint: Checkpoint) -> None:
        self._source = source
        self._checkpoint = checkpoint
        self._believed: dict[Tile, bytes] = {}

    @property
    def checkpoint(self) -> Checkpoint:
        """What everything hangs under."""
        return self._checkpoint

    @property
    def nodes(self) -> NodeReader:
        """Read any complete subtree's hash; raises as `hashes` does."""
        return node_reader(self._checkpoint.size, self.hashes)

    def hashes(self, tile: Tile) -> bytes:
        """Return the hashes of a tile of this tree.

        Raises:
            LogStateError: a tile is not there.
            FormatError: a tile is cut, or too long.
            ProofError: a tile does not hang under the root; it is named.
        """
        if not self._believed:
            self._believed |= self._edge()
        if tile not in self._believed:
            self._believed[tile] = self._full(tile)
        return self._believed[tile]

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash at ``index``; raises as `hashes` does."""
        tile = holding(0, index, self._checkpoint.size)
        return hash_at(self.hashes(tile), index % WIDTH)

    def entry(self, index: int) -> bytes:
        """Return the entry at ``index``; raises as `hashes` does."""
        leaves = holding(0, index, self._checkpoint.size)
        bundle = Tile(None, leaves.number, leaves.width)
        entry = parse_bundle(bundle, read_surviving(self._source, bundle))[index % WIDTH]
        expected, found = self.leaf(index), leaf_hash(entry)
        if found != expected:
            raise ProofError(
                f"Entry {index} in {format_tile(bundle)} is not the one of the tree",
                expected=expected.hex(),
                found=found.hex(),
            )
        return entry

    def _edge(self) -> dict[Tile, bytes]:
        """Read the tiles that are not full; nothing of a log without entries."""
        ends = [tile for tile in end_of(self._checkpoint.size) if tile.level is not None]
        tiles = {tile: self._read(tile) for tile in ends}
        held = {tile.level: (0, hashes) for tile, hashes in tiles.items()}
        root = Tower([held.get(level, (0, b"")) for level in range(_MOST_LEVELS)]).root()
        if root != self._checkpoint.root:
            names = ", ".join(map(format_tile, tiles)) or "No entries"
            raise ProofError(
                f"{names}: the end of the tree does not make the root of the checkpoint",
                expected=self._checkpoint.root.hex(),
                found=root.hex(),
            )
        return tiles

    def _full(self, tile: Tile) -> bytes:
        assert tile.level is not None
        if not tile.full:
            raise FormatError(f"{format_tile(tile)} is no tile of {self._checkpoint.size} entries")
        above = holding(tile.level + 1, tile.number, self._checkpoint.size)
        expected = hash_at(self.hashes(above), tile.number % WIDTH)
        hashes = self._read(tile)
        found = fold(hashes)
        if found != expected:
            raise ProofError(
                f"{format_tile(tile)} is not what {format_tile(above)} says of it",
                expected=expected.hex(),
                found=found.hex(),
            )
        return hashes

    def _read(self, tile: Tile) -> bytes:
        hashes = read_surviving(self._source, tile)
        if len(hashes) != tile.width * HASH_SIZE:
            parse_hashes(tile, hashes)  # says what is wrong with its length
        return hashes
