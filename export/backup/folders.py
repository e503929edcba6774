"""Adapter. The folder of backups: one folder a run, and the copies of objects that all runs share.

DIR/lock                       held by whoever writes here
DIR/objects/ab/abcdef…         copies of objects (storage/backup/copies)
DIR/2026-11-22T12-30-00Z/      one run: database.dump, objects.jsonl, council.toml,
                               witnesses.policy if the log has witnesses, and last
                               manifest.json; without it the run did not get to its end
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from custody.errors import FormatError
from export.backup.manifest import MANIFEST, MAX_MANIFEST_BYTES, Manifest, parse_manifest
from storage.backup.copies import Copies
from storage.embedded.directory import private_directory
from storage.errors import ConflictError, NotFoundError, RefusedError
from storage.wholefiles import sync_directory, write_whole

OBJECTS_FOLDER = "objects"
_LOCK = "lock"
_RUN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z")


class BackupFolder:
    """One folder of backups, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.path = folder.absolute()
        self.copies = Copies(self.path / OBJECTS_FOLDER)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the folder for one process, made if it is not there.

        Raises:
            RefusedError: it holds something else.
            ConflictError: another backup is being written there.
        """
        if self.path.exists() and not self._ours():
            raise RefusedError(
                f"{self.path} holds something else than backups: name a folder of their own"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        private_directory(self.path)
        handle = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise ConflictError(f"another backup is being written to {self.path}") from None
        try:
            yield
        finally:
            os.close(handle)

    def _ours(self) -> bool:
        return all(
            entry.name in (_LOCK, OBJECTS_FOLDER) or _RUN.fullmatch(entry.name)
            for entry in self.path.iterdir()
        )

    def begin(self, at: datetime) -> Path:
        """Make the folder of a new run, and remove those of runs that were killed.

        What they copied of objects stays, and is not copied again.
        """
        for run in self._runs():
            if not (run / MANIFEST).exists():
                shutil.rmtree(run)
        new = self.path / f"{at:%Y-%m-%dT%H-%M-%SZ}"
        if new.exists():
            raise ConflictError(f"{new} is there already: try again in a second")
        return private_directory(new)

    def finish(self, run: Path, manifest: bytes) -> None:
        """Write the manifest of a run, once all else of it is on the disk: now it counts."""
        for entry in run.iterdir():
            with entry.open("rb") as file:
                os.fsync(file.fileno())
        sync_directory(run)
        write_whole(run / MANIFEST, manifest)
        sync_directory(self.path)

    def newest(self) -> Path | None:
        """Return the newest run that got to its end."""
        whole = [run for run in self._runs() if (run / MANIFEST).exists()]
        return max(whole, default=None)

    def _runs(self) -> list[Path]:
        if not self.path.is_dir():
            return []
        return [entry for entry in self.path.iterdir() if _RUN.fullmatch(entry.name)]


def find_run(folder: Path) -> tuple[Path, Copies]:
    """Return the run that is meant, the newest of a folder of backups, and the copies it has.

    Raises:
        NotFoundError: there is no backup that got to its end.
    """
    folder = folder.absolute()
    run = folder if (folder / MANIFEST).exists() else BackupFolder(folder).newest()
    if run is None:
        raise NotFoundError(f"there is no backup in {folder}: none has a {MANIFEST}")
    return run, Copies(run.parent / OBJECTS_FOLDER)


def read_manifest(run: Path) -> tuple[Manifest, bytes]:
    """Return what a run says of itself, and its bytes.

    Raises:
        NotFoundError, FormatError: the message names the file.
    """
    path = run / MANIFEST
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
        return parse_manifest(data), data
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
