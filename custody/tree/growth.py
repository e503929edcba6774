"""Pure. What a log that grows adds to its published objects, and what it makes superfluous.

Nothing is trusted but entries: the leaves are hashed from them, every full tile is hashed into the
one above it, and the root over it all is computed from the very bytes that are to be published.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from custody.tree.merkle import NodeId, NodeReader, leaf_hash, root_of, tree_root
from custody.tree.tiles import HEIGHT, WIDTH, Tile, format_bundle, format_hashes


@dataclass(frozen=True, slots=True)
class Growth:
    """The objects that a log's growth adds, bundles first; and the root that they make."""

    objects: tuple[tuple[Tile, bytes], ...]
    root: bytes


def first_needed(size: int) -> int:
    """Return the first entry that is needed to publish what comes after a log of ``size``."""
    return size - size % WIDTH


def grow(old: int, new: int, entries: Sequence[bytes], read: NodeReader) -> Growth:
    """Derive what a log of ``new`` entries has, and one of ``old`` had not.

    ``entries`` are those from `first_needed` (old) to ``new``. ``read`` is asked for hashes of
    before: some go into the new tiles, and all that do are part of the root that is returned.

    Raises:
        FormatError: an entry is too long for a bundle.
    """
    start = first_needed(old)
    if not 0 <= old < new or len(entries) != new - start:
        raise ValueError(f"{len(entries)} entries do not make a log of {old} one of {new}")
    objects = [
        (_tile(None, start + at, len(some)), format_bundle(some)) for at, some in _in_tiles(entries)
    ]
    levels: dict[int, tuple[int, Sequence[bytes]]] = {}
    level, fresh = 0, [leaf_hash(entry) for entry in entries]
    while fresh:
        # Of a level above the leaves those before `old` are as they were: they are read.
        first = (old >> HEIGHT * level) if level else start
        begin = first - first % WIDTH
        stored = read([NodeId(HEIGHT * level, i) for i in range(begin, first)]) if level else ()
        hashes = [*stored, *fresh]
        levels[level] = begin, hashes
        objects += [
            (_tile(level, begin + at, len(some)), format_hashes(some))
            for at, some in _in_tiles(hashes)
        ]
        fresh = [root_of(some) for _, some in _in_tiles(hashes) if len(some) == WIDTH]
        level += 1
    return Growth(tuple(objects), tree_root(new, _reader(levels, read)))


def is_superseded(tile: Tile, size: int) -> bool:
    """Tell whether a log of ``size`` has a wider tile in the place of this one."""
    level = HEIGHT * (tile.level or 0)
    return tile.width < WIDTH and tile.first + tile.width < size >> level


def _tile(level: int | None, first: int, width: int) -> Tile:
    return Tile(level, first // WIDTH, width)


def _in_tiles(all_of_it: Sequence[bytes]) -> list[tuple[int, Sequence[bytes]]]:
    return [(at, all_of_it[at : at + WIDTH]) for at in range(0, len(all_of_it), WIDTH)]


def _reader(levels: dict[int, tuple[int, Sequence[bytes]]], read: NodeReader) -> NodeReader:
    """Return a reader of what was derived, and only of anything else by ``read``."""

    def derived(node: NodeId) -> bytes | None:
        level, above = divmod(node.level, HEIGHT)
        begin, hashes = levels.get(level, (0, ()))
        first = (node.index << above) - begin
        if first < 0 or first + (1 << above) > len(hashes):
            return None
        return root_of(hashes[first : first + (1 << above)])

    def ask(nodes: Sequence[NodeId]) -> list[bytes]:
        found = {node: derived(node) for node in nodes}
        missing = [node for node, value in found.items() if value is None]
        stored = dict(zip(missing, read(missing) if missing else (), strict=True))
        return [value or stored[node] for node, value in found.items()]

    return ask
