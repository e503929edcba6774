"""Pure. Whether something lies beside a published log that is no part of it."""

from collections.abc import Iterable

from custody.errors import FormatError, LogAwayError, LogStateError, ProofError
from custody.formats.checkpoint import Checkpoint
from custody.formats.note import (
    KeyType,
    VerifierKey,
    check_note,
    format_verifier_key,
    parse_note,
    parse_verifier_key,
)
from custody.published.account import Findings, Step
from custody.tree.merkle import HASH_SIZE
from custody.tree.tiles import (
    CHECKPOINT,
    HEIGHT,
    KEY_FILE,
    WIDTH,
    ListedSource,
    LogSource,
    Tile,
    format_tile,
    parse_bundle,
    parse_tile,
)

_WRONG_KEY = "This is not the key that signed the checkpoint"


class Strays:
    """Looks whether something lies there that is no part of the log."""

    def __init__(self, source: LogSource, checkpoint: Checkpoint, found: Findings) -> None:
        self._source = source
        self._origin = checkpoint.origin
        self._size = checkpoint.size
        self._found = found

    def run(self, names: Iterable[str], note: bytes) -> None:
        """Look at every name; ``note`` is the checkpoint as it was signed."""
        for name in names:
            if name == KEY_FILE:
                self._require_key(note)
            if name in {CHECKPOINT, KEY_FILE}:
                continue
            try:
                tile = parse_tile(name)
            except FormatError:
                self._found.fail(Step.FILES, "This file is no part of a log", name)
                continue
            self._look(tile, name)

    def _require_key(self, note: bytes) -> None:
        """Hold the key that lies there to the checkpoint: whoever takes both believes them."""
        if not isinstance(self._source, ListedSource):
            return
        try:
            data = self._source.vkey()
            key = _parse_key(data)
            check_note(parse_note(note), [key])
        except (FormatError, ProofError) as error:
            self._found.fail(Step.FILES, f"{_WRONG_KEY}: {error}", KEY_FILE)
        except LogAwayError:
            raise
        except LogStateError as error:
            self._found.failed(Step.FILES, error, KEY_FILE)
        else:
            if key.type is not KeyType.ED25519 or key.name != self._origin:
                sides = {"expected": self._origin, "found": key.name}
                self._found.fail(Step.FILES, f"{_WRONG_KEY} as its log", KEY_FILE, **sides)

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


def _parse_key(data: bytes) -> VerifierKey:
    """Read the file of a verifier key: it and a newline."""
    key = parse_verifier_key(data.decode("utf-8", "replace").removesuffix("\n"))
    if f"{format_verifier_key(key)}\n".encode() != data:
        raise FormatError("it is one line that ends in a newline")
    return key
