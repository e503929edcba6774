"""Edge. `custos up`: start everything, serve until Ctrl-C, stop everything in order."""

import argparse
import signal
import threading

from api.cli.terminal.acting import port_number
from api.cli.terminal.caller import add_data, settings_of
from api.running.processes import NAMES
from api.running.supervisor import Supervisor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos up`."""
    add_data(parser)
    parser.add_argument("--port", type=port_number, help="port to serve on (CUSTOS_PORT; 8000)")


def run(given: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    settings = settings_of(given, port=given.port)
    with Supervisor(settings, NAMES, lambda words: print(words, flush=True)):
        print(f"Custos serves on http://{settings.host}:{settings.port}", flush=True)
        tokens = "" if settings.production else f" · tokens: {settings.tokens}"
        print(f"Data: {settings.data}{tokens} · Ctrl-C stops", flush=True)
        await_signal()
        print("Stopping ...", flush=True)
    return 0


def await_signal() -> None:
    """Return at SIGINT or SIGTERM; a second one cannot cut the clean stop short."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
