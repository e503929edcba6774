"""Waiting in tests: always for something, never for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def poll(look: Callable[[], Found | None], *, within: float = 120, pause: float = 0.02) -> Found:
    """Look until there is something to see."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing after {within} s: {look}"
        time.sleep(pause)
