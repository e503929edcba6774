"""A clock for paced answers on which a pause costs nothing, and a busy machine changes nothing."""

import time
from dataclasses import dataclass


@dataclass
class ProcessorClock:
    """Goes with the work that this process does, and jumps over every pause.

    Stands in for `anyio` in `api.web.collect.pacing`: what is waited for elsewhere does not count.
    """

    jumped: float = 0.0

    def current_time(self) -> float:
        """Return the time in seconds since any moment."""
        return time.process_time() + self.jumped

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.jumped += seconds
