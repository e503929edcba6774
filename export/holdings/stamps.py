"""Service. Stamps the first checkpoint that covers an exhibit's receipt.

From then on the master cannot be swapped: its digest is in the ledger under a time that an
authority vouches for. Intake never waits for this; sealing does.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from custody.ledger import CoveringCheckpoint, Ledger
from custody.timestamp import TimeAuthority, stamp
from evidence.exhibits.tables import ExhibitRow

NONCE_BITS = 64


class Stamps:
    """Fetches the timestamps that prove since when we hold an exhibit."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        ledger: Ledger,
        authority: TimeAuthority,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], int],
    ) -> None:
        self._begin = begin
        self._ledger = ledger
        self._authority = authority
        self._clock = clock
        self._random = random

    def stamp(self, exhibit: UUID) -> None:
        """Stamp an exhibit's first checkpoint; does nothing if it is stamped.

        Raises:
            NotYetError: no checkpoint covers its receipt yet. Retry.
            AuthorityError: the authority gave no usable timestamp. Retry.
        """
        with self._begin() as session:
            first = self.first_checkpoint(session, exhibit)
        if first.tsr is not None:
            return
        tsr = stamp(first.note, self._authority, nonce=self._random(NONCE_BITS))
        # A crash here costs a second timestamp, later and as good.
        with self._begin() as session:
            self._ledger.add_stamp(
                session, first.size, tsr, authority=self._authority.name, at=self._clock()
            )

    def first_checkpoint(self, session: Session, exhibit: UUID) -> CoveringCheckpoint:
        """Return the first checkpoint over an exhibit's `exhibit.received`.

        Raises:
            NotYetError: there is none yet.
        """
        received = session.get_one(ExhibitRow, exhibit).received_event
        return self._ledger.first_checkpoint(session, received)
