"""Service. Takes bytes in: streamed into the vault, hashed in passing, locked, then recorded."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.errors import InvalidError, StateError, UnknownError
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.wording import check_words
from export.intake.malware import NOT_SCANNED
from export.intake.tables import UploadRow
from storage.columns import stored_columns
from storage.errors import NoRoomError
from storage.objects.store import ObjectStore, Readable, StoredObject

_LONGEST = 1000
"""Characters in a file name: far above what any file system allows."""
_MOST_REASON = 2000
_ROOM = 3
"""A clip needs room for itself, a working copy and a package."""


class Intake:
    """Receives footage into the vault; `export/holdings/masters` makes exhibits of it."""

    def __init__(
        self,
        vault: ObjectStore,
        *,
        new_id: Callable[[], UUID],
        free_bytes: Callable[[], int | None],
    ) -> None:
        self._vault = vault
        self._new_id = new_id
        self._free_bytes = free_bytes

    def store(
        self,
        source: Readable,
        *,
        by: Subject,
        size: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> StoredObject:
        """Stream a file into the vault, hashed in passing, locked there; return what was stored.

        A crash after this leaves a locked object that no record names; it stays until its
        retention ends.

        Raises:
            AccessRefusedError: ``by`` may not take anything in.
            NoRoomError: there is no room for it.
            StorageError: it was not stored.
        """
        require(Action.ADD_EXHIBIT, by)
        if size is not None:
            self.require_room(size)
        return self.put(source, size=size, progress=progress)

    def require_room(self, size: int, *, promised: int = 0) -> None:
        """See that there is room for a clip, beside the bytes ``promised`` to others.

        Raises:
            NoRoomError: there is none.
        """
        free = self._free_bytes()
        if free is not None and (size + promised) * _ROOM > free:
            beside = f", {promised * _ROOM:,} of them promised to other uploads" if promised else ""
            raise NoRoomError(
                f"there is no room: a clip of {size:,} bytes needs {size * _ROOM:,} (for itself, a "
                f"copy and a package), and {free:,} are free for it{beside}. Nothing was taken in"
            )

    def put(
        self,
        source: Readable,
        *,
        size: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> StoredObject:
        """Do what `store` does, for bytes that somebody was allowed to bring in before.

        Raises:
            StorageError: it was not stored.
        """
        return self._vault.put_stream(
            f"uploads/{self._new_id()}", source, size=size, progress=progress
        )

    def keep(
        self, session: Session, stored: StoredObject, *, at: datetime, scan: str = NOT_SCANNED
    ) -> UUID:
        """Record that bytes arrived, and what the malware scanner said of them.

        Return the identifier by which an exhibit claims them.
        """
        upload = self._new_id()
        session.add(
            UploadRow(
                id=upload,
                stored_at=at,
                scan=scan,
                **stored_columns(stored),
            )
        )
        session.flush()
        return upload

    def claimable(self, session: Session, upload: UUID) -> UploadRow:
        """Return an upload that no exhibit has claimed, locked.

        Raises:
            UnknownError, StateError: there is none, or it belongs to an exhibit.
        """
        row = session.get(UploadRow, upload, with_for_update=True)
        if row is None:
            raise UnknownError(f"there is no upload {upload}")
        if row.exhibit is not None:
            raise StateError(f"upload {upload} belongs to an exhibit already")
        if row.removed_at is not None:
            raise StateError(f"upload {upload} was removed: {row.removed_reason}")
        return row

    def remove(
        self, session: Session, upload: UUID, *, by: Subject, at: datetime, reason: str
    ) -> UploadRow:
        """Say of an upload that no exhibit has claimed that it was a mistake, and why.

        Nothing is deleted: its bytes stay in the vault until their retention ends, and its row
        says who removed it. No exhibit is made of it any more, and no list shows it.

        Raises:
            AccessRefusedError, UnknownError, InvalidError: nothing was recorded.
            StateError: it belongs to an exhibit, or was removed before.
        """
        require(Action.ADD_EXHIBIT, by)
        said = check_words("reason", reason, most=_MOST_REASON, lines=True)
        row = self.claimable(session, upload)
        row.removed_by, row.removed_at, row.removed_reason = by.person, at, said
        session.flush()
        return row


def kept_uploads(
    session: Session, uploads: Iterable[UUID | None]
) -> Mapping[UUID | None, UploadRow]:
    """Return these of the uploads in the vault, by their identifiers."""
    wanted = {upload for upload in uploads if upload is not None}
    rows = session.exec(select(UploadRow).where(col(UploadRow.id).in_(wanted)))
    return {row.id: row for row in rows}


def bare_name(name: str) -> str:
    """Return a file's name without folders: browsers on Windows used to send whole paths."""
    bare = PurePath(name.replace("\\", "/")).name
    if bare in ("", "..") or len(bare) > _LONGEST or not _can_be_kept(bare):
        raise InvalidError("name", f"{name[:80]!a} is no file name")
    return bare


def _can_be_kept(name: str) -> bool:
    """Tell whether a name has a byte form, and no zero byte: what every file system demands."""
    try:
        return b"\0" not in name.encode()
    except UnicodeEncodeError:
        return False
