"""Edge. How long pages take while 200 slow clients of each kind hold what they can.

    python -m benchmarks.crowding

starts engines and a web process in a directory of their own. Bar: less than a second for each page.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.crowds import EACH, PAGES, crowded
from tests.engines import own_engines
from tests.houses import Estate

ROUNDS = 20
BAR_S = 1.0


def run() -> list[tuple[str, float, str]]:
    """Measure over engines of its own; return name, seconds of the slowest page, and the bar."""
    with (
        own_engines() as engines,
        tempfile.TemporaryDirectory(prefix="custos-bench-") as folder,
        Estate(engines, Path(folder, "first")).house(Path(folder, "house")) as house,
        crowded(house) as web,
    ):
        alone = _slowest(web.ask)
        with web.crowd() as crowd:
            _slowest(web.ask)  # while they come
            held = _slowest(web.ask)
            kinds = ", ".join(crowd)
    return [
        ("the slowest page that nobody holds up, s", alone, ""),
        (f"the slowest page while {EACH} of each hold ({kinds}), s", held, f"< {BAR_S:g}"),
    ]


def _slowest(ask: Callable[[str], tuple[int, float]]) -> float:
    """Return how long the slowest of many pages took, in seconds."""
    times = []
    for _ in range(ROUNDS):
        for path in PAGES:
            status, seconds = ask(path)
            if status != httpx.codes.OK:
                raise RuntimeError(f"{path} answered {status}")
            times.append(seconds)
    return max(times)


def main() -> int:
    """Measure, print, and say by the exit code whether the bar is met."""
    results = run()
    for name, seconds, bar in results:
        print(f"{name}: {seconds:.3f} {f'(bar {bar})' if bar else ''}")
    return 0 if results[-1][1] < BAR_S else 1


if __name__ == "__main__":
    sys.exit(main())
