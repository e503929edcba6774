"""Service. Seals an approved release: the steps of docs/formats/package.md, in their order.

Each step writes what it made in one transaction and is never done twice, so a process that is
killed anywhere is followed by one that goes on from what is stored. No transaction is open while
a step waits for the log, the time authority or the object store.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from custody.ledger.histories import Histories
from custody.ledger.ledger import Ledger
from export.holdings.stamps import Stamps
from export.holdings.statements import Statements
from export.release.decisions import Decisions
from export.release.releases import Releases
from export.release.states import ReleaseState
from export.release.tables import ReleaseRow
from export.sealing.archives import Archives, ArchiveSteps
from export.sealing.custody import CustodyRecords
from export.sealing.inspection import Inspection
from export.sealing.payload import Payload
from export.sealing.seal import Seal
from export.sealing.sealer import Sealer
from export.sealing.steps import SealStep, SealStore

_HELD = (SealStep.PAYLOAD, SealStep.SIGNATURE)
"""Before these, every row of the release is held against its events: nothing else is signed."""


class Sealing:
    """Makes packages. Called by the worker, one release at a time."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        histories: Histories,
        releases: Releases,
        decisions: Decisions,
        stamps: Stamps,
        archives: Archives,
        council: Sealer,
        inspection: Inspection,
        *,
        clock: Callable[[], datetime],
        agree: Callable[[UUID], None],
        read_again: Callable[[UUID], None],
        random: Callable[[int], int],
        wait: Callable[[Callable[[], None]], None],
    ) -> None:
        self._begin = begin
        self._agree = agree
        self._read_again = read_again
        self._wait = wait
        payload = Payload(
            begin,
            releases,
            stamps,
            council,
            Statements(histories),
            clock=clock,
            wait=self._until,
        )
        records = CustodyRecords(
            begin, ledger, releases, stamps, council, clock=clock, wait=self._until
        )
        seal = Seal(
            begin,
            ledger,
            releases,
            stamps,
            council,
            inspection,
            clock=clock,
            random=random,
            wait=self._until,
        )
        archive = ArchiveSteps(begin, ledger, decisions, archives, inspection, clock=clock)
        self.steps: dict[SealStep, Callable[[SealStore], None]] = {
            SealStep.PAYLOAD: payload.list_files,
            SealStep.CUSTODY: records.gather,
            SealStep.SIGNATURE: seal.sign,
            SealStep.TIMESTAMP: seal.stamp,
            SealStep.LEDGER: seal.log,
            SealStep.PROOFS: seal.prove,
            SealStep.ARCHIVE: archive.join,
            SealStep.CHECK: archive.check,
        }

    def seal(self, release: UUID) -> None:
        """Do every step that is not done yet; of a sealing that was given up, none.

        Before its files are listed, those that were not read for a day are read again
        (``read_again``). Then, and again before anything is signed, every row of the release and of
        its exhibits is held against its events (``agree``).

        Raises:
            NotYetError, AuthorityError, UnavailableError: retry; what was done stays done.
            CorruptError, LogStateError, ProofError: stop, a person must look.
            StateError: somebody gave it up meanwhile; the step that was under way is undone.
        """
        store = SealStore(release)
        with self._begin() as session:
            if session.get_one(ReleaseRow, release).state != ReleaseState.SEALING:
                return
            done = store.done(session)
        # Should another process do a step meanwhile, finishing it a second time is refused.
        for step, run in self.steps.items():
            if step not in done:
                if step is SealStep.PAYLOAD:
                    self._read_again(release)
                if step in _HELD:
                    self._agree(release)
                run(store)

    def _until(self, holds: Callable[[], None]) -> None:
        """Wait for the log or the time authority: every step does it in the same way."""
        self._wait(holds)
