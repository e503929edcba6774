"""Edge. `custos clock`: what the clock is held against, and who vouches for it."""

import argparse

from api.acts import act
from api.cli.terminal.caller import (
    add_acting,
    machine_owner,
    services_of,
    subject_of,
    token_path,
)
from api.services import Services
from evidence.people.access import Role


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos clock`."""
    what = parser.add_subparsers(dest="what", required=True)
    add_acting(what.add_parser("show", help="hold the clock against all that is known, now"))
    confirm = what.add_parser(
        "confirm",
        help="say that the clock is right, and why; without a token, as the owner of the data",
    )
    confirm.add_argument("--reason", required=True, help="it goes into the custody record")
    add_acting(confirm)


def run(given: argparse.Namespace) -> int:
    """Show how the clock stands, or confirm it; return 1 if it is not right."""
    with services_of(given) as services:
        if given.what == "confirm":
            _confirm(given, services)
        else:
            subject_of(given, services)
        found = services.timekeeping.look()
    print(found.words or f"the clock is right, as far as is known: {services.clock():%c} UTC")
    return 1 if found.words else 0


def _confirm(given: argparse.Namespace, services: Services) -> None:
    keeping, reason = services.timekeeping, given.reason
    if token_path(given):
        subject = subject_of(given, services)
        act(services, subject, lambda s: keeping.confirm(s, by=subject, reason=reason))
        return
    # By a clock that stopped nobody can be given a token, and production begins without any: so
    # whoever could make one says it, as with `custos token`.
    with services.transaction() as session:
        keeping.take_as_it_is(session)
        owner = machine_owner(services, session, Role.ADMINISTRATOR)
        keeping.confirm(session, by=owner, reason=reason)
