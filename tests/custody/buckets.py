"""A bucket in memory that holds a publisher to the contract: nothing that lasts is rewritten."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import VerifierKey, check_note, parse_note
from custody.ledger.publication.bucket import LogBucket
from custody.tree import merkle
from custody.tree.tiles import CHECKPOINT, Tile, format_tile, node_reader, parse_tile, tiles_of
from storage.errors import ConflictError, UnavailableError
from storage.stored import Content


class Fault(StrEnum):
    """What becomes of a write that fails."""

    LOST = "not persisted"
    SILENT = "persisted, and reported as failed"


def no_faults() -> Iterator[Fault | None]:
    while True:
        yield None


@dataclass
class MemoryBucket:
    """Objects, and every checkpoint that was ever shown."""

    faults: Iterator[Fault | None] = field(default_factory=no_faults)
    """Of each write in turn."""
    objects: dict[str, bytes] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    shown: list[bytes] = field(default_factory=list)
    older: int = 0
    writes: int = 0
    away: bool = False

    def put(self, name: str, data: bytes, *, lasting: bool) -> None:
        assert parse_tile(name).full == lasting
        assert data

        def put() -> None:
            # The one rule of the bucket: what stands there stays as it is.
            if name in self.objects:
                if self.objects[name] != data:
                    raise ConflictError("other bytes stand under this key already")
                return
            self.objects[name] = data
            if lasting:
                self.locked.add(name)

        self._write(put)

    def latest(self, name: str) -> Content | None:
        self._require_here()
        data = self.objects.get(name)
        return None if data is None else Content(data, hashlib.md5(data).hexdigest())  # noqa: S324 - as S3's

    def replace(self, name: str, text: bytes, *, instead_of: str | None) -> str:
        assert name == CHECKPOINT
        tag = hashlib.md5(text).hexdigest()  # noqa: S324 - as S3's

        def replace() -> None:
            there = self.latest(name)
            if (there.tag if there else None) != instead_of:
                raise ConflictError("something else stands there by now")
            self.require_whole(text)
            self.objects[name] = text
            self.older += there is not None
            self.shown.append(text)

        self._write(replace)
        return tag

    def clear(self, prefix: str, is_gone: Callable[[str], bool]) -> int:
        self._require_here()
        gone = [name for name in self.objects if name.startswith(prefix) and is_gone(name)]
        for name in gone:
            assert name not in self.locked, "a lock holds"
            self._write(lambda name=name: self.objects.pop(name, None))  # type: ignore[misc]
        return len(gone)

    def clear_older(self, name: str) -> int:
        assert name == CHECKPOINT
        self._require_here()
        gone, self.older = self.older, 0
        return gone

    def _require_here(self) -> None:
        if self.away:
            raise UnavailableError("the store does not answer")

    def _write(self, write: Callable[[], object]) -> None:
        self._require_here()
        self.writes += 1
        fault = next(self.faults)
        if fault is Fault.LOST:
            raise UnavailableError("the store does not answer")
        write()
        if fault is Fault.SILENT:
            raise UnavailableError("the answer was lost")

    def read(self, tile: Tile) -> bytes:
        """Read an object as anybody does."""
        return self.objects[format_tile(tile)]

    def require_whole(self, note: bytes) -> Checkpoint:
        """Demand that all that a checkpoint covers stands there, and makes its root."""
        checkpoint = parse_checkpoint(parse_note(note).text)
        for tile in tiles_of(checkpoint.size):
            assert format_tile(tile) in self.objects, f"{tile} is missing under {checkpoint.size}"
        return checkpoint

    def checked(self, key: VerifierKey) -> list[Checkpoint]:
        """Check every checkpoint that was ever shown against the last; return all of them."""
        checkpoints = []
        for note in self.shown:
            parsed = parse_note(note)
            check_note(parsed, [key])
            checkpoints.append(parse_checkpoint(parsed.text))
        last = checkpoints[-1]
        read = node_reader(last.size, self.read)
        assert merkle.tree_root(last.size, read) == last.root
        for one in checkpoints:
            proof = merkle.prove_consistency(one.size, last.size, read)
            merkle.check_consistency(one.size, last.size, one.root, last.root, proof)
        sizes = [one.size for one in checkpoints]
        assert sizes == sorted(sizes), "a log never shrinks"
        return checkpoints


def log_bucket(bucket: MemoryBucket, key: VerifierKey) -> LogBucket:
    """Publish into it, one object after the other."""
    return LogBucket(bucket, key, at_once=1)
