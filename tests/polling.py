"""Waiting in tests: always for something, never for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_S = 240.0
"""How long a test waits for what comes in a second: only what never comes takes so long."""


def poll(
    look: Callable[[], Found | None], *, within: float = PATIENCE_S, pause: float = 0.02
) -> Found:
    """Look until there is something to see."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing after {within} s: {look}"
        time.sleep(pause)
