"""Edge. What sealing costs: a master of 2 GiB beside one of 20 MiB, and the memory it takes.

Sealing joins stored objects inside the object store. What it costs the service is the processor
time of our process and the bytes that pass through it; the store's own copying is printed beside
it as time on the clock. The read-back that follows reads every byte, and is timed apart.
"""

import resource
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil

from api.acts import act
from api.services import Services
from evidence.exhibits.particulars import NewExhibit
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from export.holdings.masters import Arrived
from export.release.proposals import NewRelease, ReleaseKind
from export.sealing.steps import SealStep, SealStore

MIB = 1 << 20
SMALL, LARGE = 20 * MIB, 2048 * MIB
_PATTERN = bytes(range(256)) * 4096


@dataclass(frozen=True, slots=True)
class Cost:
    """What one sealing took, up to the joined archive; the read-back apart. In seconds."""

    cpu: float
    wall: float
    read_back: float


class Noise:
    """A stream of any length that no player can read, and that costs nothing to make."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        count = min(size, self._left, len(_PATTERN))
        self._left -= count
        return _PATTERN[:count]


def run(services: Services) -> list[tuple[str, float, str]]:
    """Seal a small and a large master, three times and once; return (name, figure, bar)."""
    small = sorted((_seal(services, SMALL) for _ in range(3)), key=lambda cost: cost.cpu)[1]
    large = _seal(services, LARGE)
    return [
        ("sealing 2 GiB / 20 MiB, processor time", large.cpu / small.cpu, "<= 1.5"),
        ("sealing 2 GiB / 20 MiB, on the clock", large.wall / small.wall, "(the store copies)"),
        ("sealing 2 GiB, seconds on the clock", large.wall, ""),
        ("reading 2 GiB back, seconds", large.read_back, ""),
        ("memory of this process at most, MB", _peak(), "< 400"),
        *(
            (f"memory of {name} now, MB", size, "< 400")
            for name, size in _processes(services.settings.data)
        ),
    ]


def _seal(services: Services, size: int) -> Cost:
    operator, releaser = (_subject(services, role) for role in (Role.OPERATOR, Role.RELEASER))
    exhibit = _exhibit(services, operator, size)
    new = NewRelease(
        exhibits=(exhibit.reference,),
        kind=ReleaseKind.POLICE,
        recipient_name="DC Alex Example",
        recipient_email="alex@barchester.police.example",
        organisation="Barchester Constabulary",
        purpose="benchmark",
        basis="none",
    )
    release = act(
        services,
        operator,
        lambda session: services.proposals.propose(session, new, by=operator, at=services.clock()),
    )
    act(
        services,
        releaser,
        lambda session: services.decisions.approve(
            session, str(release.id), by=releaser, at=services.clock()
        ),
    )
    return _time(services, release.id)


def _time(services: Services, release: UUID) -> Cost:
    """Run the steps here instead of in the worker, so that each can be timed."""
    with services.transaction() as session:
        row = services.releases.find(session, str(release), lock=True)
        row.state = "sealing"
    store = SealStore(release)
    cpu, wall = time.process_time(), time.perf_counter()
    for step, work in services.sealing.steps.items():
        if step is not SealStep.CHECK:
            work(store)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    began = time.perf_counter()
    services.sealing.steps[SealStep.CHECK](store)
    return Cost(cpu, wall, time.perf_counter() - began)


def _exhibit(services: Services, operator: Subject, size: int) -> ExhibitRow:
    stored = services.intake.store(Noise(size), by=operator, size=size)
    now = services.clock()
    new = NewExhibit(
        reference="BM",
        camera="bench",
        displayed_start="2026-11-20 14:00:00",
        displayed_end="2026-11-20 15:00:00",
        clock_offset_ms=0,
    )
    exhibit = act(
        services,
        operator,
        lambda session: services.masters.add(
            session,
            new,
            [Arrived(services.intake.keep(session, stored, at=now), "noise.bin")],
            by=operator,
            at=now,
        ),
    )
    while True:
        with services.transaction() as session:
            row = session.get_one(ExhibitRow, exhibit.id)
            if row.state == ExhibitState.ATTENTION:
                break
        time.sleep(0.2)
    return act(
        services,
        operator,
        lambda session: services.remedies.accept(
            session, str(row.id), by=operator, at=services.clock(), reason="noise, as it should be"
        ),
    )


def _subject(services: Services, role: Role) -> Subject:
    token = (services.settings.tokens / f"{role}.token").read_text(encoding="ascii")
    with services.transaction() as session:
        subject = services.tokens.find(session, token, at=services.clock())
    assert subject is not None
    return subject


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _processes(data: Path) -> list[tuple[str, float]]:
    """Return our other processes over this data directory, with the memory they hold."""
    found = []
    for process in psutil.process_iter(["cmdline", "memory_info"]):
        words = process.info["cmdline"] or []
        if "api.running.processes" in words and f"--data={data}" in words:
            name = words[words.index("api.running.processes") + 1]
            found.append((name, process.info["memory_info"].rss / MIB))
    return sorted(found)
