"""Pure. The hashes of a log as its tiles hold them, computed bundle by bundle in little room.

Hashes are kept joined, as tiles hold them: a comparison is then one of bytes, and nothing is made
anew. Of each level only what is not yet a full tile is kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from custody.tree.merkle import EMPTY_ROOT, HASH_SIZE, node_hash
from custody.tree.tiles import WIDTH, Tile

_FULL = WIDTH * HASH_SIZE
_PAIR = 2 * HASH_SIZE


def leaf_hashes(entries: Iterable[bytes]) -> bytes:
    """Return the leaf hashes of entries, joined."""
    return b"".join([sha256(b"\x00" + entry).digest() for entry in entries])


def fold(hashes: bytes) -> bytes:
    """Hash a complete subtree, a power of two of joined hashes, into its root."""
    while len(hashes) > HASH_SIZE:
        pairs = range(0, len(hashes), _PAIR)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + _PAIR]).digest() for at in pairs])
    return hashes


def hash_at(hashes: bytes, place: int) -> bytes:
    """Return one of joined hashes."""
    return hashes[place * HASH_SIZE : (place + 1) * HASH_SIZE]


class Tower:
    """The tiles of a growing log: the full ones as they are done, the others at its end."""

    def __init__(self, levels: Sequence[tuple[int, bytes]] = ()) -> None:
        """Begin with nothing, or where `levels` of another one stood."""
        self._levels = list(levels)
        """Of each level: how many tiles are full, and the hashes that are no full tile yet."""

    @property
    def levels(self) -> tuple[tuple[int, bytes], ...]:
        """Where this stands, for another to begin there."""
        return tuple(self._levels)

    def add(self, hashes: bytes) -> Iterator[tuple[Tile, bytes]]:
        """Append the leaf hashes of one bundle; return the tiles that are full now, lowest first.

        Bundles are added whole, and one that is not full is the last.
        """
        level = 0
        while True:
            if level == len(self._levels):
                self._levels.append((0, b""))
            number, held = self._levels[level]
            held += hashes
            if len(held) < _FULL:
                self._levels[level] = (number, held)
                return
            self._levels[level] = (number + 1, b"")
            yield Tile(level, number), held
            hashes = fold(held)
            level += 1

    def rest(self) -> Iterator[tuple[Tile, bytes]]:
        """Return the tiles at the end of the log, those that are not full."""
        for level, (number, held) in enumerate(self._levels):
            if held:
                yield Tile(level, number, len(held) // HASH_SIZE), held

    def root(self) -> bytes:
        """Return the root over everything added."""
        root = b""
        for _, held in self._levels:
            for part in reversed(_complete(held)):
                root = node_hash(fold(part), root) if root else fold(part)
        return root or EMPTY_ROOT


def _complete(hashes: bytes) -> list[bytes]:
    """Cut the hashes of a tile into complete subtrees, the widest first."""
    parts: list[bytes] = []
    at = 0
    while count := (len(hashes) - at) // HASH_SIZE:
        width = HASH_SIZE << (count.bit_length() - 1)
        parts.append(hashes[at : at + width])
        at += width
    return parts
