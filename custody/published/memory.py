"""Adapter. What a monitor remembers between two looks: one file, and what it found beside it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custody.formats.checkpoint import Checkpoint
from custody.tree.places import MAX_CHECKPOINT_BYTES
from storage.wholefiles import PUBLIC, write_whole


class Memory:
    """The last checkpoint that was seen of a log, as it was signed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep others from this memory meanwhile; False: another one is at it."""
        with self._path.with_name(f"{self._path.name}.lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def recall(self) -> bytes | None:
        """Return what is remembered; None: nothing yet."""
        try:
            with self._path.open("rb") as file:
                return file.read(MAX_CHECKPOINT_BYTES + 1)
        except FileNotFoundError:
            return None

    def remember(self, note: bytes) -> None:
        """Put a checkpoint in the place of the one before; a crash leaves one of the two."""
        write_whole(self._path, note, mode=PUBLIC)

    def keep(self, note: bytes, checkpoint: Checkpoint) -> Path:
        """Keep a checkpoint as evidence, in a file named by its size and root; return where."""
        name = f"{self._path.name}.{checkpoint.size}-{checkpoint.root.hex()[:16]}.checkpoint"
        path = self._path.with_name(name)
        if not path.exists():
            write_whole(path, note, mode=PUBLIC)
        return path
