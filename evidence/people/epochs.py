"""Service. Epochs of the keys that wrap records' keys: begun and ended by who runs the machine."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from custody.formats.events import RecordKind
from custody.keys.epochs import end_epoch, known_epochs, make_key
from custody.ledger.ledger import Ledger, Values
from custody.ledger.recordkeys import wrapped_in
from evidence.errors import StateError
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require


class KeyEpochs:
    """Begins and ends them; ``folder`` is that of the keys."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._ledger = ledger

    def kept(self, session: Session, *, by: Subject) -> Mapping[int, int]:
        """Return how many records' keys are kept under the key of each epoch.

        Raises:
            AccessRefusedError: they may not know.
        """
        require(Action.END_EPOCH, by)
        return {epoch: wrapped_in(session, epoch) for epoch in known_epochs(self._folder)}

    def begin(self, *, by: Subject) -> int:
        """Make the key of the next epoch; return which one that is. The next start begins it.

        Raises:
            AccessRefusedError, KeyStoreError: nothing was made.
        """
        require(Action.END_EPOCH, by)
        return make_key(self._folder)

    def end(self, session: Session, epoch: int, *, by: Subject, at: datetime) -> None:
        """Record that the key of an epoch is destroyed, which `destroy` does after the commit.

        Raises:
            AccessRefusedError: they may not.
            StateError: it is the current one, there is none, or keys are kept under it yet.
        """
        role = require(Action.END_EPOCH, by)
        known = known_epochs(self._folder)
        if epoch not in known[:-1]:
            raise StateError(f"epoch {epoch} is not over: begin another one, and start with it")
        if number := wrapped_in(session, epoch):
            raise StateError(
                f"the keys of {number} records are kept under epoch {epoch}: start `custos up` "
                "once, which wraps them anew"
            )
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        values: Values = {"actor": as_person(by), "role": role.value, "epoch": epoch}
        self._ledger.append(session, record, "epoch.ended", values, at=at)

    def destroy(self, epoch: int) -> None:
        """Destroy the key of an epoch, as the ledger says; called again, it finds that done."""
        end_epoch(self._folder, epoch)
