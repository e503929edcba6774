"""Edge. What a house that has grown costs: `python -m benchmarks.growth --exhibits 10000`."""

import argparse
import sys

from benchmarks.growth import auditing
from benchmarks.growth.loading import EXHIBITS


def main() -> int:
    """Measure, print, and say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(prog="benchmarks.growth")
    parser.add_argument("--exhibits", type=int, default=EXHIBITS)
    results = auditing.run(parser.parse_args().exhibits)
    for name, figure, bar in results:
        print(f"{name}: {figure:.2f} {bar}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
