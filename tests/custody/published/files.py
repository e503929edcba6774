"""A published log in memory: files by their names, and the entries that are in them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from custody.errors import LogStateError, NotYetError
from custody.formats.checkpoint import Checkpoint, format_checkpoint
from custody.formats.entry import Entry, format_entry
from custody.formats.events import event_type
from custody.formats.note import NoteSigner, format_note, sign_note
from custody.published.tower import Tower, leaf_hashes
from custody.tree.tiles import CHECKPOINT, WIDTH, Tile, format_bundle, format_tile
from tests.custody.ledgers import LOG, NOON, ORIGIN


@dataclass(slots=True)
class Files:
    """A `LogSource` whose every byte a test may change."""

    held: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def checkpoint(self) -> bytes:
        if CHECKPOINT not in self.held:
            raise NotYetError("there is no log here: nothing is at checkpoint")
        return self.held[CHECKPOINT]

    def read(self, tile: Tile) -> bytes:
        name = format_tile(tile)
        self.asked.append(name)
        if name not in self.held:
            raise LogStateError(f"{name} is missing here")
        return self.held[name]

    def with_(self, name: str, data: bytes | None) -> "Files":
        held = {**self.held, name: data or b""}
        if data is None:
            del held[name]
        return Files(held)

    def put(self, folder: Path) -> Path:
        """Write them into a directory, as a log is exported."""
        for name, data in self.held.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        folder.mkdir(exist_ok=True)
        return folder


def event(n: int, name: str = "code.sent") -> bytes:
    """Return an entry like those of a ledger, the same for the same number."""
    fields = event_type(name).all_fields
    digests = {one: hashlib.sha256(f"{n} {one}".encode()).hexdigest() for one in fields}
    at = NOON + timedelta(seconds=n)
    return format_entry(Entry(name, at, UUID(int=n, version=4), digests))


def small(n: int) -> bytes:
    """Return an entry of other people's: a log of them is quickly made."""
    return f"entry {n}".encode()


def publish(
    entries: Sequence[bytes], signers: Sequence[NoteSigner] = (LOG,), origin: str = ORIGIN
) -> Files:
    """Return the files of a log of these entries."""
    files, tower = Files(), Tower()
    for first in range(0, len(entries), WIDTH):
        some = entries[first : first + WIDTH]
        bundle = Tile(None, first // WIDTH, len(some))
        files.held[format_tile(bundle)] = format_bundle(some)
        files.held |= {format_tile(tile): hashes for tile, hashes in tower.add(leaf_hashes(some))}
    files.held |= {format_tile(tile): hashes for tile, hashes in tower.rest()}
    checkpoint = Checkpoint(origin, len(entries), tower.root())
    files.held[CHECKPOINT] = format_note(sign_note(format_checkpoint(checkpoint), signers))
    return files


def flipped(data: bytes, bit: int) -> bytes:
    """Return the data with one bit of it flipped."""
    at = bit // 8
    return data[:at] + bytes([data[at] ^ 1 << bit % 8]) + data[at + 1 :]


def flips(data: bytes, step: int = 1) -> Iterator[bytes]:
    """Return the data once for each bit of it, or each so many, with that bit flipped."""
    return (flipped(data, bit) for bit in range(0, 8 * len(data), step))


Damage = Callable[[bytes], bytes | None]
DAMAGES: dict[str, Damage] = {
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "cut by a byte": lambda data: data[:-1],
    "a byte too long": lambda data: data + b"\0",
}
