"""Engines in a folder that nobody comes back to, with every setting of the real ones."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.embedded.engines import Engines


@contextmanager
def own_engines() -> Iterator[Engines]:
    """Start PostgreSQL and SeaweedFS in a directory of their own, for the length of the block."""
    data = Path(tempfile.mkdtemp(prefix="custos-test-"))
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
