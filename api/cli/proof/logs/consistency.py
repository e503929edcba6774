"""Edge. `custos log consistency OLD NEW`: writes the proof that the log only grew between them.

One hash a line in Base64, as docs/formats/ledger.md says; empty where nothing is to be proved.
"""

import argparse
from importlib import import_module
from pathlib import Path

from api.cli.proof.logs.options import (
    EXITS,
    PLACE,
    add_belief,
    answered,
    known,
    number,
    opened,
    require_own,
)
from api.cli.proof.logs.outputs import write_new
from api.cli.terminal.acting import add_acting
from api.cli.terminal.errors import UsageError
from custody.published.proofs import prove_growth


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = EXITS
    parser.add_argument("old", type=number, metavar="OLD", help="the smaller size of the two")
    parser.add_argument("new", type=number, metavar="NEW", help="the larger")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="the proof (OLD-NEW.consistency)"
    )
    parser.add_argument(
        "--from", dest="place", metavar=PLACE, help="take it from the log published here"
    )
    add_belief(parser)
    add_acting(parser)


def run(given: argparse.Namespace) -> int:
    """Write the proof."""
    if given.old > given.new:
        raise UsageError("a log only grows: give the smaller size first")
    if given.place is not None:
        return answered(lambda: _prove(given))
    require_own(given)
    return answered(lambda: int(import_module("api.cli.proof.logs.kept").prove_growth(given)))


def _prove(given: argparse.Namespace) -> int:
    tiles, _ = opened(given)
    require_size(given.new, tiles.checkpoint.size)
    write_growth(given, prove_growth(tiles, given.old, given.new))
    return known(given)


def require_size(wanted: int, size: int) -> None:
    """Refuse a size that the log does not have yet.

    Raises:
        UsageError: it has fewer entries.
    """
    if wanted > size:
        raise UsageError(f"the log has {size} entries: it has no size {wanted} yet")


def write_growth(given: argparse.Namespace, proof: bytes) -> None:
    """Write the proof, and say where."""
    path = given.out or Path(f"{given.old}-{given.new}.consistency")
    write_new({path: proof})
    print(f"The log of {given.new} entries begins with that of {given.old}, proved by {path}")
