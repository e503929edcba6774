"""Service. Reads the files of exhibits again, and compares every digest.

After an unclean stop nobody knows what the disk kept: what was stored in the last day is read
once more, and the ledger says what was found. Packages: `export/sealing/aftercare/fixity`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, select

from custody.formats.canonical import JSON
from custody.ledger.ledger import Ledger, Values
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import files_of
from export.holdings.tables import ExhibitFileRow
from storage.errors import CorruptError, NotFoundError
from storage.jobs import Jobs
from storage.objects.store import ObjectStore

JOB_RECHECK = "exhibit.recheck"
RECENT = timedelta(days=1)


class Fixity:
    """Compares stored files with the ledger's digests."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        vault: ObjectStore,
        ledger: Ledger,
        jobs: Jobs,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._vault = vault
        self._ledger = ledger
        self._jobs = jobs
        self._clock = clock

    def defer_recent(self) -> int:
        """Defer the check of every exhibit that got a file in the last day; return of how many."""
        since = self._clock() - RECENT
        with self._begin() as session:
            exhibits = session.exec(
                select(ExhibitFileRow.exhibit).where(ExhibitFileRow.stored_at > since).distinct()
            ).all()
            for exhibit in exhibits:
                self._jobs.defer(session, JOB_RECHECK, str(exhibit))
        return len(exhibits)

    def check(self, exhibit: UUID) -> None:
        """Read every file of an exhibit; record what was found.

        Raises:
            CorruptError, NotFoundError: after the event `integrity.failed` was written. Stop.
            UnavailableError: nothing was recorded. Retry.
        """
        with self._begin() as session:
            if session.get_one(ExhibitRow, exhibit).state == ExhibitState.DISPOSED:
                return  # it went on record
            files = files_of(session, exhibit)
        lost: CorruptError | NotFoundError | None = None
        for file in files:
            try:
                self._vault.verify(file.stored())
            except (CorruptError, NotFoundError) as error:
                lost = error
        digests: list[JSON] = [{"sha256": file.sha256, "size": file.size} for file in files]
        event = "integrity.checked" if lost is None else "integrity.failed"
        result = "every file is as it was stored" if lost is None else str(lost)
        with self._begin() as session:
            values: Values = {"files": digests, "result": result}
            self._ledger.append(session, exhibit, event, values, at=self._clock())
        if lost is not None:
            raise lost
