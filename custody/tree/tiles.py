"""Pure. How a log lies in files (C2SP tlog-tiles): hash tiles, bundles of entries, their names.

    tile/<L>/<N>[.p/<W>]          256 hashes of 32 bytes, those of level 8 * L of the tree
    tile/entries/<N>[.p/<W>]      256 entries, each behind its length (two bytes, big-endian)
    checkpoint                    the newest signed checkpoint

N is written in groups of three digits, all but the last behind an `x`: 1234067 is `x001/x234/067`.
A tile that is not full yet has its width, 1 to 255, in its name; an empty one is never written.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from custody.errors import FormatError
from custody.tree.merkle import HASH_SIZE, NodeId, NodeReader, node_hash

WIDTH = 256
"""Hashes of a full tile, and entries of a full bundle."""
HEIGHT = 8
"""Levels of the tree between the tiles of one level and those of the next."""
MAX_ENTRY_BYTES = 65_535
MAX_BUNDLE_BYTES = WIDTH * (2 + MAX_ENTRY_BYTES)
CHECKPOINT = "checkpoint"
KEY_FILE = "vkey"
"""The verifier key that lies beside a log which was exported."""
_LENGTH_BYTES = 2
_GROUP = 1000
_MOST_LEVELS = 8
"""A log has fewer than 2**63 entries."""
# No more groups than a log of 2**63 entries has: Python reads no number of any length.
_NAME = re.compile(
    r"tile/(?:(?P<level>[0-7])|entries)/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Names one object of the log: hashes of ``level``, or entries where it is None."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def full(self) -> bool:
        """Whether it never changes again; another one holds less than the tree will."""
        return self.width == WIDTH

    @property
    def first(self) -> int:
        """The place of its first hash or entry in its own level."""
        return self.number * WIDTH


Reader = Callable[[Tile], bytes]
"""Reads one object of a log whole; raises LogStateError for what is not there."""


class LogSource(Protocol):
    """Where a published log can be read: a directory, a web address, a bucket."""

    def checkpoint(self) -> bytes:
        """Return the newest signed checkpoint, byte for byte.

        Raises:
            NotYetError: nothing was published yet.
        """
        ...

    def read(self, tile: Tile) -> bytes:
        """Return one object, whole.

        Raises:
            LogStateError: it is not there; the message names it and the place.
        """
        ...


@runtime_checkable
class ListedSource(LogSource, Protocol):
    """A place of which it is known what else lies there."""

    def names(self) -> Iterable[str]:
        """Name everything that lies there, as it would stand behind the address of the log."""
        ...

    def vkey(self) -> bytes:
        """Return the file of the log's verifier key, which is no part of the log.

        Raises:
            LogStateError: it is not there; the message names it and the place.
        """
        ...


def format_tile(tile: Tile) -> str:
    """Write the name of a tile or a bundle, as it stands behind the address of the log."""
    number, groups = tile.number, f"{tile.number % _GROUP:03}"
    while number >= _GROUP:
        number //= _GROUP
        groups = f"x{number % _GROUP:03}/{groups}"
    level = "entries" if tile.level is None else tile.level
    return f"tile/{level}/{groups}" + ("" if tile.full else f".p/{tile.width}")


def parse_tile(name: str) -> Tile:
    """Read the name of a tile or a bundle.

    Raises:
        FormatError: not the one way to write it.
    """
    if (found := _NAME.fullmatch(name)) is None:
        raise FormatError(f"{name[:100]!r} is not the name of a tile")
    tile = Tile(
        level=None if found["level"] is None else int(found["level"]),
        number=int(found["number"].replace("x", "").replace("/", "")),
        width=int(found["width"] or WIDTH),
    )
    if format_tile(tile) != name:
        raise FormatError(f"{name[:100]!r} is not the one way to write the name of a tile")
    return tile


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Name all that a log of ``size`` entries consists of, but what one of ``since`` had already.

    Bundles first, then hashes from the leaves upward; partial ones as they are at this size.
    """
    for level in (None, *range(_MOST_LEVELS)):
        shift = HEIGHT * (level or 0)
        before, count = since >> shift, size >> shift
        if count == before:
            continue  # nor has any level above changed, but bundles and leaves go together
        for number in range(before // WIDTH, count // WIDTH):
            yield Tile(level, number)
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)


def holding(level: int, index: int, size: int) -> Tile:
    """Name the tile that holds a stored hash, in a log of ``size`` entries."""
    count = size >> (HEIGHT * level)
    number = index // WIDTH
    return Tile(level, number, min(WIDTH, count - number * WIDTH))


def format_hashes(hashes: Sequence[bytes]) -> bytes:
    """Write a tile of hashes."""
    return b"".join(hashes)


def parse_hashes(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Read a tile of hashes.

    Raises:
        FormatError: not as many hashes as its name says.
    """
    if len(data) != tile.width * HASH_SIZE:
        raise FormatError(
            f"{format_tile(tile)} has {len(data)} bytes; {tile.width} hashes are "
            f"{tile.width * HASH_SIZE}"
        )
    return tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE))


def format_bundle(entries: Sequence[bytes]) -> bytes:
    """Write a bundle of entries.

    Raises:
        FormatError: an entry is longer than a bundle can hold.
    """
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise FormatError(f"An entry of a log has at most {MAX_ENTRY_BYTES} bytes")
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES) + entry for entry in entries)


def parse_bundle(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Read a bundle of entries.

    Raises:
        FormatError: not as many entries as its name says, or one that is cut.
    """
    entries: list[bytes] = []
    at, last = 0, len(data) - _LENGTH_BYTES
    while at <= last and len(entries) < tile.width:
        begin = at + _LENGTH_BYTES
        at = begin + (
            data[at] << 8 | data[at + 1]
        )  # in an audit, half of the time of int.from_bytes
        entries.append(data[begin:at])
    if at != len(data) or len(entries) != tile.width:
        raise FormatError(f"{format_tile(tile)} does not hold {tile.width} whole entries")
    return tuple(entries)


def node_reader(size: int, read: Reader) -> NodeReader:
    """Return a reader of any complete subtree's hash, out of the tiles of a log of ``size``.

    Only every eighth level is stored; what lies between is hashed from the tile below it. Each
    tile is read once for each call, so an inclusion proof reads at most one for each of its levels.

    The reader raises LogStateError and FormatError as ``read`` and `parse_hashes` do.
    """

    def ask(nodes: Sequence[NodeId]) -> list[bytes]:
        held: dict[Tile, tuple[bytes, ...]] = {}
        values = []
        for node in nodes:
            level, above = divmod(node.level, HEIGHT)
            first = node.index << above
            tile = holding(level, first, size)
            if tile not in held:
                held[tile] = parse_hashes(tile, read(tile))
            values.append(_fold(held[tile][first - tile.first :][: 1 << above]))
        return values

    return ask


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Hash a complete subtree, a power of two of hashes, into its root."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]
