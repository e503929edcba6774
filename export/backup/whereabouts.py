"""Service. What the store calls a version that is on record: another name, after a restore.

Most houses were never restored, and ask once. Others ask for each version, and keep the last ones.
A restore happens while nothing else runs, so what was found once stays true.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache

from sqlmodel import Session, select

from export.backup.tables import RestoredObjectRow

_KEPT = 4096


class RestoredObjects:
    """Tells where versions are now."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Session]]) -> None:
        self._begin = begin
        self._any: bool | None = None
        self._found = lru_cache(_KEPT)(self._find)

    def where(self, bucket: str, key: str, version: str) -> str:
        """Return the version to ask the store for.

        Raises:
            UnavailableError: the database does not answer. Safe to retry.
        """
        if self._any is None:
            with self._begin() as session:
                self._any = session.exec(select(RestoredObjectRow).limit(1)).first() is not None
        return self._found(bucket, key, version) if self._any else version

    def _find(self, bucket: str, key: str, version: str) -> str:
        with self._begin() as session:
            row = session.get(RestoredObjectRow, (bucket, key, version))
            return version if row is None else row.now
