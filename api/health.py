"""Edge. Is each part well? Behind `/readyz`, and what `custos up` waits for."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from custody.ledger.entries import publication_behind
from custody.ledger.houseclock import house_clock
from custody.ledger.tables import LogStateRow
from custody.printable import printable
from evidence import attention
from storage.errors import StorageError
from storage.objects.store import ObjectStore

OK = "ok"
NOT_WELL = "not well"
STOPPED = "the log has stopped: "
"""What the sentence about the sequencer begins with when only a person can help."""
_log = logging.getLogger("custos.health")
_SILENT = timedelta(seconds=15)


class Health:
    """Asks each part how it is; never raises."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        vault: ObjectStore,
        clock: Callable[[], datetime],
        stand_ins: Callable[[], str] | None = None,
        room: Callable[[], str] | None = None,
    ) -> None:
        self._begin = begin
        self._vault = vault
        self._clock = clock
        self._stand_ins = stand_ins
        self._room = room
        self._told: Mapping[str, str] = {}

    def public(self) -> Mapping[str, str]:
        """Return each part's name with "ok" or "not well": all that a stranger is told.

        What is wrong goes to the log, when it is first seen and when it changes.
        """
        report = self.report()
        wrong = {name: words for name, words in report.items() if words != OK}
        if wrong != self._told:
            for name, words in wrong.items():
                _log.warning("%s is not well: %s", name, printable(words))
            self._told = wrong
        return {name: OK if words == OK else NOT_WELL for name, words in report.items()}

    def report(self) -> Mapping[str, str]:
        """Return each part's name with "ok", or a sentence for our eyes that says what is wrong."""
        report = {**self._database(), "objects": self._objects()}
        if self._stand_ins is not None:
            report["standins"] = self._stand_ins()
        if self._room is not None:
            report["room"] = self._room()
        return report

    def _database(self) -> dict[str, str]:
        try:
            with self._begin() as session:
                return {
                    "database": OK,
                    "clock": house_clock(session).alarm or OK,
                    "sequencer": self._sequencer(session),
                    "publication": self._publication(session),
                    "worker": self._worker(session),
                    "masters": self._masters(session),
                }
        except StorageError as error:
            words = str(error)
            names = ("clock", "sequencer", "publication", "worker", "masters")
            unknown = dict.fromkeys(names, "not known")
            return {"database": words, **unknown}

    def _sequencer(self, session: Session) -> str:
        state = session.get_one(LogStateRow, 1)
        if state.alarm:
            return f"{STOPPED}{state.alarm}"
        if state.beat is None or self._clock() - state.beat > _SILENT:
            return "no sequencer has worked in the last 15 s"
        return OK

    def _publication(self, session: Session) -> str:
        """Say why the log's newest entries are neither published nor signed."""
        return publication_behind(session) or OK

    def _masters(self, session: Session) -> str:
        found = session.exec(attention.how_many(attention.NOT_AS_STORED)).one()
        return "a file is not as it was stored: /console/masters says which" if found else OK

    def _worker(self, session: Session) -> str:
        alive = session.connection().scalar(
            text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - :age"),
            {"age": _SILENT},
        )
        return OK if alive else "no worker has worked in the last 15 s"

    def _objects(self) -> str:
        try:
            self._vault.check()
        except StorageError as error:
            return str(error)
        return OK
