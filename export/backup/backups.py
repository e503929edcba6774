"""Service. Writes one backup: the database as it was at one moment, and every object it names.

The moment is a snapshot of the database. Objects never change, so they are copied after it, each
compared with the SHA-256 on record, and only those that no earlier run has. May be killed at any
moment: the manifest comes last, and the next run goes on with the copies that were made.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import make_url, text
from sqlmodel import Session

from custody.audit.streams import take_snapshot
from custody.ledger.tables import LogStateRow
from export.backup.folders import BackupFolder, read_manifest
from export.backup.manifest import (
    COUNCIL,
    DUMP,
    FILES,
    OBJECTS,
    POLICY,
    BackupFile,
    BackupObject,
    Manifest,
    format_manifest,
    format_object,
    parse_object,
)
from export.backup.named import named_objects
from storage.backup.copies import digest_of
from storage.backup.dump import dump
from storage.errors import (
    CorruptError,
    NoRoomError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from storage.objects.reading import MOST_OTHERS, ObjectReader
from storage.room import free_bytes
from storage.stored import Lock
from storage.version import software
from storage.wholefiles import write_whole

_TODO = "objects.todo"
_UNKNOWN = Lock(None, None, legal_hold=False)
_SPARE = 64 << 20
"""Bytes that a backup leaves on its disk."""

Told = Callable[[int, int], None]
"""Told how many bytes of objects are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class House:
    """Whose backup it is."""

    council: str
    origin: str
    council_file: bytes
    policy_file: bytes | None
    """Which witnesses are asked, in the file that council.toml names; None: it names none."""
    owner_url: str
    app_url: str


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that got to its end."""

    run: Path
    manifest: Manifest
    copied: int
    """Objects that no earlier run had."""
    lacking: tuple[BackupObject, ...]
    """The first of those that the store did not have as they were stored."""


class Backups:
    """Writes backups of one house."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        vault: ObjectReader,
        house: House,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._vault = vault
        self._house = house
        self._clock = clock

    def make(self, folder: BackupFolder, tell: Told) -> Made:
        """Write one run into ``folder``.

        Raises:
            ConflictError, RefusedError: the folder is in use, or another house's.
            NoRoomError: nothing was copied.
            StorageError: it did not get to its end; what was copied is kept for the next run.
        """
        with folder.taken():
            self._refuse_others(folder)
            at = self._clock().replace(microsecond=0)
            run = folder.begin(at)
            texts = _texts(self._house)
            for name, content in texts.items():
                write_whole(run / name, content)
            size, root, total, new = self._snapshot(folder, run)
            self._require_room(folder, new)
            counted = _Copying(self._vault, folder, tell, total)
            counted.copy(run)
            manifest = Manifest(
                made_at=at,
                software=software(),
                council=self._house.council,
                origin=self._house.origin,
                role=make_url(self._house.app_url).username or "",
                log_size=size,
                log_root=root,
                files={name: _file(run / name) for name in {*FILES, *texts}},
                objects=counted.count,
                object_bytes=counted.bytes,
                lacking=counted.lacking,
            )
            folder.finish(run, format_manifest(manifest))
        return Made(run, manifest, counted.copied, tuple(counted.first_lacking))

    def _refuse_others(self, folder: BackupFolder) -> None:
        newest = folder.newest()
        if newest is None:
            return
        found, _ = read_manifest(newest)
        if found.origin != self._house.origin:
            raise RefusedError(
                f"{folder.path} holds backups of the log {found.origin}, and this is "
                f"{self._house.origin}: name another folder"
            )

    def _snapshot(self, folder: BackupFolder, run: Path) -> tuple[int, bytes, int, int]:
        """Dump the database, and list its objects, as of one moment.

        Return size and root of the log then, and the bytes of all objects and of the new ones.
        """
        total = new = 0
        with self._begin() as session:
            take_snapshot(session)
            snapshot = str(session.execute(text("SELECT pg_export_snapshot()")).scalar_one())
            state = session.get_one(LogStateRow, 1)
            dump(self._house.owner_url, run / DUMP, snapshot=snapshot)
            with (run / _TODO).open("wb") as todo:
                for stored in named_objects(session):
                    todo.write(format_object(BackupObject(stored, _UNKNOWN)))
                    total += stored.size
                    new += 0 if folder.copies.has(stored.sha256, stored.size) else stored.size
            return state.size, state.root, total, new

    def _require_room(self, folder: BackupFolder, size: int) -> None:
        free = max(0, free_bytes(folder.path) - _SPARE)
        if size > free:
            raise NoRoomError(
                f"there is no room in {folder.path}: {size:,} bytes are to be copied, and {free:,} "
                "are free. Nothing was copied"
            )


class _Copying:
    """Copies the objects of one run, and counts."""

    def __init__(self, vault: ObjectReader, folder: BackupFolder, tell: Told, total: int) -> None:
        self._vault = vault
        self._copies = folder.copies
        self._tell = tell
        self._total = total
        self._done = 0
        self.count = self.bytes = self.copied = self.lacking = 0
        self.first_lacking: list[BackupObject] = []

    def copy(self, run: Path) -> None:
        """Copy what the list of the run names, and write the list as it belongs to the backup."""
        todo = run / _TODO
        with (run / OBJECTS).open("wb") as written:
            for line in _lines(todo):
                one = self._one(parse_object(line), todo)
                written.write(format_object(one))
                if one.lacking:
                    self.lacking += 1
                    self.first_lacking = [*self.first_lacking, one][:20]
                else:
                    self.count, self.bytes = self.count + 1, self.bytes + one.stored.size
        todo.unlink()

    def _one(self, wanted: BackupObject, todo: Path) -> BackupObject:
        stored = wanted.stored
        try:
            lock = self._vault.lock(stored.key, stored.version)
            if self._copies.has(stored.sha256, stored.size):
                self._told(stored.size)
            else:
                with self._vault.open(stored.key, stored.version) as stream:
                    self._copies.add(stored.sha256, stored.size, stream, self._told)
                self.copied += 1
        except (CorruptError, NotFoundError) as error:
            # The rest is worth having all the more.
            return BackupObject(stored, _UNKNOWN, str(error) or "it is gone")
        except UnavailableError as error:
            named = (parse_object(line).stored for line in _lines(todo))
            others = islice((one for one in named if one.version != stored.version), MOST_OTHERS)
            if (damage := self._vault.damaged(stored, error, others)) is None:
                raise
            return BackupObject(stored, _UNKNOWN, str(damage))
        until = None if lock.until is None else lock.until.replace(microsecond=0)
        return BackupObject(stored, Lock(lock.mode, until, lock.legal_hold))

    def _told(self, size: int) -> None:
        self._done += size
        self._tell(self._done, self._total)


def _texts(house: House) -> dict[str, bytes]:
    """Return what a house cannot start without, beside its data and its keys."""
    texts = {COUNCIL: house.council_file}
    return texts if house.policy_file is None else {**texts, POLICY: house.policy_file}


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _file(path: Path) -> BackupFile:
    sha256, size = digest_of(path)
    return BackupFile(size, sha256)
