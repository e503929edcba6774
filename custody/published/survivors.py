"""Pure. Reads the end of a log that goes on growing, and clears away what it has outgrown.

A tile that was not full when a checkpoint was signed goes once the log has grown past it, and that
may be while an audit is still on its way. Whatever was in it begins the full one.
"""

from dataclasses import replace

from custody.errors import FormatError, LogAwayError, LogStateError
from custody.tree.merkle import HASH_SIZE
from custody.tree.tiles import (
    HEIGHT,
    WIDTH,
    LogSource,
    Tile,
    format_bundle,
    parse_bundle,
)

_MOST_LEVELS = 8
"""A log has fewer than 2**63 entries."""


def read_surviving(source: LogSource, tile: Tile) -> bytes:
    """Read an object, or the beginning of the full one that came into its place.

    Raises:
        LogStateError: neither is there; the message names the one that was asked for.
        LogAwayError: the log does not answer. Safe to retry.
    """
    try:
        return source.read(tile)
    except LogAwayError:
        raise
    except LogStateError:
        if tile.full:
            raise
        try:
            return _beginning(tile, source.read(replace(tile, width=WIDTH)))
        except LogAwayError:
            raise
        except (LogStateError, FormatError):
            pass  # what was asked for is what is missing
        raise


class KeptEnd:
    """A log whose end, as it was under one checkpoint, is read at once and kept."""

    def __init__(self, source: LogSource, size: int) -> None:
        self._source = source
        self._kept: dict[Tile, bytes] = {}
        for tile in end_of(size):
            try:
                self._kept[tile] = read_surviving(source, tile)
            except LogAwayError:
                raise
            except LogStateError:
                continue  # whoever asks for it is told

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint (`LogSource`)."""
        return self._source.checkpoint()

    def read(self, tile: Tile) -> bytes:
        """Return one object (`LogSource`)."""
        if tile in self._kept:
            return self._kept[tile]
        return read_surviving(self._source, tile)


def end_of(size: int) -> list[Tile]:
    """Name what is not full of a log: its last bundle, and the last tile of each level."""
    tiles = []
    for level in (None, *range(_MOST_LEVELS)):
        count = size >> (HEIGHT * (level or 0))
        if count % WIDTH:
            tiles.append(Tile(level, count // WIDTH, count % WIDTH))
    return tiles


def _beginning(tile: Tile, full: bytes) -> bytes:
    if tile.level is None:
        return format_bundle(parse_bundle(replace(tile, width=WIDTH), full)[: tile.width])
    return full[: tile.width * HASH_SIZE]
