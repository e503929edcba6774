"""Service. Stamps the first checkpoint that covers each receipt of an exhibit's files, and others.

From then on the master cannot be swapped: its digest is in the ledger under a time that an
authority vouches for. Intake never waits for this; sealing does. Between receipts the newest
checkpoint is stamped once in a while: so every entry gets a time that is not ours.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.entries import newest_unstamped
from custody.ledger.ledger import CoveringCheckpoint, Ledger
from custody.ledger.tables import CustodyEventRow
from custody.stamping.timestamp import TimeAuthority, stamp
from evidence.exhibits.exhibits import EXTENDED
from evidence.exhibits.tables import ExhibitRow
from storage.jobs import Jobs

NONCE_BITS = 64
JOB_STAMP_LOG = "log.stamp"
"""Subject: `LOG`."""
LOG = UUID(int=0)
"""There is one log, and one job at a time that stamps it."""


class Stamps:
    """Fetches the timestamps that prove since when we hold an exhibit."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        authority: TimeAuthority,
        jobs: Jobs,
        *,
        interval: timedelta,
        clock: Callable[[], datetime],
        random: Callable[[int], int],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._authority = authority
        self._jobs = jobs
        self._interval = interval
        self._clock = clock
        self._random = random

    def stamp(self, exhibit: UUID) -> None:
        """Stamp the first checkpoint over each receipt of an exhibit; once each.

        Raises:
            NotYetError: no checkpoint covers a receipt yet. Retry.
            AuthorityError: the authority gave no usable timestamp. Retry.
        """
        with self._begin() as session:
            firsts = self.first_checkpoints(session, exhibit)
        for first in firsts:
            if first.tsr is None:
                self._stamp(first.size, first.note)

    def due(self, *, at: datetime) -> None:
        """Have the newest checkpoint stamped if the last timestamp is older than the interval.

        Nothing is asked of anybody while nothing is added to the log.
        """
        with self._begin() as session:
            if newest_unstamped(session, before=at - self._interval) is not None:
                self._jobs.defer(session, JOB_STAMP_LOG, str(LOG))

    def stamp_log(self, _log: UUID) -> None:
        """Stamp the newest checkpoint, unless that was done meanwhile. The work of `JOB_STAMP_LOG`.

        Raises:
            AuthorityError: the authority gave no usable timestamp. Retry.
        """
        with self._begin() as session:
            newest = newest_unstamped(session, before=self._clock() - self._interval)
            found = None if newest is None else (newest.size, newest.note)
        if found is not None:
            self._stamp(*found)

    def _stamp(self, size: int, note: bytes) -> None:
        tsr = stamp(note, self._authority, nonce=self._random(NONCE_BITS))
        # A crash here costs a second timestamp, later and as good.
        with self._begin() as session:
            self._ledger.add_stamp(
                session, size, tsr, authority=self._authority.name, at=self._clock()
            )

    def first_checkpoints(self, session: Session, exhibit: UUID) -> Sequence[CoveringCheckpoint]:
        """Return the first checkpoint over an exhibit's receipt, and over each later one, in order.

        Raises:
            NotYetError: there is none yet over one of them.
        """
        added = session.exec(
            select(CustodyEventRow.id)
            .where(CustodyEventRow.record == exhibit, CustodyEventRow.event == EXTENDED)
            .order_by(col(CustodyEventRow.n))
        ).all()
        received = session.get_one(ExhibitRow, exhibit).received_event
        return [self._ledger.first_checkpoint(session, one) for one in (received, *added)]
