"""Edge. `custos request`: an organisation's list of requests; what staff do stands in `parts`."""

import argparse
import sys
from pathlib import Path

from api.cli.parts import requests, statistics
from api.cli.terminal.caller import add_acting, services_of, subject_of
from api.routes.systems.lists import applied_by, rehearsed_by
from api.services import Services
from custody.printable import printable
from evidence.errors import BrokenListError
from evidence.exhibits.clocks import LONDON
from evidence.people.access import Subject
from evidence.requests.lists.listed import MOST_BYTES
from evidence.requests.lists.lists import RehearsedList
from export.desk.spreadsheet import format_made


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos request`."""
    whats = parser.add_subparsers(dest="what", required=True)
    importing = whats.add_parser("import", help="say what a list would make, or take it over")
    importing.add_argument("file", type=Path, help="CSV, with the columns of the template")
    importing.add_argument(
        "--apply", action="store_true", help="take it over; without it nothing is made"
    )
    importing.add_argument("--out", type=Path, help="file for the numbers, as CSV")
    add_acting(importing)
    statistics.add_arguments(whats)
    requests.add_arguments(whats)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    commands = {"import": _import, "statistics": statistics.take_out, **requests.COMMANDS}
    with services_of(given) as services:
        return commands[given.what](given, services, subject_of(given, services))


def _import(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    """Rehearse a list, or take it over, as the organisation whose token it is."""
    with given.file.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    try:
        found = rehearsed_by(services, subject, content)
    except BrokenListError as error:
        for fault in error.faults:
            print(printable(fault), file=sys.stderr)
        print("custos: the list is broken: nothing was made", file=sys.stderr)
        return 1
    _say(found)
    if not given.apply:
        print("Nothing was made. To take the list over, say it again with --apply")
        return 0
    made = applied_by(services, subject, content, found.digest)
    for one in made:
        print(printable(f"line {one.line:<3} {one.urn}  {one.claim}"))
    if given.out is not None:
        given.out.write_text("".join(format_made(made)), encoding="utf-8", newline="")
    return 0


def _say(found: RehearsedList) -> None:
    for one in found.requests:
        start, end = (at.astimezone(LONDON) for at in (one.asked.start, one.asked.end))
        words = f"{one.asked.said('claim_reference')}  {start:%Y-%m-%d %H:%M} to {end:%H:%M}"
        words += f"  {one.asked.said('street')}"
        if one.again:
            words += f" [asked before: {', '.join(one.again)}]"
        if one.like is not None:
            words += f" [the same as line {one.like}]"
        print(printable(f"line {one.row.line:<3} {words}"))
    print(f"{len(found.requests)} requests in the list")
