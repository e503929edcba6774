"""Service. The bytes of one request on their way to the disk: flushed, then acknowledged."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from evidence.errors import InvalidError
from export.intake.spool import SpoolFile
from export.intake.tus import Checksum

SEGMENT = 64 << 20
"""So many bytes at most are lost when the power fails in the middle of a request."""


class ChecksumError(InvalidError):
    """The bytes of a request are not the ones that its sender hashed; send them again."""

    def __init__(self) -> None:
        super().__init__(
            "Upload-Checksum",
            "the bytes changed on the way: none of them was kept, send them again",
        )


class Incoming:
    """The body of one request. It holds the file's lock, and ends with `finish` or `close`.

    ``start`` is where the upload stands, ``length`` what it has in the end. ``acknowledge`` records
    that so many bytes from there on, with this SHA-256, are on the disk.
    """

    def __init__(
        self,
        file: SpoolFile,
        *,
        start: int,
        length: int,
        checksum: Checksum | None,
        expires_at: datetime,
        acknowledge: Callable[[int, int, str], None],
    ) -> None:
        self._file = file
        self._length = length
        self._acknowledged = self._at = start
        self._digest = hashlib.sha256()
        self._checksum = checksum
        self._body = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._record = acknowledge
        self.expires_at = expires_at
        """Until when the upload waits for its next byte, once this is acknowledged."""

    @property
    def received(self) -> int:
        """How many bytes of the upload are acknowledged."""
        return self._acknowledged

    def write(self, data: bytes) -> None:
        """Take the next bytes of the request.

        Raises:
            InvalidError: that is more than was missing; what was not acknowledged is gone.
            RefusedError, UnavailableError: the disk is full, or broken; likewise.
        """
        if self._at + len(data) > self._length:
            self._drop()
            raise surplus(self._length)
        try:
            self._file.write(data, self._at)
        except BaseException:
            self._drop()
            raise
        self._at += len(data)
        self._digest.update(data)
        if self._body is not None:
            self._body.update(data)
        # The last segment waits for the end of the request: there may be more than there should.
        elif self._at - self._acknowledged >= SEGMENT and self._at < self._length:
            self._acknowledge()

    def finish(self, *, cut_off: bool = False) -> int:
        """Acknowledge what came; return how many bytes the upload has.

        Raises:
            ChecksumError: it is not what its sender hashed; nothing of this request was kept.
        """
        # A request with a checksum is kept whole or not at all (tus, "Checksum").
        if self._checksum is not None and (cut_off or not self._is_as_hashed(self._checksum)):
            self._drop()
            raise ChecksumError
        if self._at > self._acknowledged:
            self._acknowledge()
        self.close()
        return self._acknowledged

    def _is_as_hashed(self, checksum: Checksum) -> bool:
        return self._body is not None and hmac.compare_digest(self._body.digest(), checksum.digest)

    def _acknowledge(self) -> None:
        start, length = self._acknowledged, self._at - self._acknowledged
        try:
            self._file.flush()
            # A crash here leaves bytes that nobody was told of: the next request cuts them off.
            self._record(start, length, self._digest.hexdigest())
        except BaseException:
            # The commit may have happened; whoever comes next asks the database.
            self.close()
            raise
        self._acknowledged = self._at
        self._digest = hashlib.sha256()

    def _drop(self) -> None:
        try:
            self._file.cut(self._acknowledged)
        finally:
            self.close()

    def close(self) -> None:
        """Let the upload go. What was not acknowledged is as if it had never come."""
        self._file.close()


def surplus(length: int) -> InvalidError:
    """Return what is wrong with a request that brings, or announces, more than is missing."""
    return InvalidError("Upload-Offset", f"more came than the {length} bytes that were announced")
