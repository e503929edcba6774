"""Pure. The entries that a house keeps, held against the ones that it published."""

from collections.abc import Iterable, Iterator

from custody.check.finding import Outcome
from custody.errors import FormatError, LogStateError
from custody.formats.checkpoint import Checkpoint
from custody.published.account import Findings, Step
from custody.published.survivors import KeptEnd
from custody.published.tower import Tower, leaf_hashes
from custody.tree.tiles import WIDTH, LogSource, Tile, format_tile, parse_bundle

_BOTH_RIGHT = "The database and the published log hold the same {} entries"
_OURS = (
    "The entries of the database make the root that was signed: the published files were changed. "
    "Publish them again (`custos log export` writes them all), and ask who could write there"
)
_THEIRS = (
    "The published entries make the root that was signed: the database was changed. Stop the "
    "service, keep both as they are, and restore the database from a backup (`custos restore`)"
)
_NEITHER = (
    "Neither side makes the root that was signed: both were changed, or the checkpoint is of "
    "another log. Keep both as they are, and look for another copy of the log"
)


def compare(
    ours: Iterable[tuple[int, bytes]], source: LogSource, published: Checkpoint
) -> Findings:
    """Compare a house's entries, each with its place, with the published log.

    ``ours`` come in order; ``published`` is believed to be signed. Both sides are read once, and
    memory does not grow with them.

    Raises:
        LogAwayError: the published log does not answer. Safe to retry.
    """
    source = KeptEnd(source, published.size)
    found, kept = Findings(), _Kept(iter(ours))
    towers = Tower(), Tower()
    whole = True
    for tile in _bundles(published.size):
        mine = kept.take(tile)
        theirs = _read(source, tile, found)
        whole = whole and theirs is not None
        ends = kept.over and mine[-1] is None
        if theirs is not None and mine != theirs:
            _differ(tile, mine[: kept.size - tile.first] if ends else mine, theirs, found)
        if ends:
            _behind(kept.size, published, found)
            return found
        for tower, side in zip(towers, (mine, mine if theirs is None else theirs), strict=True):
            for _ in tower.add(leaf_hashes(entry or b"" for entry in side)):
                pass  # the tiles themselves nobody asks for here
    _conclude(published, (towers[0].root(), towers[1].root() if whole else b""), found)
    if more := kept.rest():
        words = f"{more} entries of the database are not published yet"
        found.say(Step.ENTRIES, Outcome.NOTE, words)
    return found


class _Kept:
    """The entries of the house, one bundle after the other."""

    def __init__(self, entries: Iterator[tuple[int, bytes]]) -> None:
        self._entries = entries
        self._next = next(entries, None)
        self.size = 0
        """Behind the last entry that was taken."""

    @property
    def over(self) -> bool:
        """Whether there are no more."""
        return self._next is None

    def take(self, tile: Tile) -> tuple[bytes | None, ...]:
        """Return the entries of a bundle; None: the house lacks it."""
        taken: list[bytes | None] = [None] * tile.width
        while self._next is not None and self._next[0] < tile.first + tile.width:
            place, entry = self._next
            if place >= tile.first:  # there is none below 0, unless somebody wrote it
                taken[place - tile.first] = entry
            self.size = place + 1
            self._next = next(self._entries, None)
        return tuple(taken)

    def rest(self) -> int:
        """Return how many are left."""
        return 0 if self._next is None else 1 + sum(1 for _ in self._entries)


def _bundles(size: int) -> Iterator[Tile]:
    for first in range(0, size, WIDTH):
        yield Tile(None, first // WIDTH, min(WIDTH, size - first))


def _read(source: LogSource, tile: Tile, found: Findings) -> tuple[bytes, ...] | None:
    try:
        return parse_bundle(tile, source.read(tile))
    except (FormatError, LogStateError) as error:
        found.failed(Step.ENTRIES, error, format_tile(tile))
        return None


def _differ(
    tile: Tile, mine: tuple[bytes | None, ...], theirs: tuple[bytes, ...], found: Findings
) -> None:
    for place, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        if one != other:
            words = "The database has another entry than was published"
            found.fail(
                Step.ENTRIES,
                words if one is not None else "The database lacks an entry that was published",
                f"entry {tile.first + place}: {format_tile(tile)}",
                expected=leaf_hashes([other]).hex(),
                found=leaf_hashes([one]).hex() if one is not None else "none",
            )


def _behind(size: int, published: Checkpoint, found: Findings) -> None:
    words = (
        f"The database ends after {size} entries, and {published.size} are published: it is older "
        "than the log, as from a backup. Stop the service and let `custos restore` bring the "
        "missing entries back; nothing may be added before"
    )
    found.fail(Step.VERDICT, words, f"entries {size} to {published.size - 1}")


def _conclude(published: Checkpoint, roots: tuple[bytes, bytes], found: Findings) -> None:
    ours, theirs = (root == published.root for root in roots)
    wrong = found.wrong[Step.ENTRIES] > 0
    if ours and not wrong:
        words = _BOTH_RIGHT.format(published.size)
        found.say(Step.ENTRIES, Outcome.PASS, words)
        return
    words = _OURS if ours else _THEIRS if theirs else _NEITHER
    sides = {} if ours or theirs else {"expected": published.root.hex(), "found": roots[0].hex()}
    found.fail(Step.VERDICT, words, **sides)
