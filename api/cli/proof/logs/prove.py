"""Edge. `custos log prove`: writes proofs that other people's programs check (C2SP tlog-proof).

Of one entry by its index; or of an exhibit, a release or a request by its name: then each of its
events, into a folder. Beside each proof lies the entry that it proves.
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
from custody.published.proofs import ProvedEntry, prove_entry

_ENTRY = ".entry"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = EXITS
    parser.add_argument("what_of", metavar="INDEX|NAME", help="an index from 0, or JS/1, or a URN")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="PATH",
        help="file of the proof (INDEX.tlog-proof), or folder of the proofs of a name",
    )
    parser.add_argument(
        "--from", dest="place", metavar=PLACE, help="take it from the log published here"
    )
    add_belief(parser)
    add_acting(parser)


def run(given: argparse.Namespace) -> int:
    """Write the proofs."""
    if given.place is not None:
        return answered(lambda: _prove(given))
    require_own(given)
    return answered(lambda: int(import_module("api.cli.proof.logs.kept").prove(given)))


def _prove(given: argparse.Namespace) -> int:
    index = index_of(given.what_of)
    if index is None:
        raise UsageError("a published log knows no names: give an index, a number from 0")
    tiles, note = opened(given)
    head = tiles.checkpoint
    require_place(index, head.size)
    write_proof(prove_entry(tiles, note, index), given.out)
    return known(given)


def index_of(text: str) -> int | None:
    """Return the index that is meant; None: it is a name.

    Raises:
        UsageError: no log has so many entries.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    try:
        return number(text)
    except argparse.ArgumentTypeError as error:
        raise UsageError(str(error)) from error


def require_place(index: int, size: int) -> None:
    """Refuse an index that the log does not have yet.

    Raises:
        UsageError: it has fewer entries.
    """
    if index >= size:
        last = f"the last is {size - 1}" if size else "there is nothing to prove yet"
        raise UsageError(f"the log has {size} entries, and none at {index}: {last}")


def write_proof(proved: ProvedEntry, out: Path | None) -> None:
    """Write a proof, and its entry beside it; say where."""
    path = out or Path(f"{proved.index}.tlog-proof")
    if not path.name or path.suffix == _ENTRY:
        raise UsageError(f"{path} is no file for a proof; its entry goes to NAME{_ENTRY} beside it")
    entry = path.with_suffix(_ENTRY)
    write_new({path: proved.proof, entry: proved.entry})
    print(f"Entry {proved.index}: {entry}, proved by {path}")
