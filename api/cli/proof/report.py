"""Edge. `custos report access`: who could read what, for whoever answers for personal data."""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from api.acts import act
from api.cli.terminal.caller import add_acting, services_of, subject_of
from api.running.powers import POWERS, Power
from custody.formats.canonical import format_time
from custody.printable import printable, printable_json
from export.desk.oversight.access import Access, rights
from storage.embedded.weed.policies import object_rights

_BEYOND = (
    "the supervisor (custos up) and each command, while they run: all keys, database and objects",
    "whoever is root on this machine, or the user that Custos runs as: all of it",
    "whoever owns the database: names, addresses and reasons in its rows; no footage or letter",
    "whoever owns the object store or its disk: all footage and packages",
    "whoever runs the identity provider: whatever the roles that it names may read",
    "whoever holds a backup: its names, reasons and footage; with the keys, letters and the rest",
)
"""Who could read past every rule of the service."""
_SECRETS = {
    "secret_at_the_identity_provider": "the secret at the identity provider",
    "mail": "the mail server",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos report`."""
    whats = parser.add_subparsers(dest="what", required=True)
    access = whats.add_parser("access", help="who could read what: people, tokens, processes")
    access.add_argument("--json", action="store_true", help="print the report for a program")
    add_acting(access)


def run(given: argparse.Namespace) -> int:
    """Make the report; that it was made is an event."""
    with services_of(given) as services:
        subject = subject_of(given, services)
        at = services.clock().replace(microsecond=0)
        found = act(
            services,
            subject,
            lambda session: services.access_report.make(session, by=subject, at=at),
        )
    print(_json(found) if given.json else _text(found))
    return 0


def whole(found: Access) -> dict[str, Any]:
    """Return the report as it is printed for a program."""
    return {
        "at": found.at,
        "rights_of_roles": rights(),
        "people": [asdict(one) for one in found.people],
        "tokens": [{**asdict(one), "works": one.works(found.at)} for one in found.tokens],
        "changes_of_roles": [asdict(one) for one in found.changes],
        "older_changes_left_out": found.more_changes,
        "processes": {name: _power(power) for name, power in POWERS.items()},
        "identities_at_the_object_store": {
            name: {"bucket": bucket, "may": list(may)}
            for name, (bucket, may) in object_rights().items()
        },
        "past_every_rule": list(_BEYOND),
    }


def _power(power: Power) -> dict[str, Any]:
    return {
        "keys": sorted(power.keys),
        "database": power.database,
        "identities_at_the_object_store": sorted(power.store),
        "secret_at_the_identity_provider": power.sign_in,
        "mail": power.mail,
        "payments": sorted(power.pay),
    }


def _json(found: Access) -> str:
    def plain(value: object) -> object:
        return (
            format_time(value.replace(microsecond=0)) if isinstance(value, datetime) else str(value)
        )

    return printable_json(json.dumps(whole(found), indent=2, ensure_ascii=False, default=plain))


def _text(found: Access) -> str:
    told = whole(found)
    lines = [f"Who could read what, on {format_time(found.at)}", "", "WHAT EACH ROLE MAY DO"]
    lines += [f"  {role}: {', '.join(may)}" for role, may in told["rights_of_roles"].items()]
    lines += ["", "PEOPLE WHO SIGN IN, OR HAD A TOKEN"]
    lines += [
        f"  {one.name} ({one.id}): {_listed(one.roles, 'no role by the identity provider')}; "
        f"signed in last: {_moment(one.signed_in_at)}"
        for one in found.people
    ]
    lines += ["", "TOKENS"]
    for one in found.tokens:
        state = "works" if one.works(found.at) else "opens nothing"
        ended = f", revoked {_moment(one.revoked_at)}" if one.revoked_at else ""
        lines.append(
            f"  {one.id} of {one.person}: {_listed(one.roles, 'no role')}; {state}; "
            f"made {_moment(one.made_at)}, ends {_moment(one.ends_at)}{ended}"
        )
    lines += ["", "ROLES THAT CAME AND WENT, THE NEWEST FIRST"]
    lines += [
        f"  {format_time(one.at)}  {one.subject}: {one.role}, by {one.actor}"
        for one in found.changes
    ]
    lines += ["  (and older ones, in the ledger)"] if found.more_changes else []
    lines += ["", "WHAT EACH PROCESS HOLDS"]
    lines += [f"  {name}: {_held(power)}" for name, power in told["processes"].items()]
    lines += ["", "IDENTITIES AT THE OBJECT STORE"]
    lines += [
        f"  {name}, in {bucket}: {', '.join(may)}"
        for name, (bucket, may) in object_rights().items()
    ]
    lines += ["", "PAST EVERY RULE OF THE SERVICE", *(f"  {words}" for words in _BEYOND)]
    return "\n".join(printable(line) for line in lines)


def _held(power: Mapping[str, Any]) -> str:
    said = [_listed(power["keys"], "no key")]
    said += ["the database as the service"] if power["database"] else []
    said += [f"the store as {name}" for name in power["identities_at_the_object_store"]]
    for name, words in _SECRETS.items():
        said += [words] if power[name] else []
    said += [f"payments: {name}" for name in power["payments"]]
    return "; ".join(said)


def _listed(names: Iterable[str], none: str) -> str:
    return ", ".join(names) or none


def _moment(at: datetime | None) -> str:
    return "never" if at is None else format_time(at.replace(microsecond=0))
