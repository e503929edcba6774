"""Edge. `custos token add`, `list` and `revoke`: who may act. For who owns the data directory.

An organisation outside gets a token for a mailbox that a code has proven, and for itself alone.
"""

import argparse
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path as File
from uuid import UUID

from sqlmodel import Session

from api.cli.terminal.caller import add_data, machine_owner, services_of
from api.cli.terminal.errors import UsageError
from api.running.preparing import mark_used
from api.services import Services
from custody.formats.canonical import format_time
from custody.printable import printable
from evidence.exhibits.clocks import LONDON
from evidence.paging import Cursor, Page, every
from evidence.people.access import Role, Subject
from evidence.people.tokens import LASTS, HeldToken
from evidence.requests.states import CIVIL, Path
from storage.wholefiles import write_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos token`."""
    whats = parser.add_subparsers(dest="what", required=True)
    adding = whats.add_parser("add", help="let somebody in")
    adding.add_argument(
        "name",
        help="whom it speaks for: one person, or one machine; of a requester, their proven mailbox",
    )
    adding.add_argument(
        "--role",
        action="append",
        required=True,
        choices=[role.value for role in Role],
        help="what they may do; can be said more than once",
    )
    adding.add_argument(
        "--path",
        choices=sorted(path.value for path in CIVIL),
        help="of a requester: as whom their machine asks for footage",
    )
    adding.add_argument("--organisation", help="of a requester: for which organisation it asks")
    lasting = adding.add_mutually_exclusive_group()
    lasting.add_argument(
        "--days", type=int, help=f"how many days it works ({LASTS.days}; 366 at most)"
    )
    lasting.add_argument("--until", help="the last day on which it works: 2027-03-31")
    adding.add_argument("--out", type=File, required=True, help="file for the token, mode 0600")
    add_data(adding)
    listing = whats.add_parser(
        "list", help="show every token that was made, the newest first, and until when"
    )
    add_data(listing)
    revoking = whats.add_parser("revoke", help="end a token")
    revoking.add_argument("token", help="as custos token list names it: 3f2a90c1b7de")
    add_data(revoking)


def run(given: argparse.Namespace) -> int:
    """Run one of them; the ledger says that it was done on this machine, and by which user."""
    if given.what == "add" and given.out.exists():
        raise UsageError(f"{given.out} is there already: a token is never written over")
    with services_of(given) as services:
        if given.what == "list":
            return _list(services)
        return _revoke(given, services) if given.what == "revoke" else _add(given, services)


def _add(given: argparse.Namespace, services: Services) -> int:
    roles, at = [Role(role) for role in given.role], services.clock()
    until = _until(given, at.replace(microsecond=0))
    with services.transaction() as session:
        by = machine_owner(services, session)
        person = _person(given, services, session, by=by, at=at)
        token = services.tokens.add(session, person, roles, by=by, at=at, until=until)
    mark_used(services.settings)  # in production this may be the first event that there is
    # A crash here leaves a token that nobody knows.
    write_whole(given.out, token + "\n")
    words = f"{printable(given.name)} may now act as {', '.join(given.role)}"
    print(f"{words} with the token in {given.out}, until {format_time(until)}")
    return 0


def _person(
    given: argparse.Namespace, services: Services, session: Session, *, by: Subject, at: datetime
) -> UUID:
    """Return whom a new token speaks for."""
    if Role.REQUESTER in given.role:
        if given.path is None or given.organisation is None:
            raise UsageError("say for whom a requester asks: --path and --organisation")
        path = Path(given.path)
        return services.requesters.name(session, given.name, path, given.organisation, by=by, at=at)
    # Whoever has a token already stays one person: two tokens are never two people.
    person = services.tokens.holder(session, given.name)
    return person or services.people.add(session, given.name)


def _list(services: Services) -> int:
    now = services.clock()
    for one in every(partial(_page, services)):
        words = f"made {one.made_at:%Y-%m-%d}, ends {one.ends_at:%Y-%m-%d}"
        if one.revoked_at is not None:
            words += f", revoked {one.revoked_at:%Y-%m-%d}"
        roles = ", ".join(one.roles) or "no role"
        print(f"{one.id}  {one.state(now):<8} {words}  {printable(one.name)}: {roles}")
    return 0


def _page(services: Services, cursor: Cursor | None) -> Page[HeldToken]:
    with services.transaction() as session:
        return services.tokens.held(session, cursor=cursor)


def _revoke(given: argparse.Namespace, services: Services) -> int:
    with services.transaction() as session:
        by = machine_owner(services, session)
        one = services.tokens.revoke(session, given.token, by=by, at=services.clock())
    print(f"The token {one.id} of {printable(one.name)} is revoked: it opens nothing any more")
    return 0


def _until(given: argparse.Namespace, at: datetime) -> datetime:
    """Return when a token ends: after so many days, or with its last day in the council's time."""
    try:
        if given.until is None:
            return at + (LASTS if given.days is None else timedelta(days=given.days))
        last = date.fromisoformat(given.until)
        return datetime.combine(last + timedelta(days=1), time(), LONDON)
    except OverflowError:
        return datetime.max.replace(microsecond=0, tzinfo=LONDON)  # longer than any token works
    except ValueError:
        raise UsageError(f"{given.until!r} is no day: write it like 2027-03-31") from None
