"""Edge. The sequencer's process: one at a time, found by its lock; others stand by.

It sleeps until the database says that an event waits. Whoever writes to the outbox without saying
so, or speaks while nobody listens, is found by the look that is taken every few seconds; and the
beat that this leaves is what `/readyz` goes by.
"""

import logging
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from api.builders.record.log import log_bucket
from api.builders.record.witnesses import asked_witnesses
from api.settings.council import read_council
from api.settings.facts import Settings
from api.times import utc_now
from custody.errors import ForgedEventError, LogStateError, NotPublishedError
from custody.keys.keyring import load
from custody.ledger.sequencer import LOCK, Sequencer
from custody.ledger.statements import CHANNEL
from custody.ledger.tables import OutboxRow
from storage.database import await_notice, connect, is_being_written, listen, named_lock
from storage.embedded.backoff import Backoff
from storage.errors import UnavailableError

BUSY_S = 0.02
"""After events were placed: what comes meanwhile shares the next checkpoint."""
LOOK_S = 5.0
"""How long it sleeps at most: a third of the silence that `/readyz` takes for an end."""
COLLECT_S = 60.0
"""Between two looks for what is superfluous: whoever read a checkpoint has so long to read on."""
_BEHIND_S = 1.0
"""How long it sleeps while there is something that it could not publish."""
_STANDBY_S = 1.0
"""Between two looks of whoever waits for the lock of another, who may have died."""
_STOPPED_S = 29.0
"""Between two looks whether a person has taken the alarm away."""
_log = logging.getLogger("custos.sequencer")


class Stop(threading.Event):
    """An event that also wakes whoever waits for a socket."""

    def __init__(self) -> None:
        super().__init__()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._bell)

    def set(self) -> None:
        """Say that it is time to stop."""
        super().set()
        os.eventfd_write(self._bell, 1)

    def fileno(self) -> int:
        """Return what becomes readable when it is time."""
        return self._bell


def sequence(settings: Settings, stop: Stop) -> None:
    """Sequence until ``stop``; a database that is away is waited for."""
    keyring = load(settings.keys, withheld=settings.withheld)
    with (
        closing_engine(settings) as engine,
        log_bucket(settings, read_council(settings), keyring.log_signer.key) as bucket,
        asked_witnesses(settings, keyring.log_signer.key) as witnesses,
    ):
        sequencer = Sequencer(
            engine,
            mac_key=keyring.event_hmac,
            signers=(keyring.log_signer,),
            clock=utc_now,
            publication=bucket,
            witnesses=witnesses,
        )
        stand_by(engine, sequencer, stop)


@contextmanager
def closing_engine(settings: Settings) -> Iterator[Engine]:
    """Open the database as the service, for the length of the block."""
    engine = connect(settings.addresses().app_url, pool_size=2)
    try:
        yield engine
    finally:
        engine.dispose()


def stand_by(engine: Engine, sequencer: Sequencer, stop: Stop) -> None:
    """Work whenever no other sequencer does, until ``stop``.

    A log that has stopped is waited for, too: `/readyz` says why it did, and the rest of the house
    goes on reading.
    """
    while not stop.is_set():
        try:
            _hold(engine, sequencer, stop)
        except UnavailableError as error:
            _log.warning("waiting for the database: %s", error)
        except (ForgedEventError, LogStateError) as error:
            _log.error("the log has stopped: %s", error)
            stop.wait(_STOPPED_S)
        stop.wait(_STANDBY_S)


def _hold(engine: Engine, sequencer: Sequencer, stop: Stop) -> None:
    """Work as long as the lock is ours: it ends with its connection, and so does this."""
    with named_lock(engine, LOCK) as held:
        if held is not None:
            sequencer.begin()
            follow(held, sequencer, stop)


def follow(held: Connection, sequencer: Sequencer, stop: Stop) -> None:
    """Take a turn whenever something may wait, until ``stop``; ``held`` is the lock's connection.

    Raises:
        UnavailableError: the lock is lost with its connection. Begin again.
    """
    listen(held, CHANNEL)
    attempts, collected, pause = _Attempts(), time.monotonic(), BUSY_S
    while not stop.is_set():
        # What was said before this statement is covered by the turn, what is said after it wakes.
        # Whoever found something waiting says nothing: these have ended before anybody sleeps.
        writing = is_being_written(held, OutboxRow.__tablename__)
        turn = sequencer.turn(publish=attempts.due)
        attempts.heard(turn.behind)
        if turn.added or turn.rest:
            pause = BUSY_S
            stop.wait(pause)
        elif writing:
            # Most commit at once; for one that hangs, nobody looks fifty times a second.
            await_notice(held, within=pause, unless=stop)
            pause = min(2 * pause, _BEHIND_S)
        else:
            pause = BUSY_S
            await_notice(held, within=_BEHIND_S if turn.behind else LOOK_S, unless=stop)
        if time.monotonic() - collected >= COLLECT_S and not turn.behind:
            _collect(sequencer)
            collected = time.monotonic()


class _Attempts:
    """When to try again to publish, and what was said of why it did not work."""

    def __init__(self) -> None:
        self._backoff = Backoff()
        self._words = ""
        self._tried = True

    @property
    def due(self) -> bool:
        """Whether it is time."""
        self._tried = self._backoff.is_due(time.monotonic())
        return self._tried

    def heard(self, words: str) -> None:
        """Note how it went; empty words: well, or nothing was to be published."""
        if words and self._tried:
            self._backoff.tried(time.monotonic())
        elif not words:
            self._backoff = Backoff()
        if words != self._words:
            _log.warning("publishing the log: %s", words or "it works again")
            self._words = words


def _collect(sequencer: Sequencer) -> None:
    try:
        sequencer.collect()
    except NotPublishedError as error:
        _log.warning("superfluous tiles stay for now: %s", error)
