"""Edge. What each page and each call of the staff costs, in a database that has grown.

    python -m benchmarks.paging                          at 1,000 and at 10,000 exhibits
    python -m benchmarks.paging --exhibits 10000 100000  of a large city: loading takes its time

For each it prints the SQL statements, and the milliseconds of processor time of this process and
of PostgreSQL together, at both sizes; and whether they are flat from one to the other.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from anyio.from_thread import BlockingPortal, start_blocking_portal
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import event, text

from api.app import create_app
from api.services import Services
from api.web.staff import cookie_name
from benchmarks.addresses import pages
from benchmarks.growth.loading import house, load
from evidence.people.access import Role

MOST_STATEMENTS, MOST_MS = 20, 100.0
SIZES = (1_000, 10_000)
_TIMES = 8
_SLACK_MS = 10.0
"""A page is flat if it costs at most half as much again, and this: below it clocks are coarse."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page costs."""

    statements: int
    ours_ms: float
    database_ms: float

    @property
    def whole_ms(self) -> float:
        """Processor time, ours and PostgreSQL's."""
        return self.ours_ms + self.database_ms

    @property
    def within(self) -> bool:
        """Whether it stays within what is promised."""
        return self.statements <= MOST_STATEMENTS and self.whole_ms <= MOST_MS


def flat(small: Cost, large: Cost) -> bool:
    """Tell whether a page costs the same in a small and in a large database."""
    return (
        large.statements == small.statements and large.whole_ms <= small.whole_ms * 1.5 + _SLACK_MS
    )


class Desk:
    """Somebody of the staff who may see everything, at a browser and with a token."""

    def __init__(self, services: Services, portal: BlockingPortal) -> None:
        self.statements = 0
        everything = (Role.OPERATOR, Role.RELEASER, Role.GOVERNANCE, Role.AUDITOR)
        with services.transaction() as session:
            person = services.people.known(session, "paging")
            subject = services.people.subject(session, person, everything)
            at = services.clock()
            secret = services.sessions.start(session, subject, at=at)
            token = services.tokens.add(session, person, everything, by=subject, at=at)
        self._client = AsyncClient(
            transport=ASGITransport(create_app(services)),
            base_url=services.settings.origin,
            cookies={cookie_name(services): secret},
            headers={"Authorization": f"Bearer {token}"},
        )
        self._portal = portal
        event.listen(services.engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.statements += 1

    def ask(self, path: str) -> Response:
        """Ask for a page, and have it."""
        answer = self._portal.call(self._client.get, path)
        if answer.status_code != 200:  # noqa: PLR2004 - anything else is no page
            raise RuntimeError(f"{path} answers {answer.status_code}: {answer.text[:300]}")
        return answer

    def cost(self, path: str) -> Cost:
        """Ask for a page several times; the first time only fills caches."""
        self.ask(path)
        self.statements, servers = 0, _servers()
        before, began = _processor(servers), time.process_time()
        for _ in range(_TIMES):
            self.ask(path)
        ours, database = time.process_time() - began, _processor(servers) - before
        each = 1000 / _TIMES
        return Cost(self.statements // _TIMES, ours * each, database * each)


def _servers() -> list[psutil.Process]:
    """Return PostgreSQL's processes below this one."""
    below = psutil.Process().children(recursive=True)
    return [one for one in below if one.name().startswith("postgres")]


def _processor(servers: Sequence[psutil.Process]) -> float:
    """Return the seconds of processor time that these processes have used."""
    used = 0.0
    for one in servers:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


def measured(services: Services) -> Mapping[str, Cost]:
    """Return what every page costs now."""
    gc.collect()
    gc.freeze()  # what the loading left is no page's to go through
    with start_blocking_portal() as portal:
        desk = Desk(services, portal)
        every = pages(services, read=lambda path: desk.ask(path).text)
        return {name: desk.cost(path) for name, path in every.items()}


def exported(services: Services) -> tuple[int, float]:
    """Return how many lines the whole register has as a file, and the processor seconds of it."""
    with start_blocking_portal() as portal:
        desk, began = Desk(services, portal), time.process_time()
        lines = desk.ask("/console/register.csv").text.count("\r\n")
        return lines, time.process_time() - began


@contextmanager
def grown(data: Path | None) -> Iterator[Services]:
    """Yield the services over a data directory that is kept, or over one that is not."""
    if data is not None:
        with house(data) as services:
            yield services
        return
    with (
        tempfile.TemporaryDirectory(prefix="custos-paging-") as folder,
        house(Path(folder) / "data") as services,
    ):
        yield services


def grow(services: Services, exhibits: int) -> None:
    """Load until there are so many exhibits, and let PostgreSQL learn of it."""
    with services.transaction() as session:
        there = session.execute(text("SELECT count(*) FROM exhibit")).scalar_one()
    if there < exhibits:
        load(services, exhibits - there)


def compare(
    services: Services,
    sizes: Sequence[int],
    grow: Callable[[Services, int], None] = grow,
    measured: Callable[[Services], Mapping[str, Cost]] = measured,
) -> list[tuple[str, list[Cost]]]:
    """Return what every page costs at each size."""
    costs: dict[str, list[Cost]] = {}
    for size in sizes:
        grow(services, size)
        for name, cost in measured(services).items():
            costs.setdefault(name, []).append(cost)
    return list(costs.items())


def run(services: Services, sizes: Sequence[int] = SIZES) -> list[tuple[str, float, str]]:
    """Let ``services`` grow; return the dearest page's figures, for the table of all benchmarks."""
    found = compare(services, sizes)
    name, dearest = max(found, key=lambda one: one[1][-1].whole_ms)
    most = max(cost[-1].statements for _, cost in found)
    steepest = max(cost[-1].whole_ms / max(cost[0].whole_ms, _SLACK_MS) for _, cost in found)
    return [
        (f"processor ms of the dearest page ({name})", dearest[-1].whole_ms, f"<= {MOST_MS:g}"),
        ("SQL statements of the page with the most", most, f"<= {MOST_STATEMENTS}"),
        (f"the steepest page, {sizes[0]:,} to {sizes[-1]:,} exhibits", steepest, "<= 1.5"),
    ]


def main() -> None:
    """Print every page."""
    parser = argparse.ArgumentParser(prog="benchmarks.paging")
    parser.add_argument("--exhibits", type=int, nargs="+", default=SIZES)
    parser.add_argument("--data", type=Path, help="keep the database here, and go on with it")
    given = parser.parse_args()
    sizes = sorted(given.exhibits)
    with grown(given.data) as services:
        found = compare(services, sizes)
        lines, seconds = exported(services)
    heads = "".join(f"{size:>12,} exhibits" for size in sizes)
    print(f"\n  {'statements; processor ms, ours + PostgreSQL':<44}{heads}")
    for name, costs in found:
        figures = "".join(
            f"{cost.statements:>6};{cost.ours_ms:>6.1f} +{cost.database_ms:>5.1f}" for cost in costs
        )
        words = "" if flat(costs[0], costs[-1]) else "NOT FLAT "
        words += "" if all(cost.within for cost in costs) else "TOO MUCH"
        print(f"  {name:<44}{figures}  {words}")
    print(f"\n  the whole register: {lines:,} lines, {seconds:.1f} s of our processor time")


if __name__ == "__main__":
    main()
