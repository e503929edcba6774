"""A worker that is to be killed: `python -m tests.durability.job_process FOLDER` < conninfo.

Its one kind of job notes in FOLDER that it began, and never ends.
"""

import asyncio
import sys
import threading
from pathlib import Path

from storage.workers import JobWorker
from tests.durability.working import PACE


def main() -> None:
    folder, conninfo = Path(sys.argv[1]), sys.stdin.readline().strip()

    def hang(subject: str) -> None:
        (folder / subject).touch()
        threading.Event().wait()

    worker = JobWorker(
        conninfo,
        {"test.hang": hang},
        retryable=(),
        give_up=lambda *_: sys.exit("not here"),
        pace=PACE,
    )
    asyncio.run(worker.run())


if __name__ == "__main__":
    main()
