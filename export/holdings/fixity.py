"""Service. Reads the files of exhibits again, and compares every digest.

After an unclean stop nobody knows what the disk kept: what was stored in the last day is read
once more. And everything is read again within a period, a little each minute where anything is due,
so that neither a night nor an idle machine is taken up by it. The ledger says what was found.
Packages: `export/sealing/aftercare/fixity`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, and_, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from custody.formats.canonical import JSON
from custody.ledger.ledger import Ledger, Values
from custody.ledger.tables import RecordKeyRow
from evidence import attention
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import files_of, other_files
from export.holdings.tables import ExhibitFileRow
from storage.errors import CorruptError, NotFoundError
from storage.jobs import Jobs
from storage.objects.store import ObjectStore, StoredObject

JOB_RECHECK = attention.NOT_AS_STORED
RECENT = timedelta(days=1)
_EARLY = 3
"""In the last so many-th part of the period files are read: time enough to do it bit by bit."""
_AGAIN = timedelta(days=1)
"""After which what was not as it was stored is read again: somebody may have brought it back."""
_MINUTE = timedelta(minutes=1)
LAST_READ = func.coalesce(ExhibitRow.read_at, ExhibitRow.received_at)
"""When the files of an exhibit were read last; as they came, they were hashed."""


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
        days: int = 90,
    ) -> None:
        """``days``: within so many every file is read again."""
        self._begin = begin
        self._vault = vault
        self._ledger = ledger
        self._jobs = jobs
        self._clock = clock
        self._period = timedelta(days=days)

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

    def due(self, *, at: datetime) -> int:
        """Defer the check of what was not read for long, the longest first; return of how many.

        Run every minute. While checks wait or are done, none is added. As many at once as it
        takes to be done in half of the time that is left, which is one for a small house.
        """
        early = self._period / _EARLY
        with self._begin() as session:
            if self._jobs.is_busy(session, JOB_RECHECK):
                return 0
            wanted = _due(at - self._period + early, at - _AGAIN)
            count = session.exec(select(func.count()).select_from(wanted.subquery())).one()
            most = 1 + count // max(1, early // _MINUTE // 2)
            exhibits = session.exec(wanted.order_by(LAST_READ).limit(most)).all() if count else ()
            for exhibit in exhibits:
                self._jobs.defer(session, JOB_RECHECK, str(exhibit))
        return len(exhibits)

    def before_sealing(self, exhibits: Sequence[UUID]) -> None:
        """Read those of the exhibits that were not read in the last day; each is an event of it.

        Raises:
            CorruptError, NotFoundError: a person is called to the exhibit. Stop.
            UnavailableError: retry.
        """
        at = self._clock()
        with self._begin() as session:
            wanted = select(ExhibitRow.id).where(at - RECENT >= LAST_READ)
            stale = session.exec(wanted.where(col(ExhibitRow.id).in_(exhibits))).all()
        for exhibit in stale:
            try:
                self.check(exhibit)
            except (CorruptError, NotFoundError) as error:
                with self._begin() as session:
                    attention.call(session, exhibit, JOB_RECHECK, str(error), at=at)
                raise

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
                self._vault.verify(file.stored(), others=self._others_than(file))
            except (CorruptError, NotFoundError) as error:
                lost = error
        digests: list[JSON] = [{"sha256": file.sha256, "size": file.size} for file in files]
        event = "integrity.checked" if lost is None else "integrity.failed"
        result = "every file is as it was stored" if lost is None else str(lost)
        at = self._clock().replace(microsecond=0)
        with self._begin() as session:
            values: Values = {"files": digests, "result": result}
            self._ledger.append(session, exhibit, event, values, at=at)
            attention.settle(session, exhibit, attention.NOT_READ)
            if lost is None:
                session.get_one(ExhibitRow, exhibit).read_at = at
        if lost is not None:
            raise lost

    def _others_than(self, file: ExhibitFileRow) -> Callable[[], Sequence[StoredObject]]:
        """Return what tells of some other files, which the store gives unless it is away."""

        def others() -> Sequence[StoredObject]:
            with self._begin() as session:
                return other_files(session, file.version)

        return others


def _due(before: datetime, called_before: datetime) -> SelectOfScalar[UUID]:
    """Select the exhibits that were read last ``before``, or were found damaged a day ago.

    What was erased or disposed of has no key any more, and nothing to be read.
    """
    called = attention.calls(JOB_RECHECK)
    return (
        select(ExhibitRow.id)
        .join(RecordKeyRow, col(RecordKeyRow.record) == ExhibitRow.id)
        .outerjoin(called, called.c.subject == ExhibitRow.id)
        .where(
            or_(
                and_(called.c.at.is_(None), before >= LAST_READ),
                called.c.at <= called_before,
            )
        )
    )
