"""Adapter. Objects as files of a folder, named after their SHA-256: the same bytes lie there once.

    objects/ab/abcdef…      the bytes, read-only

A file is there only whole: it is written beside its place, hashed on the way, put on the disk, and
then named. So whoever is killed leaves the copies that were made, and at most one file to remove.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from storage.errors import CorruptError, NotFoundError
from storage.wholefiles import sync_directory

_CHUNK = 1 << 20
_PART = ".part"
Told = Callable[[int], None]
"""Told how many bytes more were done."""


def _silent(_bytes: int) -> None:
    return


class Copies:
    """The copies in one folder. For one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, sha256: str, size: int) -> bool:
        """Tell whether a copy is there, by name and size; its bytes are not read."""
        try:
            return self.path(sha256).stat().st_size == size
        except OSError:
            return False

    def path(self, sha256: str) -> Path:
        """Return where a copy lies, or would."""
        return self._folder / sha256[:2] / sha256

    def add(self, sha256: str, size: int, chunks: Iterable[bytes], tell: Told = _silent) -> None:
        """Copy what ``chunks`` give, and keep it if it is what was promised.

        Raises:
            CorruptError: other bytes came; nothing is kept.
        """
        place = self.path(sha256)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = place.with_name(place.name + _PART)
        part.unlink(missing_ok=True)
        digest, done = hashlib.sha256(), 0
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:  # noqa: PTH123 - the mode is set from the first moment
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
                done += len(chunk)
                tell(len(chunk))
            file.flush()
            os.fsync(file.fileno())
        if (digest.hexdigest(), done) != (sha256, size):
            part.unlink()
            raise CorruptError(
                "an object",
                expected=f"{sha256}, {size} bytes",
                found=f"{digest.hexdigest()}, {done}",
            )
        # A crash here leaves a whole copy under its working name, which the next try writes anew.
        part.replace(place)
        sync_directory(place.parent)

    def verify(self, sha256: str, size: int, tell: Told = _silent) -> None:
        """Read a copy to its end.

        Raises:
            NotFoundError: it is not there.
            CorruptError: it holds other bytes.
        """
        found = digest_of(self.path(sha256), tell)
        if found != (sha256, size):
            raise CorruptError(
                f"{self.path(sha256)}",
                expected=f"{sha256}, {size} bytes",
                found=f"{found[0]}, {found[1]}",
            )


def digest_of(path: Path, tell: Told = _silent) -> tuple[str, int]:
    """Return SHA-256 and size of a file, however large.

    Raises:
        NotFoundError: it is not there, or cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                tell(len(chunk))
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest(), size
