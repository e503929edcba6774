"""Service. Makes exhibits of what arrived: the record, and the work that follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from evidence.errors import InvalidError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.filenames import numbered_name, safe_name
from evidence.exhibits.particulars import MasterDigest, NewExhibit
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.holdings.files import MASTER, place_of
from export.holdings.tables import ExhibitFileRow
from export.intake.arrivals import Intake, bare_name
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
        self, intake: Intake, exhibits: Exhibits, jobs: Jobs, *, new_id: Callable[[], UUID]
    ) -> None:
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
        uploads = [self._intake.claimable(session, file.upload) for file in files]
        digests = [MasterDigest(row.sha256, row.size) for row in uploads]
        exhibit = self._exhibits.receive(session, new, digests, by=by, at=at)
        names = _distinct([safe_name(bare_name(file.original_name)) for file in files])
        masters = []
        for position, (row, file) in enumerate(zip(uploads, files, strict=True)):
            row.exhibit = exhibit.id
            master = ExhibitFileRow(
                id=self._new_id(),
                exhibit=exhibit.id,
                kind=MASTER,
                position=position,
                name=names[position],
                original_name=bare_name(file.original_name),
                stored_at=at,
                **stored_columns(row.stored()),
            )
            masters.append(master)
        session.add_all(masters)
        session.flush()
        self._exhibits.stored(session, exhibit, [place_of(one) for one in masters], at=at)
        self._jobs.defer(session, JOB_STAMP, str(exhibit.id))
        self._jobs.defer(session, JOB_EXAMINE, str(exhibit.id))
        return exhibit


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
