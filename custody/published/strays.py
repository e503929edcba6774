"""Pure. Whether something lies beside a published log that is no part of it."""

from collections.abc import Iterable

from custody.errors import FormatError, LogStateError
from custody.published.account import Findings, Step
from custody.tree.merkle import HASH_SIZE
from custody.tree.tiles import (
    CHECKPOINT,
    HEIGHT,
    WIDTH,
    LogSource,
    Tile,
    format_tile,
    parse_bundle,
    parse_tile,
)

KEY_FILE = "vkey"
"""The verifier key that lies beside a log which was exported."""


class Strays:
    """Looks whether something lies there that is no part of the log."""

    def __init__(self, source: LogSource, size: int, found: Findings) -> None:
        self._source = source
        self._size = size
        self._found = found

    def run(self, names: Iterable[str]) -> None:
        """Look at every name."""
        for name in names:
            if name in {CHECKPOINT, KEY_FILE}:
                continue
            try:
                tile = parse_tile(name)
            except FormatError:
                self._found.fail(Step.FILES, "This file is no part of a log", name)
                continue
            self._look(tile, name)

    def _look(self, tile: Tile, name: str) -> None:
        count = self._size >> (HEIGHT * (tile.level or 0))
        if tile.first + tile.width > count:
            words = (
                f"There is more than the checkpoint of {self._size} entries covers: it was rolled "
                "back, or the next one is not published yet; look again in a minute"
            )
            self._found.fail(Step.FILES, words, name)
        elif not tile.full and count - tile.first > tile.width:
            self._earlier(tile, Tile(tile.level, tile.number, min(WIDTH, count - tile.first)), name)

    def _earlier(self, tile: Tile, now: Tile, name: str) -> None:
        """Hold an earlier state of a tile to what the tile is now: it must be its beginning."""
        try:
            before, after = self._source.read(tile), self._source.read(now)
            short = tile.level is not None and len(before) != tile.width * HASH_SIZE
            if tile.level is None:
                parse_bundle(tile, before)
        except (FormatError, LogStateError) as error:
            self._found.failed(Step.FILES, error, name)
            return
        if short or not after.startswith(before):
            words = f"An earlier state of {format_tile(now)} says something else"
            self._found.fail(Step.FILES, words, name)
