"""Edge. What pages about requests cost, as requests gather over the years.

    python -m benchmarks.asking                       at 11,000 requests and at 110,000
    python -m benchmarks.asking --requests 1100 11000

For each page it prints SQL statements, and milliseconds of processor time of this process and of
PostgreSQL together, at both sizes: one of eleven requests is open, the others are closed.
"""

import argparse
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from anyio.from_thread import start_blocking_portal
from sqlalchemy import text

from api.services import Services
from benchmarks.addresses import older
from benchmarks.growth.requests import OPEN_SHARE, load_requests
from benchmarks.paging import Cost, Desk, compare, grown
from evidence.exhibits.clocks import LONDON

MOST_MS = 200.0
SIZES = (11_000, 110_000)
_LEAST_MS = 10.0
"""Below it clocks are coarse."""


def pages(services: Services, *, read: Callable[[str], str]) -> Mapping[str, str]:
    """Return the address of every page that is measured, by what it is called."""
    with services.transaction() as session:
        urns = session.execute(
            text(
                "(SELECT urn FROM request WHERE state = 'in_review' ORDER BY submitted_at LIMIT 1)"
                " UNION ALL (SELECT urn FROM request WHERE state = 'closed' AND path = 'insurer'"
                " ORDER BY submitted_at DESC LIMIT 1)"
            )
        )
        ((opened,), (closed,)) = urns.all()
    today = services.clock().astimezone(LONDON).date()
    spans = {"a month": 30, "a year": 365, "everything": 730}
    queue = "/console/requests"
    return {
        "queue": queue,
        "queue of all that is open": f"{queue}?show=open",
        "queue, further down": older(read(f"{queue}?show=open")) or queue,
        "what has ended": f"{queue}?show=ended",
        "search by number": f"{queue}?q={opened}",
        "search of a number that is nobody's": f"{queue}?q=BAR-2222-2222-2",
        "an open request": f"{queue}/{opened}",
        "a closed request": f"{queue}/{closed}",
        "call: requests": "/api/v1/requests",
        **{
            f"statistics of {name}": "/console/statistics?"
            + urlencode({"first": today - timedelta(days=days), "last": today})
            for name, days in spans.items()
        },
    }


def measured(services: Services) -> Mapping[str, Cost]:
    """Return what every page costs now."""
    with start_blocking_portal() as portal:
        desk = Desk(services, portal)
        every = pages(services, read=lambda path: desk.ask(path).text)
        return {name: desk.cost(path) for name, path in every.items()}


def grow(services: Services, requests: int) -> None:
    """Load until there are so many requests."""
    with services.transaction() as session:
        there = session.execute(text("SELECT count(*) FROM request")).scalar_one()
    if there < requests:
        load_requests(services, requests - there, seed=there)


def found(services: Services, sizes: tuple[int, ...] = SIZES) -> list[tuple[str, list[Cost]]]:
    """Return what every page costs at each size."""
    return compare(services, sizes, grow, measured)


def run(services: Services, sizes: tuple[int, ...] = SIZES) -> list[tuple[str, float, str]]:
    """Let requests gather; return the figures for the table of all benchmarks."""
    rows = []
    size = f"{sizes[-1] // OPEN_SHARE:,} open and {sizes[-1]:,} requests"
    for name, costs in found(services, sizes):
        small, large = (max(cost.whole_ms, _LEAST_MS) for cost in (costs[0], costs[-1]))
        rows.append((f"processor ms of {name}, {size}", costs[-1].whole_ms, f"<= {MOST_MS:g}"))
        rows.append((f"  times what it took at {sizes[0]:,}", large / small, ""))
    return rows


def main() -> None:
    """Print every page."""
    parser = argparse.ArgumentParser(prog="benchmarks.asking")
    parser.add_argument("--requests", type=int, nargs="+", default=SIZES)
    parser.add_argument("--data", type=Path, help="keep the database here, and go on with it")
    given = parser.parse_args()
    sizes = tuple(sorted(given.requests))
    with grown(given.data) as services:
        costs = found(services, sizes)
    heads = "".join(f"{size:>12,} requests" for size in sizes)
    print(f"\n  {'statements; processor ms, ours + PostgreSQL':<44}{heads}")
    for name, some in costs:
        figures = "".join(
            f"{cost.statements:>6};{cost.ours_ms:>6.1f} +{cost.database_ms:>5.1f}" for cost in some
        )
        words = "" if all(cost.whole_ms <= MOST_MS for cost in some) else "TOO MUCH"
        print(f"  {name:<44}{figures}  {words}")


if __name__ == "__main__":
    main()
