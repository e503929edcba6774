"""Edge. Run every benchmark over one set of engines and print one table of ratios."""

import os
import tempfile
from pathlib import Path

from api.running.processes import NAMES
from api.running.supervisor import Supervisor
from api.settings.environment import read_settings
from benchmarks import (
    asking,
    collecting,
    copying,
    crowding,
    idling,
    ingest,
    paging,
    sealing,
    verifying,
)
from benchmarks.growth import auditing
from benchmarks.log import ledger


def main() -> None:
    """Take all figures in one run."""
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as folder:
        settings = read_settings(os.environ, data=Path(folder) / "data", port=8123)
        with Supervisor(settings, NAMES, print) as running:
            # First, since it tells how much memory this process ever held.
            rows = sealing.run(running.services)
            rows += ingest.run(running.services.addresses)
            rows += collecting.run(running.services)
        rows += [*copying.run(), *verifying.run(), *idling.run(), *crowding.run()]
        rows += ledger.run()
        with paging.grown(None) as town:
            rows += [*paging.run(town), *auditing.audit(town)]
        with paging.grown(None) as queue:
            rows += asking.run(queue)
    print(f"\n{os.cpu_count()} processors; every ratio was taken in this one run.\n")
    width = max(len(name) for name, _, _ in rows)
    for name, figure, bar in rows:
        print(f"  {name:<{width}}  {figure:8.2f}  {bar}")


if __name__ == "__main__":
    main()
