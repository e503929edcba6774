"""Edge. What a house that has grown costs: `python -m benchmarks.growth --exhibits 10000`."""

import argparse
import sys
from importlib import import_module
from pathlib import Path


def main() -> int:
    """Measure, print, and say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(prog="benchmarks.growth")
    parser.add_argument("--exhibits", type=int, help="how many are loaded (10,000)")
    parser.add_argument("--data", type=Path, help="keep what is loaded here, to audit it again")
    given = parser.parse_args()
    # Loaded here only, as `custos` does: another process of the audit begins with this module.
    auditing = import_module("benchmarks.growth.auditing")
    results = auditing.run(given.exhibits or auditing.EXHIBITS, given.data)
    for name, figure, bar in results:
        print(f"{name}: {figure:.2f} {bar}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
