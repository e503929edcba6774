"""Service. Uploads that may break off and go on: bytes to the spool, then their acknowledgement.

What is acknowledged is on the disk, flushed, and its SHA-256 stands in the database; what is not,
was never there. The protocol is tus 1.0, and the edge speaks it; docs/adr/0008 says why it is so.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from uuid import UUID

from sqlmodel import Session, col, func, select

from evidence.errors import InvalidError, StateError, UnknownError
from evidence.paging import Cursor, Page, beyond, page_of
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.intake.arrivals import Intake, bare_name
from export.intake.incoming import Incoming, surplus
from export.intake.passing import Passing
from export.intake.spool import Spool
from export.intake.tables import ResumableSegmentRow, ResumableUploadRow, UploadRow
from export.intake.tus import Checksum
from storage.errors import NoRoomError
from storage.objects.store import StoredObject

MOST_BYTES = 1 << 40
"""Of one upload. Above it nobody meant what they sent."""
MOST_OPEN = 200
"""Unfinished uploads of one person."""
KEPT_FOR = timedelta(days=7)
"""How long an unfinished upload waits for its next byte."""


class UploadState(StrEnum):
    """How far an upload is."""

    OPEN = "open"
    COMPLETE = "complete"
    """All bytes are in the spool."""
    STORED = "stored"
    """All bytes are in the vault, locked, and an exhibit may claim them."""
    FAILED = "failed"
    """The bytes in the spool are not the ones that were acknowledged: a person must look."""


class Uploads:
    """Knows every upload that may break off. Its files have one writer at a time."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        intake: Intake,
        spool: Spool,
        *,
        new_id: Callable[[], UUID],
    ) -> None:
        self._begin = begin
        self._intake = intake
        self._spool = spool
        self._new_id = new_id
        self.completed = threading.Event()
        """Set when an upload has all its bytes: somebody may want to move it on."""

    def create(
        self, session: Session, *, name: str, length: int, by: Subject, at: datetime
    ) -> ResumableUploadRow:
        """Begin an upload of ``length`` bytes.

        Raises:
            AccessRefusedError, InvalidError, StateError: nothing was recorded.
            NoRoomError: there is no room for it, beside what was promised to others.
        """
        require(Action.ADD_EXHIBIT, by)
        if not 0 <= length <= MOST_BYTES:
            raise InvalidError("Upload-Length", f"give a length from 0 to {MOST_BYTES} bytes")
        row = ResumableUploadRow(
            id=self._new_id(),
            person=by.person,
            name=bare_name(name),
            length=length,
            received=0,
            state=UploadState.OPEN if length else UploadState.COMPLETE,
            created_at=at,
            expires_at=at + KEPT_FOR,
        )
        self._require_room(session, length, by)
        session.add(row)
        session.flush()
        return row

    def _require_room(self, session: Session, length: int, by: Subject) -> None:
        unfinished = col(ResumableUploadRow.state) == UploadState.OPEN
        mine = select(func.count()).where(unfinished, ResumableUploadRow.person == by.person)
        if session.exec(mine).one() >= MOST_OPEN:
            raise StateError(
                f"you have {MOST_OPEN} unfinished uploads: finish or remove some first"
            )
        to_come = func.sum(ResumableUploadRow.length - ResumableUploadRow.received)
        promised = int(session.exec(select(to_come).where(unfinished)).one() or 0)
        self._intake.require_room(length, promised=promised)
        free = self._spool.free()
        if free is not None and length + promised > free:
            raise NoRoomError(
                f"there is no room: {free:,} bytes are free where uploads wait, {promised:,} "
                "of them promised to others. Nothing was taken in"
            )

    def find(self, session: Session, upload: UUID, *, by: Subject) -> ResumableUploadRow:
        """Return an upload of one's own.

        Raises:
            UnknownError: there is none, or it is somebody else's; which, nobody learns.
        """
        require(Action.ADD_EXHIBIT, by)
        return _own(session.get(ResumableUploadRow, upload), by)

    def unclaimed(
        self, session: Session, *, by: Subject, cursor: Cursor | None = None, most: int
    ) -> Page[ResumableUploadRow]:
        """Return a page of one's own uploads that wait to be made an exhibit, the newest first.

        What belongs to an exhibit, or was removed as a mistake, waits no more.
        """
        require(Action.ADD_EXHIBIT, by)
        statement = (
            select(ResumableUploadRow)
            .join(UploadRow, col(ResumableUploadRow.upload) == UploadRow.id, isouter=True)
            .where(
                ResumableUploadRow.person == by.person,
                col(UploadRow.exhibit).is_(None),
                col(UploadRow.removed_at).is_(None),
            )
        )
        at, identifier = col(ResumableUploadRow.created_at), col(ResumableUploadRow.id)
        return page_of(
            lambda place: session.exec(beyond(statement, at, identifier, place, most=most)).all(),
            lambda row: (row.created_at, row.id),
            cursor,
            most=most,
        )

    def append(
        self,
        upload: UUID,
        offset: int,
        *,
        announced: int | None,
        checksum: Checksum | None,
        by: Subject,
        at: datetime,
    ) -> Incoming:
        """Begin to append to an upload at ``offset``; works in transactions of its own.

        ``announced`` is the length of what will come, if its sender says so.

        Raises:
            UnknownError: as `find`.
            StateError: it stands elsewhere, is complete, or another request is at it.
            InvalidError: more was announced than is missing.
        """
        with self._begin() as session:
            self.find(session, upload, by=by)
        # The lock first, then the look: what another writer acknowledged meanwhile counts.
        file = self._spool.open(upload, create=True)
        try:
            row = self._at_offset(upload, offset, announced or 0, file.size, by)
            # What a crash left behind the last acknowledgement goes.
            file.cut(row.received)
        except BaseException:
            file.close()
            raise
        expires_at = at + KEPT_FOR
        return Incoming(
            file,
            start=row.received,
            length=row.length,
            checksum=checksum,
            expires_at=expires_at,
            acknowledge=partial(self.acknowledge, upload, expires_at),
        )

    def _at_offset(
        self, upload: UUID, offset: int, announced: int, in_spool: int, by: Subject
    ) -> ResumableUploadRow:
        """Return the row of an upload that goes on at ``offset``; raises as `append`."""
        with self._begin() as session:
            row = self.find(session, upload, by=by)
        if row.state != UploadState.OPEN or row.received != offset:
            raise StateError(f"this upload is {row.state} and stands at {row.received} bytes")
        if offset + announced > row.length:
            raise surplus(row.length)
        if in_spool < row.received:
            words = "the spool lost bytes that it had: send the file again"
            self._fail(upload, words)
            raise StateError(words)
        return row

    def acknowledge(
        self, upload: UUID, expires_at: datetime, start: int, length: int, sha256: str
    ) -> None:
        """Record that bytes are on the disk. For `Incoming`, which holds the file's lock."""
        with self._begin() as session:
            row = session.get(ResumableUploadRow, upload, with_for_update=True)
            if row is None or row.state != UploadState.OPEN or row.received != start:
                raise StateError("this upload changed meanwhile: ask where it stands")
            session.add(
                ResumableSegmentRow(resumable=upload, start=start, length=length, sha256=sha256)
            )
            row.received = start + length
            row.expires_at = expires_at
            if row.received == row.length:
                row.state = UploadState.COMPLETE
        if row.state == UploadState.COMPLETE:
            self.completed.set()

    def _fail(self, upload: UUID, words: str) -> None:
        with self._begin() as session:
            row = session.get(ResumableUploadRow, upload, with_for_update=True)
            if row is not None:
                row.state, row.words = UploadState.FAILED, words

    def passing(self, announced: int | None, *, by: Subject) -> Passing:
        """Begin to take in bytes that come at once, ``announced`` of them if that is known.

        Raises:
            AccessRefusedError: ``by`` may not take anything in.
            RefusedError: there is no room for them.
        """
        require(Action.ADD_EXHIBIT, by)
        if announced is not None:
            self._intake.require_room(announced)
        return Passing(self._spool, announced)

    def terminate(self, upload: UUID, *, by: Subject) -> None:
        """Forget an upload that is not in the vault yet, and its bytes.

        Raises:
            UnknownError: as `find`.
            StateError: it is in the vault, where nothing is removed; or somebody is at it.
        """
        with self._begin() as session:
            _require_removable(self.find(session, upload, by=by))
        self.remove(upload, lambda session: self.find(session, upload, by=by))

    def remove(self, upload: UUID, find: Callable[[Session], ResumableUploadRow | None]) -> None:
        """Remove file and row of an upload that ``find`` still gives once the file is locked."""
        with self._spool.opened(upload, create=True) as file:
            with self._begin() as session:
                row = find(session)
                if row is None:
                    return
                _require_removable(row)
            file.remove()
            # A crash here leaves a row without bytes: whoever asks for it is told to begin again.
            with self._begin() as session:
                if (row := session.get(ResumableUploadRow, upload)) is not None:
                    session.delete(row)

    def take(
        self,
        session: Session,
        stored: StoredObject,
        *,
        name: str,
        scan: str,
        by: Subject,
        at: datetime,
    ) -> ResumableUploadRow:
        """Record a file that came whole, by a plain form, among the uploads of ``by``."""
        require(Action.ADD_EXHIBIT, by)
        row = ResumableUploadRow(
            id=self._new_id(),
            person=by.person,
            name=bare_name(name),
            length=stored.size,
            received=stored.size,
            state=UploadState.STORED,
            created_at=at,
            expires_at=at + KEPT_FOR,
            upload=self._intake.keep(session, stored, at=at, scan=scan),
        )
        session.add(row)
        session.flush()
        return row


def _own(row: ResumableUploadRow | None, by: Subject) -> ResumableUploadRow:
    if row is None or row.person != by.person:
        raise UnknownError("there is no such upload")
    return row


def _require_removable(row: ResumableUploadRow) -> None:
    if row.state == UploadState.STORED:
        raise StateError("this upload is in the vault already, and nothing is removed from there")
