"""Adapter. A file that holds room for the engines, and is given to them when the disk is full.

Without it a full disk ends the database, which then has no room for its own lock file.
"""

import os
from collections.abc import Callable
from pathlib import Path

from storage.room import KEPT, free_bytes
from storage.wholefiles import sync_directory

SIZE = 96 << 20
"""Six segments of the database's journal."""
_STARVING = 32 << 20
"""With less than this an engine may end at any moment."""


class Reserve:
    """The reserve of one data directory."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._path = folder / "reserve"
        self._say = say

    def tend(self) -> bool:
        """Give the room away, or take it back, as the disk has it; return whether it came back.

        Costs one look at the disk: it is called once a second.
        """
        free = free_bytes(self._path.parent)
        if self._path.exists():
            if free < _STARVING:
                self._path.unlink()
                self._say(
                    "the disk is full: the room kept in reserve now goes to database and store. "
                    "Free some room; nothing that takes any is begun until then"
                )
        elif free >= KEPT + SIZE:
            return self._make()
        return False

    def _make(self) -> bool:
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, SIZE)
        except OSError:
            new.unlink()
            return False  # somebody was faster: the next look tells
        finally:
            os.close(descriptor)
        new.replace(self._path)
        sync_directory(self._path.parent)
        return True
