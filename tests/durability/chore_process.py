"""A worker that is to be killed at a chore: `python -m tests.durability.chore_process FOLDER`.

Its connection comes on standard input; the chore notes in FOLDER that it began, and never ends.
"""

import asyncio
import sys
import threading
from dataclasses import replace
from pathlib import Path

from storage.workers import JobWorker
from tests.durability.working import PACE

EVERY_SECOND = replace(PACE, chores="* * * * * *")


def main() -> None:
    folder, conninfo = Path(sys.argv[1]), sys.stdin.readline().strip()

    def hang() -> None:
        (folder / "began").touch()
        threading.Event().wait()

    worker = JobWorker(
        conninfo,
        {},
        retryable=(),
        give_up=lambda *_: sys.exit("not here"),
        pace=EVERY_SECOND,
        chores={"test.chore": hang},
    )
    asyncio.run(worker.run())


if __name__ == "__main__":
    main()
