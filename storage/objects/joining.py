"""Pure. How to join bytes and stored objects into one object without carrying the large ones.

S3 joins parts (CompleteMultipartUpload). A part is sent by us, or copied inside the store from a
range of an object (UploadPartCopy). Every part but the last must have 5 MiB at least, and there
are 10,000 at most. So short bytes before a large object are filled up with that object's first
bytes, which go through us, and the rest of it is copied.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from storage.stored import StoredObject

_MIB = 1024 * 1024
LEAST_PART = 5 * _MIB
MOST_PARTS = 10_000
MOST_SENT = 8 * _MIB
"""Through us go parts of this size, unless there would be too many."""
MOST_COPIED = 1024 * _MIB
"""One copy request; S3 allows 5 GiB, and a store answers only when it is done."""
_STEPS = (LEAST_PART, 16 * _MIB, 64 * _MIB)
"""Least part sizes to try until the parts are few enough: the last holds to 625 GiB."""


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes that are in memory: a ZIP header, a small file."""

    data: bytes

    @property
    def size(self) -> int:
        """Bytes that this piece adds."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a stored object."""

    stored: StoredObject
    start: int
    length: int

    def __post_init__(self) -> None:
        if self.start < 0 or self.length < 0 or self.start + self.length > self.stored.size:
            raise ValueError(
                f"bytes {self.start} to {self.start + self.length} are not within"
                f" an object of {self.stored.size}"
            )

    @property
    def size(self) -> int:
        """Bytes that this piece adds."""
        return self.length

    @property
    def whole(self) -> bool:
        """Say whether this is all of the object, whose CRC-32 is then known."""
        return self.length == self.stored.size


Piece = Inline | Span


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part whose bytes go through us."""

    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Bytes of this part."""
        return sum(piece.size for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class CopiedPart:
    """A part that the store copies from a range of an object."""

    stored: StoredObject
    start: int
    length: int

    @property
    def size(self) -> int:
        """Bytes of this part."""
        return self.length


Part = UploadedPart | CopiedPart


def whole(stored: StoredObject) -> Span:
    """Take all of an object as one piece."""
    return Span(stored, 0, stored.size)


def plan_parts(pieces: Sequence[Piece]) -> list[Part]:
    """Plan the parts whose bytes, one after another, are those of the pieces.

    Every part but the last has ``LEAST_PART`` bytes at least, and no part is empty. At most 10 MiB
    of an object go through us, as long as 10,000 parts suffice.

    Raises: ValueError when no 10,000 parts hold it (beyond some 600 GiB of small pieces).
    """
    for least in _STEPS:
        parts = list(_parts(pieces, least))
        if len(parts) <= MOST_PARTS:
            return parts
    raise ValueError(f"{len(pieces)} pieces do not fit into {MOST_PARTS} parts")


def _parts(pieces: Iterable[Piece], least: int) -> Iterator[Part]:
    waiting = _Waiting(max(least, MOST_SENT))
    for piece in pieces:
        if isinstance(piece, Span):
            missing = max(0, least - waiting.size) if waiting.size else 0
            if piece.length - missing >= least:
                yield from waiting.add(Span(piece.stored, piece.start, missing))
                yield from waiting.flush()
                yield from _copies(piece.stored, piece.start + missing, piece.length - missing)
                continue
        yield from waiting.add(piece)
    yield from waiting.flush()


def _copies(stored: StoredObject, start: int, length: int) -> Iterator[CopiedPart]:
    """Split a range into copies of about equal size, so that no short one is left over."""
    count = -(-length // MOST_COPIED)
    for number in range(count):
        first, last = length * number // count, length * (number + 1) // count
        yield CopiedPart(stored, start + first, last - first)


class _Waiting:
    """Pieces that will go through us, gathered into parts of ``most`` bytes."""

    def __init__(self, most: int) -> None:
        self.size = 0
        self._most = most
        self._pieces: list[Piece] = []

    def add(self, piece: Piece) -> Iterator[UploadedPart]:
        taken = 0
        while taken < piece.size:
            room = min(self._most - self.size, piece.size - taken)
            self._pieces.append(_cut(piece, taken, room))
            self.size += room
            taken += room
            if self.size == self._most:
                yield from self.flush()

    def flush(self) -> Iterator[UploadedPart]:
        if self._pieces:
            yield UploadedPart(tuple(self._pieces))
        self._pieces, self.size = [], 0


def _cut(piece: Piece, start: int, length: int) -> Piece:
    if isinstance(piece, Span):
        return Span(piece.stored, piece.start + start, length)
    return piece if length == piece.size else Inline(piece.data[start : start + length])
