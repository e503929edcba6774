"""Service. Brings a restored database up to its published log, and says what was lost. The door.

The entries come back byte for byte, and with them the tree and the checkpoint: the log goes on
where it was, under the same key. What they said does not, but for what can be tried (`trials`):

* a record of before the backup is found again, and its head moves on;
* a record that was begun since has lost its key: one record of each kind stands for all of these,
  without a key, and holds their entries in the order of the log.

That a backup was restored is an event (`backup.restored`), and so is each record of which values
were lost (`record.values_lost`): the audit excuses what they name, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, func, select

from custody.errors import LogStateError
from custody.formats.events import RecordKind
from custody.formats.note import VerifierKey
from custody.ledger.ledger import Ledger, Person, Values, node_reader
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import CustodyEventRow, LogStateRow
from custody.recovery.entries import Entries, KnownEvent, LostEvent, LostRecord
from custody.recovery.published import missing
from custody.tree.tiles import LogSource

__all__ = ["KnownEvent", "LostEvent", "LostRecord", "Recovered", "Recovery"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery found."""

    size: int
    """Entries of the log that the backup had."""
    entries: int = 0
    """Entries that came back from the published log."""
    whole: int = 0
    """Of these, events of which nothing is lost."""
    lost: tuple[LostRecord, ...] = ()
    known: tuple[KnownEvent, ...] = ()
    """What came back of records of before the backup, in the order of the log."""


class Recovery:
    """Brings a ledger up to what was published of it. Nothing else may run meanwhile."""

    def __init__(
        self,
        ledger: Ledger,
        keys: RecordKeys,
        *,
        mac_key: bytes,
        log_key: VerifierKey,
        new_id: Callable[[], UUID],
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._mac_key = mac_key
        self._log_key = log_key
        self._new_id = new_id

    def run(
        self,
        session: Session,
        source: LogSource | None,
        *,
        backup: str,
        by: Person,
        role: str,
        at: datetime,
    ) -> Recovered:
        """Take over what ``source`` has beyond the database, and record the restore.

        ``backup`` is the SHA-256 of the manifest; without a source nothing can be taken over.

        Raises:
            LogStateError: the published log is another one, or the log has stopped. Nothing was
                done.
            NotYetError: nothing was published there.
            FormatError: an entry that this version does not know: restore with the newer one.
        """
        state = session.exec(select(LogStateRow).with_for_update()).one()
        if state.alarm:
            raise LogStateError(f"the log in the backup has stopped: {state.alarm}")
        size = state.size
        known = session.exec(select(func.coalesce(func.max(CustodyEventRow.seq), 0))).one()
        found = None
        if source is not None:
            found = missing(source, self._log_key, size, node_reader(session))
        taken = Entries(session, self._keys, self._mac_key, self._new_id)
        if found is not None:
            taken.take(found, size)
        entries = 0 if found is None else len(found.entries)
        values: Values = {
            "actor": by,
            "role": role,
            "sha256": backup,
            "size": size,
            "entries": entries,
            "known": known,
        }
        self._append(session, "backup.restored", values, at)
        lost = tuple(taken.lost.values())
        for one in lost:
            self._append(session, "record.values_lost", {"lost_record": str(one.record)}, at)
        return Recovered(size, entries, taken.whole, lost, tuple(taken.known))

    def _append(self, session: Session, event: str, values: Values, at: datetime) -> None:
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        # The house may have stood still for long: that the clock is ahead of it is no reason.
        self._ledger.append(session, record, event, values, at=at, whatever_the_clock=True)
