"""Service. Photographs of a clock's comparison: looked at in the sandbox, then kept with it.

What was brought stays untouched under retention, as a master does, and its digest stands in the
facts of the exhibit. What people are shown is drawn anew from its pixels.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from evidence.errors import InvalidError, UnknownError
from evidence.exhibits.description import clock_picture
from evidence.exhibits.filenames import distinct
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Subject
from evidence.people.people import require
from export.holdings.files import CLOCK_PICTURE, CLOCK_SHOWN, files_of
from export.holdings.holds import JOB_HOLD, is_held
from export.holdings.tables import ExhibitFileRow
from export.intake.arrivals import Intake
from export.intake.malware import FOUND
from export.media.photograph import BYTES_MAX, Photograph, look_at
from storage.columns import stored_columns
from storage.jobs import Jobs
from storage.objects.store import ObjectStore, StoredObject

_FIELD = "clock_picture"


@dataclass(frozen=True, slots=True)
class ClockPicture:
    """A photograph that was looked at, and belongs to nothing yet."""

    upload: UUID
    sha256: str
    suffix: str
    shown: StoredObject


class ClockPictures:
    """Takes photographs of comparisons."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        vault: ObjectStore,
        intake: Intake,
        jobs: Jobs,
        *,
        scratch: Path,
        new_id: Callable[[], UUID],
    ) -> None:
        self._begin = begin
        self._vault = vault
        self._intake = intake
        self._jobs = jobs
        self._scratch = scratch
        self._new_id = new_id

    def look_at(self, upload: UUID, *, by: Subject) -> ClockPicture:
        """Look at an upload, in transactions of its own, and store what will be shown of it.

        A crash after this leaves a locked object that no record names.

        Raises:
            AccessRefusedError, UnknownError, StateError: as for any upload.
            InvalidError: it is no JPEG or PNG within the limits, or holds malware.
            SandboxError, StorageError: it could not be looked at.
        """
        require(Action.ADD_EXHIBIT, by)
        with self._begin() as session:
            row = self._intake.claimable(session, upload)
            if row.scan.startswith(FOUND):
                name = row.scan.removeprefix(FOUND)
                raise InvalidError(_FIELD, f"the malware scanner found {name} in this picture")
            if row.size > BYTES_MAX:
                raise InvalidError(_FIELD, f"a picture has at most {BYTES_MAX:,} bytes")
            stored = row.stored()
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=self._scratch))
        try:
            source, job = place / "photograph", place / "job"
            job.mkdir(mode=0o700)
            self._vault.fetch_to(stored, source)
            seen = look_at(source, job)
            if not isinstance(seen, Photograph):
                raise InvalidError(_FIELD, f"this picture is not taken: {seen}")
            with seen.shown.open("rb") as file:
                size = seen.shown.stat().st_size
                shown = self._vault.put_stream(f"derived/{self._new_id()}", file, size=size)
        finally:
            shutil.rmtree(place)
        return ClockPicture(upload, stored.sha256, seen.suffix, shown)

    def keep(
        self, session: Session, exhibit: ExhibitRow, picture: ClockPicture, *, at: datetime
    ) -> Sequence[ExhibitFileRow]:
        """Record a photograph with a locked exhibit whose description names it; return its files.

        Whoever calls this has the ledger say where they are kept (`Exhibits.stored`).

        Raises:
            UnknownError, StateError: somebody took the upload meanwhile.
        """
        upload = self._intake.claimable(session, picture.upload)
        upload.exhibit = exhibit.id
        files = files_of(session, exhibit.id)
        number = sum(file.kind == CLOCK_PICTURE for file in files)
        kept = []
        for kind, name, stored in (
            (CLOCK_PICTURE, f"clock-check{picture.suffix}", upload.stored()),
            (CLOCK_SHOWN, "clock-check-shown.jpg", picture.shown),
        ):
            (free,) = distinct([name], [file.name for file in files])
            kept.append(
                ExhibitFileRow(
                    id=self._new_id(),
                    exhibit=exhibit.id,
                    kind=kind,
                    position=number,
                    name=free,
                    stored_at=at,
                    **stored_columns(stored),
                )
            )
        session.add_all(kept)
        session.flush()
        if is_held(session, exhibit.id):
            self._jobs.defer(session, JOB_HOLD, str(exhibit.id))
        return kept

    def shown(self, session: Session, exhibit: ExhibitRow, *, by: Subject) -> ExhibitFileRow:
        """Return what is shown of the photograph that an exhibit's description names.

        It shows a screen, and on it perhaps other cameras: it is for those who may see footage.

        Raises:
            AccessRefusedError, UnknownError: ``by`` may not see it, or there is none.
        """
        require(Action.VIEW_FOOTAGE, by)
        files = files_of(session, exhibit.id, CLOCK_PICTURE, CLOCK_SHOWN)
        kept = current_picture(exhibit, files)
        for file in files:
            if kept and file.kind == CLOCK_SHOWN and file.position == kept.position:
                return file
        raise UnknownError(f"there is no picture of the clock of {exhibit.reference}")


def current_picture(exhibit: ExhibitRow, files: Sequence[ExhibitFileRow]) -> ExhibitFileRow | None:
    """Return the photograph that the description of an exhibit names, among its files."""
    wanted = clock_picture(described(exhibit).clock_check)
    named = (file for file in files if file.kind == CLOCK_PICTURE and file.sha256 == wanted)
    return next(named, None)
