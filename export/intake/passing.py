"""Service. The bytes of a file that comes at once: kept aside until all are there, then stored.

Until then they wait in the spool, in a file without a name: a slow sender holds neither a thread
nor an upload to the vault, and whoever breaks off leaves nothing at all.
"""

import hashlib
from types import TracebackType
from typing import Self

from evidence.errors import InvalidError
from export.intake.spool import Spool
from storage.errors import CorruptError, NoRoomError
from storage.objects.store import StoredObject


class Passing:
    """Written to its end, then read to its end. A context manager: leaving it frees the disk.

    ``announced`` is how many bytes will come, if their sender says so: neither more nor less.
    """

    def __init__(self, spool: Spool, announced: int | None) -> None:
        self._spool = spool
        self._announced = announced
        self._require_room(announced or 0)
        self._file = spool.nameless()
        self._digest = hashlib.sha256()
        self._read = 0
        self.size = 0
        """How many bytes came."""

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            InvalidError: that is more than was announced.
            NoRoomError, UnavailableError: the disk is full, or broken.
        """
        if self._announced is not None and self.size + len(data) > self._announced:
            raise self._other(self.size + len(data))
        self._require_room(len(data))
        self._file.write(data, self.size)
        self._digest.update(data)
        self.size += len(data)

    def end(self) -> None:
        """Say that all bytes came.

        Raises:
            InvalidError: that is fewer than were announced.
        """
        if self._announced not in {None, self.size}:
            raise self._other(self.size)

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` of the bytes, from the first on; none: the end."""
        data = self._file.read(size, self._read)
        self._read += len(data)
        return data

    def require_same(self, stored: StoredObject) -> None:
        """See that what was stored are the bytes that came.

        Raises:
            CorruptError: the disk gave back others.
        """
        came = self._digest.hexdigest()
        if stored.sha256 != came:
            raise CorruptError("an upload", expected=came, found=stored.sha256)

    def _require_room(self, size: int) -> None:
        free = self._spool.free()
        if free is not None and free < size:
            raise NoRoomError(
                f"there is no room: {free:,} bytes are free where uploads wait. Nothing was taken "
                "in"
            )

    def _other(self, came: int) -> InvalidError:
        return InvalidError(
            "body", f"{self._announced} bytes were announced, {came} came: send it again"
        )

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the bytes go."""
        self._file.close()
