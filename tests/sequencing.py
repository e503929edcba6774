"""A sequencer as a thread of the tests, and waiting for its turns instead of looking again."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from api.builders.record.witnesses import build_witnesses
from api.services import Services
from api.times import utc_now
from custody.errors import NotYetError
from custody.ledger.sequencer import LOCK, Sequencer
from storage.database import named_lock

T = TypeVar("T")
_LOOKS_S = 1
"""How often a sequencer looks for what nobody here waits for: each look costs 4 ms."""
_AGAIN_S = 0.2
"""How often somebody looks again who waits for something else than the sequencer."""
_MOST_S = 20.0


class Turns:
    """The turns of a sequencer: whoever needs a place in the log asks for one, and waits for it.

    So what is written one after the other gets its places in one turn, as on a busy service.
    """

    def __init__(self) -> None:
        self.due = threading.Event()
        """That somebody waits for one."""
        self._taken = 0
        self._told = threading.Condition()

    def take(self) -> None:
        """Tell all who wait that one more turn was taken."""
        with self._told:
            self._taken += 1
            self._told.notify_all()

    def wait(self, work: Callable[[], T]) -> T:
        """Do what may have to wait for the sequencer, as soon as it can be done.

        Raises:
            NotYetError: it cannot be done after 20 s either.
        """
        deadline = time.monotonic() + _MOST_S
        while True:
            before = self._taken
            try:
                return work()
            except NotYetError:
                if time.monotonic() > deadline:
                    raise
            self.due.set()
            with self._told:
                if self._taken == before:
                    self._told.wait(_AGAIN_S)


@contextmanager
def sequencing(services: Services, turns: Turns) -> Iterator[None]:
    """Let a sequencer take a turn as soon as somebody waits for one, and once a second besides.

    Turns without end would take a quarter of a processor from the tests.
    """
    witnesses = build_witnesses(services.settings, services.keyring.log_signer.key)
    sequencer = Sequencer(
        services.engine,
        mac_key=services.keyring.event_hmac,
        signers=(services.keyring.log_signer,),
        clock=utc_now,
        witnesses=witnesses,
    )
    begun, stop = threading.Event(), threading.Event()

    def work() -> None:
        with named_lock(services.engine, LOCK) as held:
            assert held is not None, "another sequencer works on this house's log"
            while not stop.is_set():
                turns.due.clear()
                if sequencer.turn().added:
                    turns.take()
                begun.set()
                turns.due.wait(_LOOKS_S)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        # The beat of a house that is a copy is as old as what was copied.
        assert begun.wait(_MOST_S), "the sequencer took no turn"
        yield
    finally:
        stop.set()
        turns.due.set()
        thread.join()
        if witnesses is not None:
            witnesses.close()
