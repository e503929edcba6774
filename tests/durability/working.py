"""Job workers in a thread of the test, and processes that are there to be killed."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.workers import JobWorker, Pace
from tests.polling import PATIENCE_S

PACE = Pace(heartbeat_s=0.2, stalled_s=1.0, rescue_s=0.5, look_s=0.5)
"""The same as in production, ten times as fast."""


@contextmanager
def at_work(worker: JobWorker) -> Iterator[None]:
    """Let a worker work in a thread for the length of the block."""
    loop = asyncio.new_event_loop()
    running = loop.create_task(worker.run())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(running)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(running.cancel)
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        loop.close()


@contextmanager
def killed(*command: str, words: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Start one of our modules as a process, and kill it with -9 where the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdin=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(words.encode() + b"\n")
    try:
        yield process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
