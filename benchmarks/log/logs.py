"""Edge. Writes logs as long as wanted into a folder, as they are published, and measures them."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from custody.formats.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from custody.formats.note import format_note, parse_note, sign_note
from custody.published.forms import first_odd
from custody.published.hanging import HangingTiles
from custody.published.monitor import look
from custody.published.proofs import prove_entry
from custody.published.tower import Tower, leaf_hashes
from custody.published.whole import audit_published
from custody.tree.places import LogDirectory
from custody.tree.tiles import CHECKPOINT, WIDTH, Tile, format_bundle, format_tile, tiles_of
from tests.custody.ledgers import ALONE, LOG, NEIGHBOUR, ORIGIN, POLICE

Maker = Callable[[int], bytes]
"""Makes the entry at an index."""
_FORM = (
    '{"at":"2026-11-21T%02d:%02d:%02dZ","c":{"actor":"%s","copy":"%s","n":"%s","prev":"%s",'
    '"record":"%s","role":"%s"},"event":"exhibit.viewed",'
    '"id":"00000000-0000-4000-8000-%012x","v":1}'
)


def ours(index: int) -> bytes:
    """Return an entry in the form of ours, without the time that its commitments would take."""
    digits = hashlib.sha512(index.to_bytes(8)).hexdigest()
    fields = (digits[at : at + 64] for at in range(0, 64, 11))
    clock = index // 3600 % 24, index // 60 % 60, index % 60
    return (_FORM % (*clock, *fields, index)).encode()


def small(index: int) -> bytes:
    """Return an entry that takes next to no room: for the tree alone it is as good as ours."""
    return b"entry %d" % index


class LogWriter:
    """A log that grows in a folder."""

    def __init__(self, folder: Path, make: Maker) -> None:
        self.folder = folder
        self._make = make
        self._tower = Tower()
        self._size = 0
        """Of the full bundles."""

    def grow(self, size: int) -> bytes:
        """Write up to a size, with the partial tiles and the checkpoint of it; return its note."""
        while self._size + WIDTH <= size:
            for tile, hashes in self._tower.add(self._bundle(self._size, WIDTH)):
                self._put(tile, hashes)
            self._size += WIDTH
        end = Tower(self._tower.levels)
        if rest := size - self._size:
            for _ in end.add(self._bundle(self._size, rest)):
                raise AssertionError  # it is not full
        for tile, hashes in end.rest():
            self._put(tile, hashes)
        text = format_checkpoint(Checkpoint(ORIGIN, size, end.root()))
        note = format_note(sign_note(text, [LOG, NEIGHBOUR, POLICE]))
        (self.folder / CHECKPOINT).write_bytes(note)
        return note

    def _bundle(self, first: int, width: int) -> bytes:
        entries = [self._make(index) for index in range(first, first + width)]
        self._put(Tile(None, first // WIDTH, width), format_bundle(entries))
        return leaf_hashes(entries)

    def _put(self, tile: Tile, data: bytes) -> None:
        path = self.folder / format_tile(tile)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@dataclass(slots=True)
class CountingLog:
    """A log in a folder that counts what is read of it."""

    log: LogDirectory
    reads: int = 0

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint."""
        return self.log.checkpoint()

    def read(self, tile: Tile) -> bytes:
        """Return one object."""
        self.reads += 1
        return self.log.read(tile)


@dataclass(frozen=True, slots=True)
class Proving:
    """What proofs cost."""

    milliseconds: float
    """Of processor time, the median."""
    reads: int
    """Of tiles and bundles, the most."""
    size: int
    """Of a proof file, in bytes, the most."""


def proving(folder: Path, rounds: int = 200) -> Proving:
    """Prove entries anywhere in a log, each from tiles that nothing is known of yet."""
    times, reads, sizes = [], [], []
    drawn = random.Random(9162)  # noqa: S311 - the same ones in each run
    for _ in range(rounds):
        source = CountingLog(LogDirectory(folder))
        begun = time.process_time()
        note = source.checkpoint()
        head = parse_checkpoint(parse_note(note).text)
        proved = prove_entry(HangingTiles(source, head), note, drawn.randrange(head.size))
        times.append(1000 * (time.process_time() - begun))
        reads.append(source.reads)
        sizes.append(len(proved.proof))
    return Proving(median(times), max(reads), max(sizes))


def watching(folder: Path, remembered: bytes, rounds: int = 50) -> float:
    """Return how many milliseconds of processor time a look takes that finds the log grown."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        source = LogDirectory(folder)
        look(source, source.checkpoint(), [ALONE], remembered)
        times.append(1000 * (time.process_time() - begun))
    return median(times)


def auditing(folder: Path, *, of_ours: bool) -> float:
    """Audit a log; return the seconds of processor time that it takes."""
    begun = time.process_time()
    odd = first_odd if of_ours else _none_odd
    report = audit_published(LogDirectory(folder), [ALONE], first_odd=odd)
    if report.failed:
        raise RuntimeError(report.failed)
    return time.process_time() - begun


def _none_odd(_: Sequence[bytes]) -> None:
    """Find nothing odd in entries that are not of ours."""


def beside_entries(folder: Path, size: int, make: Maker) -> float:
    """Return how many bytes the files of a log have for each entry, beside the entry itself."""
    files = sum(path.stat().st_size for path in _tiles(folder, size))
    return (files - sum(len(make(index)) for index in range(size))) / size


def _tiles(folder: Path, size: int) -> Iterator[Path]:
    """Name what is left of a log after the partial tiles of before were collected."""
    return (folder / format_tile(tile) for tile in tiles_of(size))
