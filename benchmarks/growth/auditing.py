"""Edge. One audit of a whole log, in entries a second.

The goal is one on the clock. Beside it stand the rates of processor time, which who shares the
machine changes less: the audit's own, and the database's with it; and how often the same machine
hashes 64 bytes.
"""

import tempfile
import time
from hashlib import sha256
from pathlib import Path

import psutil

from api.cli.log import audit_session
from api.wiring import Services
from benchmarks.growth.loading import EXHIBITS, house, load
from custody.audit.log import take_snapshot

BAR = 50_000
_HASHES = 200_000


def run(exhibits: int = EXHIBITS) -> list[tuple[str, float, str]]:
    """Load so many exhibits into a database of their own and audit them; name, figure and bar."""
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as folder, house(Path(folder)) as made:
        loaded = load(made, exhibits)
        return [
            (f"loading {loaded.exhibits} exhibits, entries/s", loaded.rate, ""),
            *audit(made),
        ]


def audit(services: Services) -> list[tuple[str, float, str]]:
    """Audit what ``services`` hold, in one process and in two; nothing may be wrong with it."""
    return [*_audit(services, 1), *_audit(services, 2)]


def _audit(services: Services, processes: int) -> list[tuple[str, float, str]]:
    with services.transaction() as session:
        take_snapshot(session)
        spent, ours, began = _spent(), _ours(), time.perf_counter()
        report = audit_session(services, session, processes=processes)
        seconds = time.perf_counter() - began
        ours, spent = _ours() - ours, _spent() - spent
    assert not report.failed, report.failed
    size = report.size
    return [
        (
            f"audit of {size} entries, processes {processes}: entries/s on the clock",
            size / seconds,
            f"(goal {BAR})",
        ),
        ("  of processor time, the database's included", size / spent, ""),
        ("  of processor time, the audit's own", size / ours, ""),
        ("  hashes of 64 bytes in the time of one entry", ours / size / _hash_seconds(), ""),
    ]


def _spent() -> float:
    """Return the processor seconds of this process and all that it started."""
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _ours() -> float:
    """Return the processor seconds of this process and of those of its children that ended."""
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _hash_seconds() -> float:
    began, block = time.process_time(), bytes(64)
    for _ in range(_HASHES):
        sha256(block).digest()
    return (time.process_time() - began) / _HASHES
