"""Service. Makes exhibits of what arrived: the record, and the work that follows from it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from evidence.errors import InvalidError
from evidence.exhibits.description import Description
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.filenames import distinct, safe_name
from evidence.exhibits.particulars import MasterDigest, NewExhibit
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Role, Subject
from evidence.people.people import require
from export.holdings.clock_pictures import ClockPicture, ClockPictures
from export.holdings.files import MASTER, PLAYER, files_of, place_of
from export.holdings.holds import JOB_HOLD, is_held
from export.holdings.tables import ExhibitFileRow
from export.intake.arrivals import Intake, bare_name
from export.intake.tables import UploadRow
from storage.columns import stored_columns
from storage.jobs import Jobs

JOB_EXAMINE = "exhibit.examine"
JOB_STAMP = "exhibit.stamp"


@dataclass(frozen=True, slots=True)
class Arrived:
    """An upload, and the name that its file had where it came from."""

    upload: UUID
    original_name: str


class Masters:
    """Receives what arrived into the custody ledger, as the masters of an exhibit."""

    def __init__(
        self,
        intake: Intake,
        exhibits: Exhibits,
        pictures: ClockPictures,
        jobs: Jobs,
        *,
        new_id: Callable[[], UUID],
    ) -> None:
        self._pictures = pictures
        self._intake = intake
        self._exhibits = exhibits
        self._jobs = jobs
        self._new_id = new_id

    def add(
        self,
        session: Session,
        new: NewExhibit,
        files: Sequence[Arrived],
        *,
        picture: ClockPicture | None = None,
        by: Subject,
        at: datetime,
    ) -> ExhibitRow:
        """Make an exhibit of uploads, and defer its examination and the stamp of its receipt.

        ``picture`` is one of the clock's comparison, which was looked at before.

        Raises:
            UnknownError, StateError, InvalidError, AccessRefusedError: nothing was recorded.
        """
        require(Action.ADD_EXHIBIT, by)
        uploads = self.claimable(session, files)
        digests = [MasterDigest(row.sha256, row.size) for row in uploads]
        if picture is not None:
            new = replace(new, clock_picture=picture.sha256)
        exhibit = self._exhibits.receive(session, new, digests, by=by, at=at)
        names = distinct(_safe(files))
        kept = [
            self._claim(session, exhibit, row, file, MASTER, position, names[position], at=at)
            for position, (row, file) in enumerate(zip(uploads, files, strict=True))
        ]
        session.flush()
        if picture is not None:
            kept += self._pictures.keep(session, exhibit, picture, at=at)
        self._exhibits.stored(session, exhibit, list(map(place_of, kept)), at=at)
        self._jobs.defer(session, JOB_STAMP, str(exhibit.id))
        self._jobs.defer(session, JOB_EXAMINE, str(exhibit.id))
        return exhibit

    def extend(
        self,
        session: Session,
        exhibit: ExhibitRow,
        description: Description,
        files: Sequence[Arrived],
        *,
        by: Subject,
        role: Role,
        reason: str,
        at: datetime,
    ) -> None:
        """Take more files into a locked exhibit; ``description`` states it with them.

        Those that it describes are masters, the others go along as players. The receipt of all of
        them is stamped as the first one was. Whoever calls this has asked what follows for
        releases: `export.release.corrections`.

        Raises:
            UnknownError, StateError: nothing was recorded.
        """
        uploads = self.claimable(session, files)
        digests = [MasterDigest(row.sha256, row.size) for row in uploads]
        event = self._exhibits.extend(
            session, exhibit, description, digests, by=by, role=role, reason=reason, at=at
        )
        there = files_of(session, exhibit.id)
        described = {file.sha256 for file in description.files}
        count = Counter(file.kind for file in there)
        names = distinct(_safe(files), [file.name for file in there])
        kept = []
        for row, file, name in zip(uploads, files, names, strict=True):
            kind = MASTER if row.sha256 in described else PLAYER
            kept.append(
                self._claim(
                    session, exhibit, row, file, kind, count[kind], name, at=at, added_by=event
                )
            )
            count[kind] += 1
        session.flush()
        self._exhibits.stored(session, exhibit, list(map(place_of, kept)), at=at)
        self._jobs.defer(session, JOB_STAMP, str(exhibit.id))
        if exhibit.state == ExhibitState.RECEIVED:
            self._jobs.defer(session, JOB_EXAMINE, str(exhibit.id))
        if is_held(session, exhibit.id):
            self._jobs.defer(session, JOB_HOLD, str(exhibit.id))

    def claimable(self, session: Session, files: Sequence[Arrived]) -> Sequence[UploadRow]:
        """Return the uploads of files that belong to no exhibit, locked.

        Raises:
            UnknownError, StateError, InvalidError: one is not there, or taken, or named twice.
        """
        if len({file.upload for file in files}) != len(files):
            raise InvalidError("files", "name each upload once")
        return [self._intake.claimable(session, file.upload) for file in files]

    def _claim(
        self,
        session: Session,
        exhibit: ExhibitRow,
        upload: UploadRow,
        file: Arrived,
        kind: str,
        position: int,
        name: str,
        *,
        at: datetime,
        added_by: UUID | None = None,
    ) -> ExhibitFileRow:
        upload.exhibit = exhibit.id
        claimed = ExhibitFileRow(
            id=self._new_id(),
            exhibit=exhibit.id,
            kind=kind,
            position=position,
            name=name,
            original_name=bare_name(file.original_name),
            stored_at=at,
            added_by=added_by,
            **stored_columns(upload.stored()),
        )
        session.add(claimed)
        return claimed


def _safe(files: Sequence[Arrived]) -> list[str]:
    return [safe_name(bare_name(file.original_name)) for file in files]
