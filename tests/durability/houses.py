"""What `custos up` prepares; its processes are the tests' to start and to kill."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from api.running.first_start import make_first_tokens
from api.running.sequencing import Stop, sequence
from api.running.supervisor import prepare
from api.running.worker import worker
from api.settings.environment import read_settings
from api.settings.facts import Settings
from api.wiring import Services, build
from storage.embedded.engines import Engines
from tests.durability import acts
from tests.durability.polling import poll
from tests.durability.working import PACE, at_work


class House:
    """The engines of one data directory, and the services over them."""

    def __init__(self, data: Path) -> None:
        self.settings: Settings = read_settings({}, data=data, port=1)
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self.engines = opened.enter_context(Engines.start(self.settings.data))
            prepare(self.settings)
            self.services: Services = build(self.settings, pool_size=2)
            opened.callback(self.services.close)
            make_first_tokens(self.services, self.settings.tokens)
            self._opened = opened.pop_all()
        return self

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
            thread.join(30)
            assert not thread.is_alive()

    def finish(self, records: Iterable[UUID]) -> None:
        """Let an ordinary worker do what is left of these; each is done then, or needs a person."""
        with at_work(worker(self.services, pace=PACE)):
            for record in records:
                with suppress(acts.ViolationError):
                    poll(partial(acts.is_done, self.services, record), within=60)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        store = self.engines._weed.child.pid
        if store is not None:
            os.kill(store, signal.SIGKILL)  # a clean stop takes seconds, and nobody comes back
        self._opened.close()
