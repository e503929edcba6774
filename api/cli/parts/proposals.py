"""Edge. `custos release propose` and `edit`: what is proposed, and what in its place."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from api.acts import act
from api.cli.terminal.caller import add_acting
from api.services import Services
from evidence.people.access import Subject
from export.release.proposals import Delivery, NewRelease, ReleaseKind, parse_chosen
from export.release.releases import label
from export.release.tables import ReleaseRow

_READ: Mapping[str, Callable[[Any], Any]] = {
    "exhibits": tuple,
    "kind": ReleaseKind,
    "delivery": Delivery,
    "files": lambda names: tuple(map(parse_chosen, names)),
}
"""How options are read that are no plain text; the others stay as they are."""


def add_arguments(whats: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done about a proposal before it is decided."""
    proposing = whats.add_parser("propose", help="propose to release exhibits to one person")
    _add_wanted(proposing, needed=True)
    add_acting(proposing)
    editing = whats.add_parser(
        "edit", help="withdraw a proposal, and propose it again with what is said here"
    )
    editing.add_argument("release")
    editing.add_argument("--reason", required=True, help="why it is edited")
    _add_wanted(editing, needed=False)
    editing.add_argument("--not-urgent", action="store_false", dest="urgent", default=None)
    add_acting(editing)


def _add_wanted(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    """Add the options that say what is proposed; where none is needed, the rest stays as it was."""
    kinds, ways = [kind.value for kind in ReleaseKind], [way.value for way in Delivery]
    parser.add_argument(
        "--exhibit", action="append", required=needed, dest="exhibits", help="JS/1; repeatable"
    )
    parser.add_argument("--kind", required=needed, choices=kinds, help="who asks")
    parser.add_argument(
        "--recipient", required=needed, dest="recipient_name", help="the one person it is for"
    )
    parser.add_argument(
        "--email", required=needed, dest="recipient_email", help="their address at work"
    )
    parser.add_argument("--organisation", required=needed)
    parser.add_argument("--purpose", required=needed, help="why they need it")
    parser.add_argument("--basis", required=needed, help="legal basis of the disclosure")
    parser.add_argument("--urn", help="reference number, if there is one already")
    masters = parser.add_mutually_exclusive_group()
    masters.add_argument("--with-master", action="store_true", default=None)
    masters.add_argument("--without-master", action="store_false", dest="with_master")
    parser.add_argument(
        "--delivery",
        choices=ways,
        help="link to the recipient's mailbox, hand-off, or none: somebody fetches it (none)",
    )
    parser.add_argument(
        "--file", action="append", dest="files", help="JS/1:JS-1-CP1.mp4; repeatable (all that go)"
    )
    parser.add_argument("--link-days", type=int, help="how long the link works")
    parser.add_argument(
        "--urgent", action="store_true", default=None, help="threat to life, police only"
    )


def _said(given: argparse.Namespace) -> dict[str, Any]:
    """Return what the options say, by the fields of a proposal; what is left out is left out."""
    names = NewRelease.__dataclass_fields__.keys() - {"id"}
    told = {name: value for name in names if (value := getattr(given, name)) is not None}
    return {name: _READ.get(name, lambda same: same)(value) for name, value in told.items()}


def _propose(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    new, now = NewRelease(**_said(given)), services.clock()
    row = act(
        services,
        subject,
        lambda session: services.proposals.propose(session, new, by=subject, at=now),
    )
    print(f"Release {label(row)} proposed. A second person must approve it:")
    print(f"  custos release approve {label(row)} --token-file ...")
    return 0


def _edit(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    said = _said(given)
    if "files" not in said and said.keys() & {"exhibits", "with_master"}:
        said["files"] = ()  # those that were chosen are of what went before

    def work(session: Session) -> ReleaseRow:
        before = services.withdrawals.proposed(session, given.release, by=subject)
        return services.withdrawals.replace(
            session,
            given.release,
            replace(before, **said),
            by=subject,
            at=services.clock(),
            reason=given.reason,
        )

    row = act(services, subject, work)
    print(f"Release {label(row)} proposed in the place of {given.release}, which is withdrawn.")
    print(f"  custos release approve {label(row)} --token-file ...")
    return 0


COMMANDS = {"propose": _propose, "edit": _edit}
"""What is done about a proposal, by the word of the command line."""
