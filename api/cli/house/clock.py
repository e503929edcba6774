"""Edge. `custos clock`: what the clock is held against, and who vouches for it."""

import argparse

from api.acts import act
from api.cli.terminal.caller import add_acting, services_of, subject_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos clock`."""
    what = parser.add_subparsers(dest="what", required=True)
    add_acting(what.add_parser("show", help="hold the clock against all that is known, now"))
    confirm = what.add_parser("confirm", help="say that the clock is right, and why")
    confirm.add_argument("--reason", required=True, help="it goes into the custody record")
    add_acting(confirm)


def run(given: argparse.Namespace) -> int:
    """Show how the clock stands, or confirm it; return 1 if it is not right."""
    with services_of(given) as services:
        subject = subject_of(given, services)
        if given.what == "confirm":
            keeping = services.timekeeping
            act(services, subject, lambda s: keeping.confirm(s, by=subject, reason=given.reason))
        found = services.timekeeping.look()
    print(found.words or f"the clock is right, as far as is known: {services.clock():%c} UTC")
    return 1 if found.words else 0
