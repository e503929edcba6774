"""Adapter. The spool: a folder in which the bytes of unfinished uploads wait.

One file for each upload, named by its identifier and by nothing that anybody sent. Whoever works
on one holds the kernel's lock on it, which ends with the process however that ends.
"""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from evidence.errors import StateError
from storage.errors import NoRoomError, NotFoundError, UnavailableError
from storage.room import Room

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpoolFile:
    """The file of one upload, opened and locked."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return os.fstat(self._descriptor).st_size

    def cut(self, size: int) -> None:
        """Cut the file back: what lies behind was never acknowledged."""
        with _our_errors():
            os.ftruncate(self._descriptor, size)

    def write(self, data: bytes, at: int) -> None:
        """Write all of ``data`` at a place. It is not safe before `flush`.

        Raises:
            RefusedError: the disk is full.
            UnavailableError: it cannot be written.
        """
        left = memoryview(data)
        with _our_errors():
            while left:
                written = os.pwrite(self._descriptor, left, at)
                left, at = left[written:], at + written

    def flush(self) -> None:
        """Return once all that was written, and the file's name, will survive a power cut."""
        with _our_errors():
            os.fsync(self._descriptor)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def read(self, size: int, at: int) -> bytes:
        """Return up to ``size`` bytes from a place; none: the end."""
        with _our_errors():
            return os.pread(self._descriptor, size, at)

    def remove(self) -> None:
        """Remove the file; its bytes are elsewhere, or nobody wants them."""
        with _our_errors():
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file, which gives its lock back; once is enough."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Spool:
    """The folder. It is made when the first byte comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: UUID, *, create: bool) -> SpoolFile:
        """Open and lock the file of an upload.

        Raises:
            StateError: somebody else is at it.
            NotFoundError: there is none, and none was to be made.
            UnavailableError: the folder cannot be used.
        """
        path = self._folder / str(name)
        # O_NOFOLLOW: whoever may write here, may not make us write elsewhere.
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        with _our_errors():
            if create:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = SpoolFile(path, os.open(path, flags, 0o600))
            try:
                fcntl.flock(file._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # noqa: SLF001 - one room
            except BlockingIOError as error:
                file.close()
                raise StateError("another request is at this upload: try again soon") from error
            except BaseException:
                file.close()
                raise
        return file

    def nameless(self) -> SpoolFile:
        """Make a file without a name, which ends when it is closed, however that comes about.

        Raises:
            RefusedError, UnavailableError: the disk is full, or the folder cannot be used.
        """
        with _our_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A crash between these two leaves an empty file, which no upload is named by.
            descriptor, path = tempfile.mkstemp(dir=self._folder)
            Path(path).unlink()
        return SpoolFile(Path(path), descriptor)

    @contextmanager
    def opened(self, name: UUID, *, create: bool = False) -> Iterator[SpoolFile]:
        """Open, lock and in the end close the file of an upload; raises as `open`."""
        file = self.open(name, create=create)
        try:
            yield file
        finally:
            file.close()

    def names(self) -> list[UUID]:
        """Return the uploads that have a file here."""
        names = []
        with suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                with suppress(ValueError):
                    names.append(UUID(path.name))
        return names

    def free(self) -> int | None:
        """Return the bytes that uploads may take; None if that cannot be known yet."""
        try:
            return Room(self._folder).free()
        except OSError:
            return None


@contextmanager
def _our_errors() -> Iterator[None]:
    """Turn the system's errors into ours, without the path: it is nobody's business."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError("the spool has no such file") from error
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoomError("there is no room: the disk of the spool is full") from error
        raise UnavailableError(f"the spool cannot be used: {error.strerror}") from error
