"""Service. Moves finished uploads from the spool into the vault, and forgets what was given up.

Every step may be killed and is done again: in the end there is one upload, with the bytes that
were acknowledged, or a sentence that says why not.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.errors import EvidenceError, StateError
from export.intake.arrivals import Intake
from export.intake.malware import NO_ANSWER, Scanner
from export.intake.spool import Spool, SpoolFile
from export.intake.tables import ResumableSegmentRow, ResumableUploadRow, UploadRow
from export.intake.uploads import Uploads, UploadState
from storage.errors import NotFoundError
from storage.objects.store import ObjectStore, ObjectStream

_AT_ONCE = 100
_READ = 1 << 20


class SpoolChangedError(EvidenceError):
    """The spool does not hold the bytes that were acknowledged; stop and tell a person."""


class StoppedError(EvidenceError):
    """The process ends: the upload stays where it is, and the next start goes on."""


class Vaulting:
    """Works in transactions of its own, one upload after the other."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        intake: Intake,
        uploads: Uploads,
        spool: Spool,
        scanner: Scanner,
        vault: ObjectStore,
    ) -> None:
        self._begin = begin
        self._intake = intake
        self._uploads = uploads
        self._spool = spool
        self._scanner = scanner
        self._vault = vault

    def complete(self) -> Sequence[UUID]:
        """Return the uploads that have all their bytes and are not in the vault, oldest first."""
        with self._begin() as session:
            return session.exec(
                select(ResumableUploadRow.id)
                .where(ResumableUploadRow.state == UploadState.COMPLETE)
                .order_by(col(ResumableUploadRow.created_at))
                .limit(_AT_ONCE)
            ).all()

    def keep(self, upload: UUID, *, at: datetime, stop: threading.Event | None = None) -> None:
        """Move one upload into the vault; does nothing twice.

        Raises:
            StateError: somebody else is at it.
            StoppedError: ``stop`` was set.
            StorageError: the vault, the spool or the database is away; try again.
        """
        with self._begin() as session:
            row = session.get(ResumableUploadRow, upload)
            if row is None or row.state != UploadState.COMPLETE:
                return
            segments = session.exec(
                select(ResumableSegmentRow)
                .where(ResumableSegmentRow.resumable == upload)
                .order_by(col(ResumableSegmentRow.start))
            ).all()
        try:
            with self._spool.opened(upload, create=not row.length) as file:
                checked = Checked(file, row.length, segments, stop or threading.Event())
                self._move(upload, row.length, checked, at)
                # A crash here leaves a file whose upload is stored: `sweep` removes it.
                file.remove()
        except NotFoundError:
            self._fail(upload, "the spool lost the file: send it again")
        except SpoolChangedError as changed:
            self._fail(upload, str(changed))

    def _move(self, upload: UUID, length: int, checked: "Checked", at: datetime) -> None:
        with self._scanner.watch(checked) as watched:
            stored = self._intake.put(watched, size=length)
            scan = watched.verdict()
        # A crash here leaves a locked object that no record names; the next try makes another.
        with self._begin() as session:
            row = session.get(ResumableUploadRow, upload, with_for_update=True)
            if row is None or row.state != UploadState.COMPLETE:
                return
            row.upload = self._intake.keep(session, stored, at=at, scan=scan)
            row.state = UploadState.STORED

    def _fail(self, upload: UUID, words: str) -> None:
        """Say what is wrong. The file stays: a person may still find the footage in it."""
        with self._begin() as session:
            row = session.get(ResumableUploadRow, upload, with_for_update=True)
            if row is not None and row.state == UploadState.COMPLETE:
                row.state, row.words = UploadState.FAILED, words

    def sweep(self) -> None:
        """Remove the files of uploads that are in the vault, as a crash may have left them.

        A file that no row names stays: after a restored backup it may be all there is.
        """
        for name in self._spool.names():
            with self._begin() as session:
                row = session.get(ResumableUploadRow, name)
            if row is not None and row.state == UploadState.STORED:
                with self._spool.opened(name) as file:
                    file.remove()

    def forget(self, at: datetime) -> None:
        """Remove what nobody goes on with: unfinished uploads, and the notes on claimed ones."""
        overdue = col(ResumableUploadRow.expires_at) < at
        with self._begin() as session:
            given_up = session.exec(
                select(ResumableUploadRow.id).where(
                    ResumableUploadRow.state == UploadState.OPEN, overdue
                )
            ).all()
            claimed = session.exec(
                select(ResumableUploadRow)
                .join(UploadRow, col(ResumableUploadRow.upload) == UploadRow.id)
                .where(col(UploadRow.exhibit).is_not(None), overdue)
            ).all()
            for row in claimed:
                session.delete(row)
        for one in given_up:
            self._forget(one, at)

    def _forget(self, upload: UUID, at: datetime) -> None:
        def still_overdue(session: Session) -> ResumableUploadRow | None:
            row = session.get(ResumableUploadRow, upload)
            overdue = row and row.state == UploadState.OPEN and row.expires_at < at
            return row if overdue else None

        try:
            self._uploads.remove(upload, still_overdue)
        except StateError:
            return  # somebody goes on with it just now

    def scan_again(self) -> None:
        """Scan what came while the scanner did not answer; stops at the first silence."""
        if not self._scanner.configured:
            return
        with self._begin() as session:
            waiting = session.exec(
                select(UploadRow).where(UploadRow.scan == NO_ANSWER).limit(_AT_ONCE)
            ).all()
        for row in waiting:
            with (
                self._vault.open(row.key, row.version) as stream,
                self._scanner.watch(_Pieces(stream)) as watched,
            ):
                while watched.read(_READ):
                    pass
                words = watched.verdict()
            if words == NO_ANSWER:
                return
            with self._begin() as session:
                session.get_one(UploadRow, row.id).scan = words


class Checked:
    """The bytes of an upload, read from the spool and compared with what was acknowledged.

    The last byte of a segment is given only if the segment's digest is right.
    """

    def __init__(
        self,
        file: SpoolFile,
        length: int,
        segments: Sequence[ResumableSegmentRow],
        stop: threading.Event,
    ) -> None:
        self._file = file
        self._segments = list(segments)
        self._stop = stop
        self._at = 0
        self._digest = hashlib.sha256()
        if file.size != length or sum(segment.length for segment in segments) != length:
            raise SpoolChangedError(
                f"{length} bytes came, and the spool now holds {file.size}: it was changed. The "
                "file was kept there; send it again"
            )

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none: the end.

        Raises:
            SpoolChangedError: these are not the bytes that came.
            StoppedError: we are to stop.
        """
        if self._stop.is_set():
            raise StoppedError("the process ends: this goes on at the next start")
        if not self._segments:
            return b""
        segment = self._segments[0]
        left = segment.start + segment.length - self._at
        data = self._file.read(min(size, left), self._at)
        self._digest.update(data)
        self._at += len(data)
        if len(data) == left or not data:
            if self._digest.hexdigest() != segment.sha256:
                raise SpoolChangedError(
                    f"the bytes from {segment.start} on are not the ones that came: the spool was "
                    "changed. The file was kept there; send it again"
                )
            self._segments.pop(0)
            self._digest = hashlib.sha256()
        return data


class _Pieces:
    """A stored object as a stream."""

    def __init__(self, stream: ObjectStream) -> None:
        self._pieces = iter(stream)

    def read(self, _size: int, /) -> bytes:
        """Return the next piece, whatever its size; none: the end."""
        return next((piece for piece in self._pieces if piece), b"")
