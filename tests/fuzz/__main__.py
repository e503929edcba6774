"""`make fuzz`: hand the verifier and its parsers what an enemy might, and see what holds.

    python -m tests.fuzz [--seconds N | --rounds N] [--seed N] [--keep DIR]

Never an exception, never a changed package that is verified or intact, one JSON document and one of
the four exit codes, at most 2 s of processor time a case, and 150 MB for all. The seed decides what
is changed, and is printed; keys are new each time, so what broke something is kept as a file.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.cases import CASES, FuzzError, make_world

CASE_S = 2.0
MEMORY_KIB = 150_000


def main() -> int:
    """Fuzz for as long as asked; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, help="so many cases, whatever time they take")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"))
    given = parser.parse_args()
    say(f"seed {given.seed}")
    done: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="custos-fuzz-") as folder:
        world = make_world(Path(folder))
        while (
            done.total() < given.rounds
            if given.rounds is not None
            else time.monotonic() - began < given.seconds
        ):
            number = done.total()
            draw = random.Random(f"{given.seed}/{number}")  # noqa: S311 - no secret
            case = draw.choice(CASES)
            before = time.process_time()
            try:
                case(world, draw)
            except FuzzError as error:
                return fail(f"{given.seed}-{number}", case.__name__, error, given.keep)
            took = time.process_time() - before
            if took > CASE_S:
                late = FuzzError(f"it took {took:.1f} s", world.package.read_bytes())
                return fail(f"{given.seed}-{number}", case.__name__, late, given.keep)
            done[case.__name__] += 1
    for name, count in sorted(done.items()):
        say(f"{count:8} {name.replace('_', ' ')}")
    peak = peak_kib()
    say(f"{done.total():8} cases, {peak // 1024} MiB at most")
    return 0 if peak < MEMORY_KIB else 1


def fail(name: str, case: str, error: FuzzError, keep: Path) -> int:
    """Say what did not hold, and keep what broke it; return the exit code."""
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / name
    path.write_bytes(error.data)
    why = f" ({error.__cause__})" if error.__cause__ else ""
    say(f"{name} {case}: {error}{why}; it lies in {path}")
    return 1


def peak_kib() -> int:
    """Return the most memory that this process ever had, in KiB."""
    with Path("/proc/self/status").open(encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1])


def say(words: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
