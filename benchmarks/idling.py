"""Edge. What a service costs that nobody uses: the processor time of all of its processes together.

    python -m benchmarks.idling --seconds 60

starts `custos up` in a directory of its own, lets it settle, and then counts for so long. Bar:
less than 1 % of one core.
"""

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

SECONDS, SETTLE = 60.0, 30.0
BAR = 1.0
_HERE = "127.0.0.1"
_START_S = 180.0


def run(seconds: float = SECONDS) -> list[tuple[str, float, str]]:
    """Measure over a service of its own; return name, percent of one core, and the bar."""
    with (
        tempfile.TemporaryDirectory(prefix="custos-bench-") as folder,
        _service(Path(folder)) as service,
    ):
        time.sleep(SETTLE)
        spent = _watch(service, seconds)
    largest = sorted(spent.items(), key=lambda item: -item[1])
    parts = ", ".join(f"{name} {share:.2f}" for name, share in largest if share)
    return [(f"an idle service, % of one core ({parts})", sum(spent.values()), f"< {BAR:g}")]


@contextmanager
def _service(folder: Path) -> Iterator[psutil.Process]:
    """Start `custos up`, wait until it answers, and stop it in the end."""
    with socket.socket() as probe:
        probe.bind((_HERE, 0))
        port = probe.getsockname()[1]
    custos = Path(sys.executable).with_name("custos")
    command = [str(custos), "up", f"--data={folder / 'data'}", f"--port={port}"]
    log = folder / "up.log"
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as up:
        try:
            _await(f"http://{_HERE}:{port}/readyz", up, log)
            yield psutil.Process(up.pid)
        finally:
            up.terminate()
            up.wait()


def _await(url: str, up: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while up.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"it did not start:\n{log.read_text(errors='replace')}")


def _watch(service: psutil.Process, seconds: float) -> dict[str, float]:
    """Return what percent of one core each kind of process took; those that began or ended too."""
    before, ended_before = _spent(service)
    time.sleep(seconds)
    after, ended_after = _spent(service)
    shares = defaultdict[str, float](float)
    shares["children that ended"] = (ended_after - ended_before) / seconds * 100
    for pid, (name, spent) in after.items():
        shares[name] += (spent - before.get(pid, (name, 0.0))[1]) / seconds * 100
    return shares


def _spent(service: psutil.Process) -> tuple[dict[int, tuple[str, float]], float]:
    """Return the processor seconds of each process that lives, and of all that were waited for."""
    living, ended = {}, 0.0
    for process in [service, *service.children(recursive=True)]:
        try:
            times = process.cpu_times()
            living[process.pid] = (_name(process), times.user + times.system)
        except psutil.NoSuchProcess:
            continue
        ended += times.children_user + times.children_system
    return living, ended


def _name(process: psutil.Process) -> str:
    """Return web, worker, … for ours, and the program's name for others."""
    words = process.cmdline()
    if "api.processes" in words or "api.running.processes" in words:
        return words[3]
    return "supervisor" if "up" in words else process.name()


def main() -> int:
    """Measure, print, and say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(prog="benchmarks.idling")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    results = run(parser.parse_args().seconds)
    for name, share, bar in results:
        print(f"{name}: {share:.2f} (bar {bar})")
    return 0 if all(share < BAR for _, share, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
