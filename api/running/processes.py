"""Edge. The processes behind `custos up`: web, worker, sequencer, and a demonstration's stand-ins.

Each is started as `python -m api.running.processes NAME`, ends when its supervisor does, whatever
ended that one, and builds only what it needs, of what it is given (`api.running.powers`).
"""

import argparse
import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from api.running.powers import take_over
from api.settings.facts import Settings
from storage.embedded.children import still_there

NAMES = ("web", "worker", "sequencer")
STAND_INS = "standins"
"""The one besides, in the demonstration only: its identity provider and its mail sink."""

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02
_log = logging.getLogger("custos")


def command(name: str, settings: Settings, doors: Sequence[int] = ()) -> list[str]:
    """Return the command line that starts the process ``name``, with the sockets it is handed."""
    return [
        sys.executable,
        "-m",
        "api.running.processes",
        name,
        f"--data={settings.data}",
        f"--parent={os.getpid()}",
        *(f"--fd={number}" for number in doors),
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


def run_web(settings: Settings, doors: Sequence[socket.socket]) -> None:
    """Serve HTTP until SIGTERM, at the door that the supervisor holds."""
    from api.app import create_app  # noqa: PLC0415 - only this process pays for it
    from api.running.connections import take_descriptors  # noqa: PLC0415
    from api.running.serving import Server, web_config  # noqa: PLC0415
    from api.running.spooler import Spooler  # noqa: PLC0415
    from api.wiring import build  # noqa: PLC0415

    take_descriptors()
    # What a form or a page keeps aside waits on a disk that is meant for it, not in /tmp.
    settings.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(settings.spool)
    services = build(settings)
    app = create_app(services, beside=Spooler(services))
    _loaded()
    server = Server(web_config(app, settings))
    server.run(sockets=list(doors))
    if not server.started:
        sys.exit("the web server could not start")


def run_worker(settings: Settings, _doors: Sequence[socket.socket]) -> None:
    """Work on the queue until SIGTERM."""
    from api.running.worker import worker  # noqa: PLC0415 - only this process pays for it
    from api.wiring import build  # noqa: PLC0415

    work = worker(build(settings))
    _loaded()
    asyncio.run(work.run())


def run_sequencer(settings: Settings, _doors: Sequence[socket.socket]) -> None:
    """Give events their place in the log until SIGTERM; wait while another one does it."""
    from api.running.sequencing import Stop, sequence  # noqa: PLC0415 - only this process pays

    _loaded()
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sequence(settings, stop)


def run_stand_ins(settings: Settings, doors: Sequence[socket.socket]) -> None:
    """Stand in for identity provider and mail server until SIGTERM."""
    from api.demonstration.servers import serve  # noqa: PLC0415 - only this process pays for it

    _loaded()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(settings, stop, doors)


def _loaded() -> None:
    """Let the garbage collector begin, and pass over what was loaded: all of it stays."""
    gc.freeze()
    gc.enable()


def _end_with_parent(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the supervisor ended before this process began")


def main() -> None:
    """Run one process."""
    gc.disable()  # while modules are loaded: it would take a fifth of the time, and find nothing
    parser = argparse.ArgumentParser(prog="api.running.processes")
    parser.add_argument("name", choices=(*NAMES, STAND_INS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--fd", type=int, action="append", default=[], help="a socket to serve at")
    given = parser.parse_args()
    os.umask(0o077)
    _end_with_parent(given.parent)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("alembic", "httpx", "botocore", "boto3", "procrastinate"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings = take_over(sys.stdin.buffer.read())
    run = {
        "web": run_web,
        "worker": run_worker,
        "sequencer": run_sequencer,
        STAND_INS: run_stand_ins,
    }
    run[given.name](settings, [socket.socket(fileno=number) for number in given.fd])


if __name__ == "__main__":
    main()
