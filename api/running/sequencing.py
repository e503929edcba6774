"""Edge. The sequencer's process: one at a time, found by its lock; others stand by.

It sleeps until the database says that an event waits. Whoever writes to the outbox without saying
so, or speaks while nobody listens, is found by the look that is taken every few seconds; and the
beat that this leaves is what `/readyz` goes by.
"""

import logging
import os
import threading
import weakref

from sqlalchemy import Connection, Engine

from api.builders.witnesses import build_witnesses
from api.settings.facts import Settings
from api.times import utc_now
from custody.errors import ForgedEventError, LogStateError, NotYetError
from custody.keys.keyring import load
from custody.ledger.ledger import CHANNEL
from custody.ledger.sequencer import LOCK, Sequencer
from storage.database import await_notice, connect, listen, named_lock, our_errors
from storage.errors import UnavailableError

BUSY_S = 0.02
"""After events were placed: what comes meanwhile shares the next checkpoint."""
LOOK_S = 5.0
"""How long it sleeps at most: a third of the silence that `/readyz` takes for an end."""
_STANDBY_S = 1.0
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
    """Sequence until ``stop``; a database that is away is waited for.

    A log that has stopped is waited for, too: `/readyz` says why it did, and the rest of the house
    goes on reading.
    """
    engine = connect(settings.addresses().app_url, pool_size=2)
    keyring = load(settings.keys, withheld=settings.withheld)
    witnesses = build_witnesses(settings, keyring.log_signer.key)
    sequencer = Sequencer(
        engine,
        mac_key=keyring.event_hmac,
        signers=(keyring.log_signer,),
        clock=utc_now,
        witnesses=witnesses,
    )
    try:
        while not stop.is_set():
            try:
                _hold(engine, sequencer, stop)
            except UnavailableError as error:
                _log.warning("waiting for the database: %s", error)
            except NotYetError as error:
                _log.warning("waiting for witnesses: %s", error)
            except (ForgedEventError, LogStateError) as error:
                _log.error("the log has stopped: %s", error)
                stop.wait(_STOPPED_S)
            stop.wait(_STANDBY_S)
    finally:
        if witnesses is not None:
            witnesses.close()
        engine.dispose()


def _hold(engine: Engine, sequencer: Sequencer, stop: Stop) -> None:
    """Work as long as the lock is ours: it ends with its connection, and so does this."""
    with named_lock(engine, LOCK) as held:
        if held is not None:
            follow(held, sequencer, stop)


def follow(held: Connection, sequencer: Sequencer, stop: Stop) -> None:
    """Take a turn whenever something may wait, until ``stop``; ``held`` is the lock's connection.

    Raises:
        UnavailableError: the lock is lost with its connection. Begin again.
    """
    listen(held, CHANNEL)
    while not stop.is_set():
        # What was said before this statement is covered by the turn, what is said after it wakes.
        with our_errors():
            held.exec_driver_sql("SELECT 1")
        if sequencer.turn().added:
            stop.wait(BUSY_S)
        else:
            await_notice(held, within=LOOK_S, unless=stop)
