"""What `custos up` prepares; its processes are the tests' to start and to kill."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from uuid import UUID

from api.running.first_start import make_first_tokens
from api.running.sequencing import Stop, sequence
from api.running.supervisor import prepare
from api.running.worker import worker
from api.services import Services
from api.settings.facts import Settings
from api.wiring import build
from tests.durability import acts
from tests.durability.working import PACE, at_work
from tests.polling import PATIENCE_S, poll


class House:
    """The services over running engines, and the tokens of a first start."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        prepare(settings)
        self.services: Services = build(settings, pool_size=2)
        make_first_tokens(self.services, settings.tokens)

    @contextmanager
    def sequencing(self) -> Iterator[None]:
        """Let a sequencer work for the length of the block."""
        stop = Stop()
        thread = threading.Thread(target=sequence, args=(self.settings, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def finish(self, records: Iterable[UUID]) -> None:
        """Let an ordinary worker do what is left of these; each is done then, or needs a person."""
        # On a busy machine it may be silent for a second, and must not take itself for dead.
        with at_work(worker(self.services, pace=replace(PACE, stalled_s=5.0))):
            for record in records:
                with suppress(acts.ViolationError):
                    poll(partial(acts.is_done, self.services, record), pause=0.2)
