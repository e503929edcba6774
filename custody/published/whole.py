"""Pure. Audits a published log: every entry, every hash of every tile, the checkpoint over them.

What an entry should be, only the tree says, and what the tree should be, only the signed root: so
where the two differ, both trees are built to the end, and the one that makes the root is right.
Memory does not grow with the log.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from custody.check.finding import Outcome
from custody.errors import FormatError, LogStateError, ProofError
from custody.formats.checkpoint import Checkpoint
from custody.formats.policy import CheckedCheckpoint, LogPolicy
from custody.published.account import Findings, PublishedReport, Step
from custody.published.forms import first_odd
from custody.published.heads import check_head, read_head
from custody.published.strays import Strays
from custody.published.survivors import KeptEnd
from custody.published.tower import Tower, hash_at, leaf_hashes
from custody.tree.merkle import HASH_SIZE
from custody.tree.tiles import (
    CHECKPOINT,
    WIDTH,
    LogSource,
    Tile,
    format_tile,
    parse_bundle,
    parse_hashes,
)

FirstOdd: TypeAlias = Callable[[Sequence[bytes]], tuple[int, str] | None]
"""Returns the first entry that may not be in a log, and why."""


def audit_published(
    source: LogSource,
    policies: Sequence[LogPolicy] = (),
    names: Iterable[str] | None = None,
    *,
    first_odd: FirstOdd = first_odd,
) -> PublishedReport:
    """Audit the whole of a published log under its newest checkpoint.

    ``policies``: whose word counts; without any, the signature is not checked. ``names``: of
    everything that lies there, where that can be listed.

    Raises:
        NotYetError: nothing is published there.
        LogAwayError: it does not answer. Safe to retry.
    """
    found = Findings()
    note = source.checkpoint()
    checkpoint = _read_head(note, policies, found)
    if checkpoint is None:
        return PublishedReport(0, b"", found.close(), bool(policies))
    walk = _Walk(KeptEnd(source, checkpoint.size), checkpoint, found, first_odd)
    root = walk.run()
    if names is not None and not walk.stopped:
        Strays(source, checkpoint, found).run(names, note)
    return PublishedReport(checkpoint.size, root, found.close(), bool(policies))


def _read_head(note: bytes, policies: Sequence[LogPolicy], found: Findings) -> Checkpoint | None:
    """Read the checkpoint and look who signed it; None: it cannot be read."""
    try:
        parsed, checkpoint = read_head(note)
    except FormatError as error:
        found.failed(Step.CHECKPOINT, error, CHECKPOINT)
        return None
    if not policies:
        words = "By whose key the checkpoint counts was not said: its signature is not checked"
        found.say(Step.CHECKPOINT, Outcome.NOT_CHECKED, words, CHECKPOINT)
        return checkpoint
    try:
        checked = check_head(note, policies)
    except (FormatError, ProofError) as error:
        found.failed(Step.CHECKPOINT, error, CHECKPOINT)
        return checkpoint
    words = f"{checkpoint.size} entries of {checkpoint.origin} are signed by its key"
    found.say(Step.CHECKPOINT, Outcome.PASS, words)
    _say_witnesses(checked, len(parsed.signatures), found)
    return checkpoint


def _say_witnesses(checked: CheckedCheckpoint, lines: int, found: Findings) -> None:
    """Say who vouches for a checkpoint beside its log, of all who signed its ``lines``."""
    for name in checked.unchecked:
        words = f"The cosignature of {name} cannot be checked on this computer"
        found.say(Step.CHECKPOINT, Outcome.NOT_CHECKED, words, CHECKPOINT)
    for name in checked.timeless:
        words = f"The cosignature of {name} states no time, and so not that the log only grew"
        found.say(Step.CHECKPOINT, Outcome.NOTE, words, CHECKPOINT)
    others = lines - 1 - len(checked.unchecked) - len(checked.timeless)
    if checked.witnesses:
        words = f"It is witnessed by {', '.join(checked.witnesses)}"
        found.say(Step.CHECKPOINT, Outcome.PASS, words)
    elif others:
        words = (
            f"It carries {others} signature{'' if others == 1 else 's'} beside the log's, which "
            "nobody was named to check: give --trust or --policy with the witnesses' keys"
        )
        found.say(Step.CHECKPOINT, Outcome.NOT_CHECKED, words, CHECKPOINT)
    elif not checked.unchecked:
        words = "It is not witnessed: the council alone vouches for completeness"
        found.say(Step.CHECKPOINT, Outcome.NOTE, words)


class _Walk:
    """Goes through the bundles from the first to the last, and up the tiles as they are full."""

    def __init__(
        self, source: LogSource, checkpoint: Checkpoint, found: Findings, odd: FirstOdd
    ) -> None:
        self._source = source
        self._checkpoint = checkpoint
        self._found = found
        self._first_odd = odd
        self._entries = Tower()
        """Of the entries, where they can be read."""
        self._hashes: Tower | None = None
        """Of the stored leaf hashes; None: up to now they are those of the entries."""
        self._unread = False
        self.stopped = False
        """Whether something is so far missing that nothing beyond it can be computed."""

    def run(self) -> bytes:
        """Compare everything; return the root that the entries make."""
        whole, rest = divmod(self._checkpoint.size, WIDTH)
        for number in range(whole + (rest > 0)):
            self._bundle(number, WIDTH if number < whole else rest)
            if self.stopped:
                return self._entries.root()
        self._compare_all(
            self._entries.rest(), None if self._hashes is None else self._hashes.rest()
        )
        root = self._entries.root()
        self._conclude(root)
        return root

    def _bundle(self, number: int, width: int) -> None:
        stored = self._read_hashes(Tile(0, number, width))
        made = self._read_entries(Tile(None, number, width))
        if made is None and stored is None:
            words = "Neither entries nor hashes are left here: nothing beyond can be computed"
            first = number * WIDTH
            self._found.fail(Step.VERDICT, words, f"entries {first} to {first + width - 1}")
            self.stopped = True
            return
        if made is None or stored is None:
            self._unread = self._unread or made is None
        elif made != stored:
            self._differ(number, width, made, stored)
            if self._hashes is None:
                self._hashes = Tower(self._entries.levels)
        entries, hashes = made or stored or b"", stored or made or b""
        theirs = self._hashes.add(hashes) if self._hashes is not None else None
        self._compare_all(self._entries.add(entries), theirs)

    def _differ(self, number: int, width: int, made: bytes, stored: bytes) -> None:
        for place in range(width):
            leaf, node = hash_at(made, place), hash_at(stored, place)
            if leaf != node:
                bundle, tile = Tile(None, number, width), Tile(0, number, width)
                self._found.fail(
                    Step.TREE,
                    "An entry is not the one that the tree has here",
                    f"entry {number * WIDTH + place}: {format_tile(bundle)}, {format_tile(tile)}",
                    expected=node.hex(),
                    found=leaf.hex(),
                )

    def _compare_all(
        self,
        made: Iterable[tuple[Tile, bytes]],
        theirs: Iterable[tuple[Tile, bytes]] | None,
    ) -> None:
        """Hold the tiles above the leaves to what is below them: below in entries, or in hashes."""
        others = dict(theirs or ())
        for tile, hashes in made:
            if tile.level == 0:
                continue  # its bundle has been compared with it
            stored = self._read_hashes(tile)
            if stored is None or stored in (hashes, others.get(tile)):
                continue
            place = next(n for n in range(tile.width) if hash_at(stored, n) != hash_at(hashes, n))
            self._found.fail(
                Step.TREE,
                "A hash is not the one of what is below it",
                f"{format_tile(tile)}, hash {place}",
                expected=hash_at(hashes, place).hex(),
                found=hash_at(stored, place).hex(),
            )

    def _read_hashes(self, tile: Tile) -> bytes | None:
        try:
            data = self._source.read(tile)
            if len(data) != tile.width * HASH_SIZE:
                parse_hashes(tile, data)
        except (FormatError, LogStateError) as error:
            self._found.failed(Step.TREE, error, format_tile(tile))
            return None
        return data

    def _read_entries(self, tile: Tile) -> bytes | None:
        """Return the leaf hashes of a bundle; None: it is not there, or cut."""
        try:
            entries = parse_bundle(tile, self._source.read(tile))
        except (FormatError, LogStateError) as error:
            self._found.failed(Step.ENTRIES, error, format_tile(tile))
            return None
        if (odd := self._first_odd(entries)) is not None:
            place, why = odd
            subject = f"entry {tile.first + place}: {format_tile(tile)}"
            self._found.fail(Step.ENTRIES, f"An entry is not in its one form: {why}", subject)
        return leaf_hashes(entries)

    def _conclude(self, root: bytes) -> None:
        """Say which side is right, as far as the root in the checkpoint can tell."""
        expected = self._checkpoint.root
        if self._unread:
            right = expected in (root, None if self._hashes is None else self._hashes.root())
            words = _MISSING if right else _NEITHER
        elif root == expected:
            words = _ENTRIES_RIGHT if self._found.wrong[Step.TREE] else ""
        else:
            right = self._hashes is not None and self._hashes.root() == expected
            words = _HASHES_RIGHT if right else _NEITHER
        if words:
            both = {"expected": expected.hex(), "found": root.hex()} if words is _NEITHER else {}
            self._found.fail(Step.VERDICT, words, CHECKPOINT, **both)
        else:
            count = self._checkpoint.size
            words = f"{count} entries, hashed anew, make every hash and the root of the checkpoint"
            self._found.say(Step.TREE, Outcome.PASS, words)


_MISSING = (
    "The hashes make the root of the checkpoint: whatever is missing of the entries can be put "
    "back, and is known when it is right"
)
_ENTRIES_RIGHT = (
    "The entries make the root of the checkpoint: they are right, and the hashes named above are "
    "not. Those can be made again from the entries"
)
_HASHES_RIGHT = (
    "The hashes make the root of the checkpoint: they are right, and the entries named above are "
    "not. Get these from the council's database or from another copy of the log"
)
_NEITHER = "What is published here does not make the root of the checkpoint"
