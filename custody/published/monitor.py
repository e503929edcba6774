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


def check_signed_head(note: bytes, policies: Sequence[LogPolicy]) -> Checkpoint:
    """Check that a checkpoint is signed by its log, whoever has witnessed it.

    Witnesses may have come since it was remembered, and one that is too few does not take back
    what the log itself has signed.

    Raises:
        FormatError: not a checkpoint note.
        ProofError: of another log, by another key, or with a bad signature.
    """
    return check_head(note, [LogPolicy(policy.log) for policy in policies]).checkpoint


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
    new, before = check_signed_head(note, policies), None
    change = Change.FIRST
    if remembered is not None:
        before = check_signed_head(remembered, policies)
        change = Change.SAME if before == new else Change.GROWN
        # Before anybody asks for witnesses: nobody cosigns a second history, and that it was
        # signed by the log is the evidence.
        _require_growth(source, before, new)
    seen = check_head(note, policies)
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
