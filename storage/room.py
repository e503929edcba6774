"""Adapter. The room on the disk of the engines: what is kept for them, and what is left for others.

A database that cannot write its journal ends, and one without room for its lock file cannot start
again. So nothing large is begun where it would take what the engines need to go on.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.errors import NoRoomError

KEPT = 512 << 20
"""Bytes that nothing but the engines may take: the database's journal grows to half of it."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is left on the disk below a folder, which need not be there yet."""

    folder: Path

    def free(self) -> int:
        """Return the bytes that footage may take."""
        return max(0, free_bytes(self.folder) - KEPT)

    def words(self) -> str:
        """Return "ok", or a sentence that says how full the disk is."""
        free = free_bytes(self.folder)
        if free > KEPT:
            return "ok"
        return (
            f"the disk is full: {free:,} bytes are free, and {KEPT:,} are kept for database and "
            "store; intake and sealing wait for room"
        )

    def require(self, size: int) -> None:
        """See that there is room for ``size`` bytes.

        Raises:
            NoRoomError: there is none; nothing was written.
        """
        free = self.free()
        if size > free:
            raise NoRoomError(
                f"there is no room: {size:,} bytes are needed and {free:,} are free, beside "
                f"{KEPT:,} that are kept for database and store. What was taken in is safe; free "
                "some room on the disk, and the work goes on by itself"
            )


Require = Callable[[int], None]
"""`Room.require`, or what takes its place where somebody else runs the engines."""


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk on which ``folder`` is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
