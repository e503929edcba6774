"""Engines in a folder that nobody comes back to, with every setting of the real ones."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from storage.embedded.engines import Engines

_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, not a file in it
_ROOM, _SPARE = 16 << 30, 8 << 30
"""The store makes a volume of each GiB that it sees; engines of four workers fill three."""


def folder_for_engines(memory: Path = _MEMORY) -> Path:
    """Make a folder that somebody removes in the end: in memory, where the machine has plenty.

    Each database is a thousand files, made and removed: on a disk that takes a third of all time.
    What is written and not synced outlives a killed process there as here, and no test cuts power.
    """
    try:
        room = shutil.disk_usage(memory).free
    except OSError:
        room = 0
    plenty = room >= _ROOM and psutil.virtual_memory().available >= _SPARE
    return Path(tempfile.mkdtemp(prefix="custos-test-", dir=memory if plenty else None))


@contextmanager
def own_engines() -> Iterator[Engines]:
    """Start PostgreSQL and SeaweedFS in a directory of their own, for the length of the block."""
    data = folder_for_engines()
    try:
        with Engines.start(data) as engines:
            try:
                yield engines
            finally:
                # A store that was asked to end lets its idle clients finish: up to half a minute.
                # What it has acknowledged is safe by then, and nobody asks for it again.
                store = engines._weed.child.pid
                if store is not None:
                    os.kill(store, signal.SIGKILL)
    finally:
        shutil.rmtree(data)
