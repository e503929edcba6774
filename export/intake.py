"""Service. Takes clips in: bytes first, then the record, then the work that follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.access import Action, Subject
from evidence.errors import InvalidError, StateError, UnknownError
from evidence.exhibits import Exhibits, MasterDigest, NewExhibit
from evidence.people import require
from evidence.tables import ExhibitRow
from export.malware import FOUND
from export.package.layout import numbered_name, safe_name
from export.tables import ExhibitFileRow, UploadRow, stored_columns
from storage.errors import RefusedError
from storage.jobs import Jobs
from storage.objects import ObjectStore, Readable, StoredObject

JOB_EXAMINE = "exhibit.examine"
JOB_STAMP = "exhibit.stamp"
MASTER = "master"
NOT_SCANNED = "not scanned"
_LONGEST = 1000
"""Characters in a file name: far above what any file system allows."""
_ROOM = 3
"""A clip needs room for itself, a working copy and a package."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An upload, and the name that its file had where it came from."""

    upload: UUID
    original_name: str


class Intake:
    """Receives footage into the vault and into the custody ledger."""

    def __init__(
        self,
        vault: ObjectStore,
        exhibits: Exhibits,
        jobs: Jobs,
        *,
        new_id: Callable[[], UUID],
        free_bytes: Callable[[], int | None],
    ) -> None:
        self._vault = vault
        self._exhibits = exhibits
        self._jobs = jobs
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
            RefusedError: there is no room for it.
            StorageError: it was not stored.
        """
        require(Action.ADD_EXHIBIT, by)
        if size is not None:
            self.require_room(size)
        return self.put(source, size=size, progress=progress)

    def require_room(self, size: int, *, promised: int = 0) -> None:
        """See that there is room for a clip, beside the bytes ``promised`` to others.

        Raises:
            RefusedError: there is none.
        """
        free = self._free_bytes()
        if free is not None and (size + promised) * _ROOM > free:
            beside = f", {promised * _ROOM:,} of them promised to other uploads" if promised else ""
            raise RefusedError(
                f"there is no room: a clip of {size:,} bytes needs {size * _ROOM:,} (for itself, a "
                f"copy and a package), and {free:,} are free{beside}. Nothing was taken in"
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

    def add(
        self,
        session: Session,
        new: NewExhibit,
        files: Sequence[Arrived],
        *,
        by: Subject,
        at: datetime,
    ) -> ExhibitRow:
        """Make an exhibit of uploads, and defer its examination and the stamp of its receipt.

        Raises:
            UnknownError, StateError, InvalidError, AccessRefusedError: nothing was recorded.
        """
        require(Action.ADD_EXHIBIT, by)
        if len({file.upload for file in files}) != len(files):
            raise InvalidError("files", "name each upload once")
        uploads = [self._claimable(session, file.upload) for file in files]
        digests = [MasterDigest(row.sha256, row.size) for row in uploads]
        exhibit = self._exhibits.receive(session, new, digests, by=by, at=at)
        names = _distinct([safe_name(bare_name(file.original_name)) for file in files])
        for position, (row, file) in enumerate(zip(uploads, files, strict=True)):
            row.exhibit = exhibit.id
            session.add(
                ExhibitFileRow(
                    id=self._new_id(),
                    exhibit=exhibit.id,
                    kind=MASTER,
                    position=position,
                    name=names[position],
                    original_name=bare_name(file.original_name),
                    stored_at=at,
                    **stored_columns(row.stored()),
                )
            )
        session.flush()
        self._jobs.defer(session, JOB_STAMP, str(exhibit.id))
        self._jobs.defer(session, JOB_EXAMINE, str(exhibit.id))
        return exhibit

    def _claimable(self, session: Session, upload: UUID) -> UploadRow:
        row = session.get(UploadRow, upload, with_for_update=True)
        if row is None:
            raise UnknownError(f"there is no upload {upload}")
        if row.exhibit is not None:
            raise StateError(f"upload {upload} belongs to an exhibit already")
        return row


def infected(session: Session, exhibit: UUID, *, key: str | None = None) -> tuple[str, ...]:
    """Return the names of the malware that the scanner found in an exhibit's masters.

    ``key`` is the place in the vault of one of them, if only that one is meant.
    """
    wanted = select(UploadRow.scan).where(
        UploadRow.exhibit == exhibit, col(UploadRow.scan).startswith(FOUND)
    )
    if key is not None:
        wanted = wanted.where(UploadRow.key == key)
    scans = session.exec(wanted.order_by(UploadRow.scan))
    return tuple(dict.fromkeys(scan.removeprefix(FOUND) for scan in scans))


def refuse_infected(
    session: Session,
    exhibits: Sequence[ExhibitRow],
    chosen: Sequence[ExhibitFileRow],
    *,
    with_master: bool,
) -> None:
    """See that a release carries no master in which the scanner found malware.

    ``chosen`` are the files that were named; none: masters go as ``with_master`` says.

    Raises:
        StateError: it would. A working copy was made anew from the pictures, and may go.
    """
    named = {file.exhibit for file in chosen if file.kind == MASTER}
    for exhibit in exhibits:
        goes = exhibit.id in named if chosen else with_master
        if goes and (found := infected(session, exhibit.id)):
            raise StateError(
                f"the malware scanner found {', '.join(found)} in a file of {exhibit.reference}: "
                "its master stays here: release the working copy without it"
            )


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


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, numbered where two would be one file on some system: a-2.mp4."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        candidate, number = name, 2
        while candidate.casefold() in taken:
            candidate, number = numbered_name(name, number), number + 1
        taken.add(candidate.casefold())
        distinct.append(candidate)
    return distinct
