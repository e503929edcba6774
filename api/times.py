"""Edge. The only clock that the service has, and waiting by it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from custody.errors import NotYetError


def utc_now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def steady() -> float:
    """Return seconds that go on as time does, whatever is done to the clock, suspended or not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wait_until(holds: Callable[[], None], *, most: float = 20.0, pause: float = 0.1) -> None:
    """Call ``holds`` until it no longer says NotYetError, for ``most`` seconds at most.

    Raises:
        NotYetError: it still says so.
    """
    deadline = time.monotonic() + most
    while True:
        try:
            return holds()
        except NotYetError:
            if time.monotonic() > deadline:
                raise
            time.sleep(pause)
