"""Edge. `custos request statistics`: the figures that may be given out, as the console has them."""

import argparse
import json

from api.cli.terminal.caller import add_acting
from api.routes.desk.statistics import taken_out
from api.services import Services
from custody.printable import printable_json
from evidence.people.access import Subject
from export.desk.spreadsheet import format_figures
from export.desk.statistics.figures import figures_json


def add_arguments(whats: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the options of `custos request statistics`."""
    taking = whats.add_parser(
        "statistics", help="take out the statistics of a period, which is an event"
    )
    taking.add_argument("--first", required=True, metavar="DAY", help="such as 2026-01-01")
    taking.add_argument("--last", required=True, metavar="DAY", help="such as 2026-12-31")
    taking.add_argument("--rounded", action="store_true", help="every figure rounded")
    taking.add_argument("--csv", action="store_true", help="for a spreadsheet, instead of JSON")
    add_acting(taking)


def take_out(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    """Print the figures of a period; small numbers are hidden as everywhere."""
    figures = taken_out(services, subject, given.first, given.last, rounded=given.rounded)
    if given.csv:
        print("".join(format_figures(figures)), end="")
    else:
        print(printable_json(json.dumps(figures_json(figures), indent=2)))
    return 0
