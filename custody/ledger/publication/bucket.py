"""Adapter. The log's bucket: objects that are put once, and the checkpoint that goes last.

What was published last, the bucket's own checkpoint says; nothing else is remembered. So a crash
at any moment, a bucket that was emptied, and an installation of before are one case: whatever the
newest checkpoint there does not cover is put again, and what stands there already is compared.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from custody.errors import CustodyError, FormatError, LogStateError, NotPublishedError
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import VerifierKey, check_note, parse_note
from custody.tree.growth import is_superseded
from custody.tree.tiles import CHECKPOINT, HEIGHT, WIDTH, Tile, format_tile, parse_tile
from storage.errors import ConflictError, StorageError
from storage.stored import Content

_AT_ONCE = 8
"""Objects that are put at the same time: most of the time of each goes by in waiting."""


class Objects(Protocol):
    """Where a log is published."""

    def put(self, name: str, data: bytes, *, lasting: bool) -> None:
        """Put an object, or find that it stands there already; ConflictError: another one does."""
        ...

    def latest(self, name: str) -> Content | None:
        """Read what stands under a name now."""
        ...

    def replace(self, name: str, text: bytes, *, instead_of: str | None) -> str:
        """Put a text in the place of another, by its tag; ConflictError: it is not there now."""
        ...

    def clear(self, prefix: str, is_gone: Callable[[str], bool]) -> int:
        """Delete what is below a prefix and of no use any more."""
        ...

    def clear_older(self, name: str) -> int:
        """Delete what an object was before."""
        ...


class LogBucket:
    """Publishes one log; not safe to share between threads."""

    def __init__(self, objects: Objects, key: VerifierKey, *, at_once: int = _AT_ONCE) -> None:
        """``key`` is the log's: a checkpoint of anybody else is none of ours."""
        self._objects = objects
        self._key = key
        self._at_once = at_once
        self._tag: str | None = None

    def look(self) -> Checkpoint | None:
        """Read what was published last; None: nothing yet.

        Raises:
            NotPublishedError: the bucket does not say.
            LogStateError: what stands there is not of this log.
        """
        with _ours("say what was published"):
            found = self._objects.latest(CHECKPOINT)
        self._tag = None if found is None else found.tag
        return None if found is None else self._read(found.data)

    def _read(self, data: bytes) -> Checkpoint:
        try:
            note = parse_note(data)
            check_note(note, [self._key])
            checkpoint = parse_checkpoint(note.text)
        except CustodyError as error:
            raise LogStateError(
                f"the checkpoint in the log's bucket is none of the log {self._key.name}: {error}. "
                "Somebody wrote to the bucket, or it is another log's"
            ) from error
        if checkpoint.origin != self._key.name:
            raise LogStateError(
                f"the checkpoint in the log's bucket is of the log {checkpoint.origin}, and this "
                f"is {self._key.name}: name another bucket"
            )
        return checkpoint

    def put(self, objects: Sequence[tuple[Tile, bytes]]) -> None:
        """Put what a log's growth adds; each object is put once, and compared where it stands.

        Raises:
            NotPublishedError: not all of it stands there now. Put all of it again.
            LogStateError: other bytes stand there.
        """
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="publish") as pool:
            put = [pool.submit(self._put, tile, data) for tile, data in objects]
        for one in put:
            one.result()

    def _put(self, tile: Tile, data: bytes) -> None:
        name = format_tile(tile)
        with _ours(f"take {name}"):
            try:
                self._objects.put(name, data, lasting=tile.full)
            except ConflictError as error:
                raise LogStateError(
                    f"the log's bucket holds another {name} than these entries make: somebody "
                    f"wrote to it, or to the database ({error})"
                ) from error

    def show(self, note: bytes) -> None:
        """Publish a checkpoint, whose objects all stand there.

        Raises:
            NotPublishedError: it may be there now, or not; somebody else may have published one.
        """
        with _ours("take a checkpoint"):
            self._tag = self._objects.replace(CHECKPOINT, note, instead_of=self._tag)

    def collect(self, since: int, size: int) -> int:
        """Clear away what a published log of ``size`` made superfluous since it had ``since``.

        Return how many objects went.

        Raises:
            NotPublishedError: not all of it is gone. Begin again.
        """
        with _ours("clear away partial tiles"):
            gone = sum(
                self._objects.clear(prefix, lambda name: _is_gone(name, size))
                for prefix in _partials(since, size)
            )
            return gone + self._objects.clear_older(CHECKPOINT)


def _partials(since: int, size: int) -> Iterator[str]:
    """Name the folders that may hold partial objects of logs from ``since`` to ``size``."""
    for level in (None, *range(HEIGHT)):
        first, last = (one >> HEIGHT * (level or 0) for one in (since, size))
        if last:
            for number in range(first // WIDTH, last // WIDTH + 1):
                yield f"{format_tile(Tile(level, number))}.p/"


def _is_gone(name: str, size: int) -> bool:
    try:
        return is_superseded(parse_tile(name), size)
    except FormatError:  # nothing of ours
        return False


@contextmanager
def _ours(what: str) -> Iterator[None]:
    """Say of any trouble with the bucket what it means for the log."""
    try:
        yield
    except StorageError as error:
        raise NotPublishedError(f"the log's bucket does not {what}: {error}") from error
