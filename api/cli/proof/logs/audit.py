"""Edge. `custos log audit`: computes a whole log anew, and names the first entry that differs.

Without --from the house's own: its log against its database; --against holds what is published
against both, and says which side is wrong. With --from a log that is published, wherever that is,
and nothing else is needed.
"""

import argparse
import os
from importlib import import_module

from api.cli.proof.logs.options import (
    EXITS,
    PLACE,
    RIGHT,
    UNKNOWN,
    WRONG,
    add_belief,
    answered,
    believed,
    number,
    require_own,
    source_at,
)
from api.cli.proof.logs.reports import audit_json, audit_table
from api.cli.terminal.acting import add_acting
from api.cli.terminal.errors import UsageError
from custody.published.whole import audit_published
from custody.tree.tiles import ListedSource

_RIGHT = "The log is whole."
_UNSIGNED = "The log is whole in itself; give --key or --trust to know that it is the council's."
_WRONG = "THE LOG IS NOT WHOLE, or is not the one that was signed: do not rely on it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = EXITS
    parser.add_argument("--from", dest="place", metavar=PLACE, help="audit the log published here")
    add_belief(parser)
    parser.add_argument(
        "--against", metavar=PLACE, help="hold the database against the log published here, too"
    )
    parser.add_argument("--json", action="store_true", help="print the report for a program")
    parser.add_argument(
        "--processes",
        type=_at_least_one,
        default=os.cpu_count() or 1,
        help="how many processes share a long log of the house (as many as there are processors)",
    )
    add_acting(parser)


def run(given: argparse.Namespace) -> int:
    """Audit, and print what was found."""
    if given.place is not None and given.against is not None:
        raise UsageError("--from looks at what is published alone, --against at the database too")
    if given.place is not None:
        return answered(lambda: _audit(given))
    require_own(given)
    return answered(lambda: int(import_module("api.cli.proof.logs.database").run(given)))


def _audit(given: argparse.Namespace) -> int:
    source, policies = source_at(given.place), believed(given)
    names = source.names() if isinstance(source, ListedSource) else None
    report = audit_published(source, policies, names)
    if given.json:
        print(audit_json(report, signed=report.signed))
    else:
        right = _RIGHT if report.signed else _UNSIGNED
        print(audit_table(report, right=right, wrong=_WRONG))
    if report.failed:
        return WRONG
    return RIGHT if report.signed else UNKNOWN


def _at_least_one(text: str) -> int:
    if (many := number(text)) < 1:
        raise argparse.ArgumentTypeError("one process at least takes part")
    return many
