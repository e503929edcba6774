"""Edge. `custos account`: firms that pay monthly and their statements, as HTTP has them."""

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from uuid import UUID

from api.acts import act
from api.cli.terminal.caller import add_acting, services_of, subject_of
from api.routes.finance.accounts import (
    RemittanceRequest,
    fetch_lines,
    settle,
    show_account,
    show_statement,
)
from api.services import Services
from custody.printable import printable, printable_json
from evidence.errors import UnknownError
from evidence.fees.invoicing.states import AccountState
from evidence.fees.prices import pounds
from evidence.paging import every
from evidence.people.access import Subject

_AT_ONCE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos account`."""
    whats = parser.add_subparsers(dest="what", required=True)
    listing = whats.add_parser("list", help="list accounts, the newest first")
    listing.add_argument("--show", choices=[one.value for one in AccountState], help="(all)")
    add_acting(listing)
    showing = whats.add_parser("show", help="show an account, what is on it, and its statements")
    showing.add_argument("account", help="its identifier, as the list has it")
    showing.add_argument("--before", default="", help="statements before this one, as S-000120")
    add_acting(showing)
    stating = whats.add_parser("statement", help="show the statement of a month with its lines")
    stating.add_argument("statement", help="as it is quoted, such as S-000001")
    stating.add_argument("--csv", type=Path, metavar="FILE", help="file for its lines, as CSV")
    add_acting(stating)
    settling = whats.add_parser("settle", help="say that the money of a statement came")
    settling.add_argument("statement", help="as it is quoted, such as S-000001")
    settling.add_argument("--remittance", required=True, help="under which reference it came")
    add_acting(settling)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    with services_of(given) as services:
        COMMANDS[given.what](given, services, subject_of(given, services))
    return 0


def _list(given: argparse.Namespace, services: Services, subject: Subject) -> None:
    show = None if given.show is None else AccountState(given.show)
    read = partial(services.account_list.page, state=show, by=subject, most=_AT_ONCE)
    for row in every(lambda at: act(services, subject, lambda session: read(session, cursor=at))):
        print(printable(f"{row.id}  {row.state:<9}{row.organisation}"))


def _show(given: argparse.Namespace, services: Services, subject: Subject) -> None:
    found = show_account(_identifier(given.account), services, subject, before=given.before)
    print(printable_json(found.model_dump_json(indent=2)))


def _statement(given: argparse.Namespace, services: Services, subject: Subject) -> None:
    if given.csv is not None:
        given.csv.write_bytes(bytes(fetch_lines(given.statement, services, subject).body))
        return
    found = show_statement(given.statement, services, subject)
    print(printable_json(found.model_dump_json(indent=2)))


def _settle(given: argparse.Namespace, services: Services, subject: Subject) -> None:
    wanted = RemittanceRequest(remittance=given.remittance)
    row = settle(given.statement, wanted, services, subject)
    print(printable(f"{row.reference}: {pounds(row.pence)} settled, {row.remittance}"))


def _identifier(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise UnknownError("there is no such account: `custos account list` has each") from None


COMMANDS: Mapping[str, Callable[[argparse.Namespace, Services, Subject], None]] = {
    "list": _list,
    "show": _show,
    "statement": _statement,
    "settle": _settle,
}
