"""Service. Puts objects of a backup into a store, each locked and held as it was.

A version that the store still has, with the right bytes, stays. Another one is put under its old
key; the store names it anew, and a row says how (`whereabouts`). May be killed at any moment and
called again: what is there under a key is read, and taken if it is the same.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from export.backup.manifest import MAX_LINE_BYTES, OBJECTS, BackupObject, parse_object
from export.backup.tables import RestoredObjectRow
from storage.backup.copies import Copies
from storage.errors import ConflictError, CorruptError, NotFoundError
from storage.objects.store import ObjectStore
from storage.stored import Lock, LockMode, Retention

PutterOf = Callable[[Retention | None, Callable[[], datetime]], ObjectStore]
"""Returns the vault as the identity that takes in sees it, for one way to lock; the clock tells
until when."""
Told = Callable[[int], None]
"""Told how many bytes more were done."""


def objects_of(run: Path) -> Iterator[BackupObject]:
    """Yield what a run says of each object.

    Raises:
        FormatError: a line says something else.
    """
    with (run / OBJECTS).open("rb") as lines:
        while line := lines.readline(MAX_LINE_BYTES + 1):
            yield parse_object(line)


class Returns:
    """Puts objects back."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        putter: PutterOf,
        holder: ObjectStore,
        copies: Copies,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """``holder`` is the vault as the identity sees it that may hold; no version translated."""
        self._begin = begin
        self._copies = copies
        self._holder = holder
        self._clock = clock
        self._until = clock()
        modes: tuple[LockMode, ...] = ("GOVERNANCE", "COMPLIANCE")
        self._putters: dict[str | None, ObjectStore] = {
            mode: putter(Retention(days=0, mode=mode), lambda: self._until) for mode in modes
        }
        self._putters[None] = putter(None, clock)

    def close(self) -> None:
        """Close the connections to the store."""
        for store in self._putters.values():
            store.close()

    def put_back(self, one: BackupObject, tell: Told) -> None:
        """Put one object back, unless it is there.

        Raises:
            ConflictError: something else stands under its key.
            StorageError: it is not back.
        """
        stored, lock = one.stored, one.lock
        if not self._stands(one, stored.version):
            version = self._version_under_key(one) or self._put(one)
            with self._begin() as session:
                session.merge(
                    RestoredObjectRow(
                        bucket=stored.bucket,
                        key=stored.key,
                        version=stored.version,
                        now=version,
                        restored_at=self._clock(),
                    )
                )
            if lock.legal_hold:
                self._holder.hold(stored.key, version, on=True)
        tell(stored.size)

    def _stands(self, one: BackupObject, version: str) -> bool:
        """Tell whether the store has this version, byte for byte."""
        try:
            return self._holder.fingerprint(one.stored.key, version) == one.stored.fingerprint
        except (NotFoundError, CorruptError):
            return False

    def _version_under_key(self, one: BackupObject) -> str | None:
        """Return the version that an earlier try put; None: nothing stands under the key."""
        found = self._holder.find(one.stored.key)
        if found is None:
            return None
        if not self._stands(one, found.version):
            raise ConflictError(
                f"other bytes stand in the store under {one.stored.key}: restore into an empty one"
            )
        return found.version

    def _put(self, one: BackupObject) -> str:
        stored = one.stored
        store = self._putters[self._mode(one.lock)]
        with self._copies.path(stored.sha256).open("rb") as file:
            put = store.put_stream(stored.key, file, size=stored.size)
        if put.sha256 != stored.sha256:
            raise CorruptError("a copy", expected=stored.sha256, found=put.sha256)
        return put.version

    def _mode(self, lock: Lock) -> LockMode | None:
        """Choose how an object is locked; a lock that has ended meanwhile is set no more."""
        if lock.mode is None or lock.until is None or lock.until <= self._clock():
            return None
        self._until = lock.until
        return lock.mode
