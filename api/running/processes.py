"""Edge. The processes behind `custos up`: web, worker, sequencer, and a demonstration's stand-ins.

Each is started as `python -m api.running.processes NAME`, ends when its supervisor does, whatever
ended that one, and builds only what it needs.
"""

import argparse
import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from api.settings.environment import read_settings
from api.settings.facts import Settings
from storage.embedded.children import still_there

NAMES = ("web", "worker", "sequencer")
STAND_INS = "standins"
"""The one besides, in the demonstration only: its identity provider and its mail sink."""

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02
_log = logging.getLogger("custos")


def command(name: str, settings: Settings) -> list[str]:
    """Return the command line that starts the process ``name``."""
    return [
        sys.executable,
        "-m",
        "api.running.processes",
        name,
        f"--data={settings.data}",
        f"--port={settings.port}",
        f"--parent={os.getpid()}",
    ]


def end_leftovers(settings: Settings) -> None:
    """End what a killed supervisor left: its processes may take their time over their last jobs.

    Their port, their scratch folder and their queue belong to the next supervisor; to be killed
    is something that each of them survives at any moment.
    """
    seen: set[int] = set()
    while found := {*_orphans(f"--data={settings.data}"), *filter(still_there, seen)}:
        for pid in found - seen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        seen |= found
        time.sleep(_POLL_S)


def _orphans(data: str) -> Iterator[int]:
    """Yield our processes of one data directory whose supervisor is gone."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            status = (entry / "status").read_text(encoding="utf-8", errors="replace")
        except OSError:  # gone meanwhile, or somebody else's
            continue
        if words[1:3] == ["-m", "api.running.processes"] and data in words:
            parent = status.partition("\nPPid:")[2].split(maxsplit=1)[0]
            if f"--parent={parent}" not in words:
                yield int(entry.name)


def run_web(settings: Settings) -> None:
    """Serve HTTP until SIGTERM."""
    from api.app import create_app  # noqa: PLC0415 - only this process pays for it
    from api.running.serving import Server, web_config  # noqa: PLC0415
    from api.running.spooler import Spooler  # noqa: PLC0415
    from api.wiring import build  # noqa: PLC0415

    services = build(settings)
    server = Server(web_config(create_app(services, beside=Spooler(services)), settings))
    server.run()
    if not server.started:
        sys.exit("the web server could not start")


def run_worker(settings: Settings) -> None:
    """Work on the queue until SIGTERM."""
    from api.running.worker import worker  # noqa: PLC0415 - only this process pays for it
    from api.wiring import build  # noqa: PLC0415

    asyncio.run(worker(build(settings)).run())


def run_sequencer(settings: Settings) -> None:
    """Give events their place in the log until SIGTERM; wait while another one does it."""
    from api.running.sequencing import Stop, sequence  # noqa: PLC0415 - only this process pays

    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sequence(settings, stop)


def run_stand_ins(settings: Settings) -> None:
    """Stand in for identity provider and mail server until SIGTERM."""
    from api.demonstration.servers import serve  # noqa: PLC0415 - only this process pays for it

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(settings, stop)


def _end_with_parent(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the supervisor ended before this process began")


def main() -> None:
    """Run one process."""
    parser = argparse.ArgumentParser(prog="api.running.processes")
    parser.add_argument("name", choices=(*NAMES, STAND_INS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    given = parser.parse_args()
    os.umask(0o077)
    _end_with_parent(given.parent)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("alembic", "httpx", "botocore", "boto3", "procrastinate"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings = read_settings(os.environ, data=given.data, port=given.port)
    run = {
        "web": run_web,
        "worker": run_worker,
        "sequencer": run_sequencer,
        STAND_INS: run_stand_ins,
    }
    run[given.name](settings)


if __name__ == "__main__":
    main()
