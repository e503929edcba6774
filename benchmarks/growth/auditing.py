"""Edge. One audit of a whole log, in entries a second, and what each stage of it costs.

The goal is one on the clock. Beside it stand the rates of processor time, which who shares the
machine changes less: the audit's own, and the database's with it; and how often the same machine
hashes 64 bytes. A stage is measured alone, in one process; comparing is what remains of the whole.
"""

import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import psutil
from sqlmodel import Session

from api.cli.proof.logs.database import material_of
from api.services import Services
from benchmarks.growth.loading import EXHIBITS, house, load
from custody.audit.collecting import collecting_seldom
from custody.audit.facts import WHOLE, AuditReport, Claim, Span
from custody.audit.log import audit as audit_log
from custody.audit.log import take_snapshot
from custody.audit.shares import audit_records, audit_tree
from custody.ledger.tables import LogStateRow

BAR = 50_000
Result = tuple[str, float, str]
T = TypeVar("T")
_HASHES = 200_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took, in seconds."""

    clock: float
    ours: float
    """Of processor time: of this process, and of its children that ended."""
    whole: float
    """Of processor time, the database's included."""


def run(exhibits: int = EXHIBITS, data: Path | None = None) -> list[Result]:
    """Load so many exhibits into a database of their own and audit them; name, figure and bar.

    ``data``: a data directory that is kept, and audited as it is if its log is not empty.
    """
    with ExitStack() as opened:
        folder = data or Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="custos-bench-"))
        )
        made = opened.enter_context(house(folder))
        results: list[Result] = []
        with made.transaction() as session:
            size = session.get_one(LogStateRow, 1).size
        if data is None or size < exhibits:
            loaded = load(made, exhibits)
            results.append((f"loading {exhibits} exhibits, entries/s", loaded.rate, ""))
        return [*results, *audit(made)]


def audit(services: Services) -> list[Result]:
    """Audit what ``services`` hold, in one process and in two; nothing may be wrong with it."""
    return [*_audit(services, 1), *_audit(services, 2), *_stages(services)]


def _audit(services: Services, processes: int) -> list[Result]:
    report, cost = _measured(services, lambda session: _whole(services, session, processes))
    size = report.size
    return [
        (
            f"audit of {size} entries, processes {processes}: entries/s on the clock",
            size / cost.clock,
            f"(goal {BAR})",
        ),
        ("  of processor time, the database's included", size / cost.whole, ""),
        ("  of processor time, the audit's own", size / cost.ours, ""),
        ("  hashes of 64 bytes in the time of one entry", cost.ours / size / _hash_seconds(), ""),
    ]


def _stages(services: Services) -> list[Result]:
    """Measure one stage after another, and the whole again: machines are not alike all the time."""
    material = material_of(services)
    report, whole = _measured(services, lambda session: _whole(services, session, 1))
    blind = replace(material, claims=_nothing)
    stages = {
        "the tree: hashes, checkpoints, timestamps": lambda s: audit_tree(s, material),
        "events: places, MACs, keys, commitments": lambda s: audit_records(s, blind, WHOLE),
        "what the rows claim, read": lambda s: _drain(material.claims(s, WHOLE)),
    }
    costs = {name: _measured(services, stage)[1] for name, stage in stages.items()}
    told = costs.values()
    costs["what they claim, compared: the rest"] = Cost(
        whole.clock - sum(one.clock for one in told),
        whole.ours - sum(one.ours for one in told),
        whole.whole - sum(one.whole for one in told),
    )
    return [
        (
            f"  µs of processor time an entry, {name}",
            cost.whole / report.size * 1e6,
            f"(the audit's own: {cost.ours / report.size * 1e6:.1f})",
        )
        for name, cost in costs.items()
    ]


def _whole(services: Services, session: Session, processes: int) -> AuditReport:
    report = audit_log(session, material_of(services), processes=processes)
    assert not report.failed, report.failed
    return report


def _nothing(_session: Session, _span: Span) -> tuple[Claim, ...]:
    return ()


def _drain(claims: Iterable[Claim]) -> None:
    for _ in claims:
        pass


def _measured(services: Services, work: Callable[[Session], T]) -> tuple[T, Cost]:
    """Do something in a snapshot; return what it gives, and what it took."""
    with services.transaction() as session, collecting_seldom():
        take_snapshot(session)
        spent, ours, began = _spent(), _ours(), time.perf_counter()
        found = work(session)
        seconds = time.perf_counter() - began
        return found, Cost(seconds, _ours() - ours, _spent() - spent)


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
