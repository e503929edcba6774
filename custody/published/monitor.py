"""Pure. A published log held against the last checkpoint that was seen of it.

Whoever remembers one checkpoint finds out when the log goes back behind it, or splits: the older
one must be a beginning of the newer, by the log's own tiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from custody.errors import ForkedLogError, ProofError
from custody.formats.checkpoint import Checkpoint
from custody.formats.policy import LogPolicy
from custody.published.hanging import HangingTiles
from custody.published.heads import check_head
from custody.tree.merkle import EMPTY_ROOT, tree_root
from custody.tree.tiles import LogSource


class Change(StrEnum):
    """What became of a log since it was last looked at."""

    FIRST = "first seen"
    SAME = "as before"
    GROWN = "grown"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a log, and believed."""

    change: Change
    note: bytes
    """The checkpoint, byte for byte: what is to be remembered."""
    checkpoint: Checkpoint
    witnesses: tuple[str, ...]
    before: Checkpoint | None
    """What was remembered."""


def look(
    source: LogSource, note: bytes, policies: Sequence[LogPolicy], remembered: bytes | None
) -> Sighting:
    """Look at the newest checkpoint of a log, ``note``, with the one that is remembered.

    Raises:
        FormatError: the checkpoint or a tile cannot be read.
        ForkedLogError: it is signed, and contradicts what is remembered: smaller, or another tree.
        ProofError: it is not signed as ``policies`` ask, or a tile does not belong to it.
        LogStateError: a tile is missing.
        LogAwayError: the log does not answer. Safe to retry.
    """
    seen = check_head(note, policies)
    new, before = seen.checkpoint, None
    change = Change.FIRST
    if remembered is not None:
        before = check_head(remembered, policies).checkpoint
        change = Change.SAME if before == new else Change.GROWN
        _require_growth(source, before, new)
    return Sighting(change, note, new, seen.witnesses, before)


def _require_growth(source: LogSource, old: Checkpoint, new: Checkpoint) -> None:
    if old.origin != new.origin:
        words = "The checkpoint is of another log than the one that is remembered"
        raise ProofError(words, expected=old.origin, found=new.origin)
    if new.size < old.size:
        raise ForkedLogError(
            f"The log {new.origin} was rolled back: it had {old.size} entries, and has {new.size}",
            expected=f"{old.size} entries or more",
            found=f"{new.size} entries",
        )
    grown = root_at(HangingTiles(source, new), old.size) if old.size < new.size else new.root
    if grown != old.root:
        where = "with as many entries" if old.size == new.size else f"of {new.size} entries"
        raise ForkedLogError(
            f"The log {new.origin} has split: the tree of {old.size} entries that it signed before "
            f"is no beginning of the tree {where} that it signs now",
            expected=old.root.hex(),
            found=grown.hex(),
        )


def root_at(tiles: HangingTiles, size: int) -> bytes:
    """Return the root that the first ``size`` entries make; raises as `HangingTiles.hashes`."""
    return tree_root(size, tiles.nodes) if size else EMPTY_ROOT
