"""Edge. Fills a database with the exhibits and releases of two years.

    python -m benchmarks.growth.loading --data DIR --exhibits 10000

fills the data directory ``DIR`` of a Custos that does not run; `custos up --data DIR` then serves
it. Everything in the ledger is real, and `custos log audit` finds nothing wrong; the files are
not there, only their digests.
"""

import argparse
import heapq
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from sqlalchemy import text

from api.running.first_start import make_first_tokens
from api.running.supervisor import prepare
from api.services import Services
from api.settings.environment import read_settings
from api.wiring import build
from benchmarks.growth.bulk import Bulk
from benchmarks.growth.chance import DAY, Life
from benchmarks.growth.exhibits import LONGEST, Town
from storage.database import connect
from storage.embedded.engines import Engines

EXHIBITS = 10_000
"""What `make bench` loads; 100,000 are for who asks."""
YEARS = 730 * DAY
_SEED = 6
_BATCH = 1000
"""Entries between two checkpoints: what the sequencer takes at once when much waits."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded."""

    exhibits: int
    entries: int
    """In the whole log."""
    seconds: float
    added: int
    """Of the entries."""

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.added / self.seconds


def load(
    services: Services, exhibits: int = EXHIBITS, *, batch: int = _BATCH, seed: int = _SEED
) -> Loaded:
    """Add so many exhibits, and about as many releases, to a database that nobody uses now.

    ``batch`` is how many entries one checkpoint adds, each with a timestamp.
    """
    began, now = time.perf_counter(), services.clock()
    bulk = Bulk(services, batch=batch)
    before = bulk.size
    with services.transaction() as session:
        numbers = dict(session.execute(text("SELECT initials, highest FROM exhibit_counter")).all())
    town = Town(bulk, now=now, seed=seed + bulk.size, numbers=numbers)
    start, pace = now - YEARS, (YEARS - LONGEST) / exhibits
    moments = (start + number * pace for number in range(exhibits))
    arrivals = ((at, town.exhibit(at)) for at in moments)
    for at in _live(town, arrivals, now):
        bulk.write_some(at)
    bulk.write(now)
    with services.transaction() as session:
        counters = [{"i": name, "n": number} for name, number in town.numbers.items()]
        session.execute(
            text(
                "INSERT INTO exhibit_counter (initials, highest) VALUES (:i, :n) "
                "ON CONFLICT (initials) DO UPDATE SET highest = excluded.highest"
            ),
            counters,
        )
    analyse(services)
    seconds = time.perf_counter() - began
    return Loaded(exhibits, bulk.size, seconds, bulk.size - before)


def analyse(services: Services) -> None:
    """Let the database tidy and count its rows now: it does so some time after many came."""
    engine = connect(services.settings.addresses().owner_url, pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM (ANALYZE)"))
    finally:
        engine.dispose()


def _live(
    town: Town, arrivals: Iterator[tuple[datetime, Life]], now: datetime
) -> Iterator[datetime]:
    """Let all lives take their steps in the order of time; yield the moment of each step."""
    order, waiting = count(), list[tuple[datetime, int, Life]]()

    def follow(*lives: Life) -> None:
        for life in lives:
            at = next(life, None)
            if at is not None and at <= now:
                heapq.heappush(waiting, (at, next(order), life))

    def steps(until: datetime) -> Iterator[datetime]:
        while waiting and waiting[0][0] <= until:
            at, _, life = heapq.heappop(waiting)
            follow(life)
            follow(*town.begun)
            town.begun.clear()
            yield at

    for at, arrival in arrivals:
        yield from steps(at)
        follow(arrival)
    yield from steps(now)


@contextmanager
def house(data: Path) -> Iterator[Services]:
    """Start the engines in ``data`` and build the services; nothing else runs."""
    settings = read_settings(os.environ, data=data, port=8124)
    with Engines.start(data, say=print):
        prepare(settings)
        services = build(settings, pool_size=5)
        try:
            make_first_tokens(services, settings.tokens)
            yield services
        finally:
            services.close()


def main() -> None:
    """Load, and say how long it took."""
    parser = argparse.ArgumentParser(prog="benchmarks.growth.loading")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--exhibits", type=int, default=EXHIBITS)
    parser.add_argument("--batch", type=int, default=_BATCH)
    given = parser.parse_args()
    with house(given.data) as services:
        loaded = load(services, given.exhibits, batch=given.batch)
    print(f"{loaded.exhibits} exhibits, {loaded.entries} entries in {loaded.seconds:.1f} s")


if __name__ == "__main__":
    main()
