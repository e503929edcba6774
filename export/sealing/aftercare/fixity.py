"""Service. Reads sealed packages again after an unclean stop, and compares them with the seal.

The ledger has their digests already, and nothing to add: a package that is not as it was sealed
waits for a person.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from export.holdings.files import other_files
from export.holdings.fixity import RECENT
from export.release.tables import ReleaseErasureRow, ReleaseExhibitRow
from export.sealing.steps import SealStep, SealStore
from export.sealing.tables import SealStepRow
from storage.errors import NotFoundError
from storage.jobs import Jobs
from storage.objects.store import ObjectStore, StoredObject

JOB_RECHECK_PACKAGE = "release.recheck"


def is_destroyed(session: Session, release: UUID) -> bool:
    """Tell whether a package went on record: with its recipient, or with an exhibit in it."""
    disposed = (
        select(ExhibitRow.id)
        .join(ReleaseExhibitRow, col(ReleaseExhibitRow.exhibit) == ExhibitRow.id)
        .where(
            ReleaseExhibitRow.release == release,
            ExhibitRow.state == ExhibitState.DISPOSED.value,
        )
    )
    gone = session.get(ReleaseErasureRow, release) is not None
    return gone or session.exec(disposed.limit(1)).first() is not None


class PackageFixity:
    """Compares stored packages with what was sealed."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        vault: ObjectStore,
        jobs: Jobs,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._vault = vault
        self._jobs = jobs
        self._clock = clock

    def defer_recent(self) -> int:
        """Defer the check of every package that was sealed in the last day; return of how many."""
        since = self._clock() - RECENT
        with self._begin() as session:
            releases = session.exec(
                select(SealStepRow.release).where(
                    SealStepRow.step == SealStep.CHECK, SealStepRow.done_at > since
                )
            ).all()
            for release in releases:
                self._jobs.defer(session, JOB_RECHECK_PACKAGE, str(release))
        return len(releases)

    def check(self, release: UUID) -> None:
        """Read a sealed package again.

        Raises:
            CorruptError, NotFoundError: it is not what was sealed. Stop.
            UnavailableError: retry.
        """
        with self._begin() as session:
            if is_destroyed(session, release):
                return
            joined = SealStore(release).joined(session)
        if joined is None:
            raise NotFoundError(f"the sealing of release {release} names no package")
        package = StoredObject(**joined.archive, **joined.checked)
        self._vault.verify(package, others=self._others)

    def _others(self) -> Sequence[StoredObject]:
        with self._begin() as session:
            return other_files(session, "")
