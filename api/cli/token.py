"""Edge. `custos token add`: let somebody in. For whoever owns the data directory."""

import argparse
import os
from pathlib import Path

from api.cli.caller import add_data, services_of
from api.cli.terminal.errors import UsageError
from evidence.people.access import Role
from storage.embedded.directory import write_private


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos token`."""
    parser.add_argument("what", choices=["add"])
    parser.add_argument("name", help="whom the token speaks for: one person, or one machine")
    parser.add_argument(
        "--role",
        action="append",
        required=True,
        choices=[role.value for role in Role],
        help="what they may do; can be said more than once",
    )
    parser.add_argument("--out", type=Path, required=True, help="file for the token, mode 0600")
    add_data(parser)


def run(given: argparse.Namespace) -> int:
    """Add a token; the ledger says that it was done on this machine, and by which user."""
    if given.out.exists():
        raise UsageError(f"{given.out} is there already: a token is never written over")
    roles = [Role(role) for role in given.role]
    with services_of(given) as services:
        with services.transaction() as session:
            name = f"user {os.geteuid()} of the machine that Custos runs on"
            by = services.people.subject(session, services.people.known(session, name), ())
            person = services.people.add(session, given.name)
            token = services.tokens.add(session, person, roles, by=by, at=services.clock())
        # A crash here leaves a token that nobody knows.
        write_private(given.out, token + "\n")
    print(f"{given.name} may now act as {', '.join(given.role)} with the token in {given.out}")
    return 0
