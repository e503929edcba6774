"""Edge. The sequencer's process: one at a time, found by its lock; others stand by."""

import logging
import threading

from sqlalchemy import Engine

from api.settings.facts import Settings
from api.times import utc_now
from custody.keyring import load
from custody.sequencer import LOCK, Sequencer
from storage.database import connect, named_lock
from storage.embedded.engines import load_addresses
from storage.errors import UnavailableError

_BUSY_S = 0.02
_IDLE_S = 0.1
_STANDBY_S = 1.0
_log = logging.getLogger("custos.sequencer")


def sequence(settings: Settings, stop: threading.Event) -> None:
    """Sequence until ``stop``; a database that is away is waited for.

    Raises:
        ForgedEventError, LogStateError: the log stops; the process ends, and `/readyz` says why.
    """
    addresses = settings.engines or load_addresses(settings.data)
    engine = connect(addresses.app_url, pool_size=2)
    keyring = load(settings.keys)
    sequencer = Sequencer(
        engine, mac_key=keyring.event_hmac, signers=(keyring.log_signer,), clock=utc_now
    )
    try:
        while not stop.is_set():
            try:
                _hold(engine, sequencer, stop)
            except UnavailableError as error:
                _log.warning("waiting for the database: %s", error)
            stop.wait(_STANDBY_S)
    finally:
        engine.dispose()


def _hold(engine: Engine, sequencer: Sequencer, stop: threading.Event) -> None:
    """Work as long as the lock is ours: it ends with its connection, and so does this."""
    with named_lock(engine, LOCK) as held:
        while held is not None and not stop.is_set():
            held.exec_driver_sql("SELECT 1")
            turn = sequencer.turn()
            stop.wait(_BUSY_S if turn.added else _IDLE_S)
