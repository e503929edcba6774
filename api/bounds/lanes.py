"""Edge. Slow kinds of work, each within a limit of its own, so that none stops another.

Routes share forty threads. What waits for a store, a disk or a client takes none of them: it has
threads of its own, few, and places of its own, many; whoever finds no place is told at once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from api.denials import BusyError

Result = TypeVar("Result")


class Lane:
    """One kind of work: ``most`` pieces of it at once, and ``threads`` for what they do."""

    def __init__(self, what: str, *, most: int, threads: int) -> None:
        self._what = what
        self._threads = threads
        self._limiter = RunVar[anyio.CapacityLimiter](f"threads of those who {what}")
        self._left = most
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """How many places are free."""
        return self._left

    def enter(self) -> None:
        """Take a place; `leave` gives it back.

        Raises:
            BusyError: all are taken. Nothing was done.
        """
        with self._lock:
            if self._left == 0:
                raise BusyError(self._what)
            self._left -= 1

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            self._left += 1

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for the length of the block; raises as `enter`."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    async def run(self, work: Callable[..., Result], *args: object) -> Result:
        """Do something in a thread of this lane, as soon as one is free."""
        try:
            limiter = self._limiter.get()
        except LookupError:  # the first piece of work in this loop
            limiter = anyio.CapacityLimiter(self._threads)
            self._limiter.set(limiter)
        return await anyio.to_thread.run_sync(partial(work, *args), limiter=limiter)


UPLOADS = Lane("files are on their way in", most=100, threads=8)
"""Footage that arrives, of whatever speed: its bytes go to the spool."""
VAULT = Lane("files are stored", most=100, threads=4)
"""Footage that has arrived, on its way into the vault by the request that brought it."""
FORMS = Lane("files are sent by forms", most=8, threads=1)
"""Plain forms with files: each may hold some megabytes while it is taken apart."""
DOCUMENTS = Lane("documents are sent", most=8, threads=2)
"""Consent and identity of who asks: each is held in memory until it lies sealed in the database."""
DOWNLOADS = Lane("files are on their way out", most=256, threads=16)
"""Footage and packages that leave: each holds a connection to the store, and up to 2 MiB."""
PROVIDER = Lane("people sign in", most=4, threads=1)
"""People who wait for the identity provider to answer us."""
PAYMENTS = Lane("people pay", most=16, threads=4)
"""People who are on their way to the card page, or come back from it: the provider is asked."""
LOG = Lane("the public log is read", most=32, threads=2)
"""Whoever reads tiles of the log: each takes one row or 256 of them, and at most 16 MiB."""
HEALTH = Lane("ask how each part is", most=4, threads=4)
