"""Edge. `custos release`: decide, seal, show. What is before and after stands in `parts`."""

import argparse
import json
from functools import partial
from pathlib import Path

from api.acts import act
from api.cli.parts import departures, proposals
from api.cli.terminal.caller import add_acting, decided, services_of, subject_of
from api.cli.terminal.packages import seal_and_collect
from api.services import Services
from api.views import show_release
from custody.printable import printable, printable_json
from evidence.paging import Cursor, Page, every
from evidence.people.access import Subject
from export.desk.releases import ListedRelease
from export.release.releases import label

_AT_ONCE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos release`."""
    whats = parser.add_subparsers(dest="what", required=True)
    proposals.add_arguments(whats)
    approving = whats.add_parser("approve", help="approve a release as a second person")
    approving.add_argument("release", help="BAR-7K4M-2XQ9-J-R1")
    approving.add_argument("--reason", default="")
    approving.add_argument(
        "--self-approve", action="store_true", help="demonstration only: one person does both"
    )
    approving.add_argument(
        "--second", action="store_true", help="confirm an urgent release that one person approved"
    )
    add_acting(approving)
    refusing = whats.add_parser("refuse", help="refuse a release, with a reason")
    refusing.add_argument("release")
    refusing.add_argument("--reason", required=True)
    add_acting(refusing)
    withdrawing = whats.add_parser("withdraw", help="take a proposal back before it is decided")
    withdrawing.add_argument("release")
    withdrawing.add_argument("--reason", required=True)
    add_acting(withdrawing)
    sealing = whats.add_parser("seal", help="seal an approved release and collect the package")
    sealing.add_argument("release")
    sealing.add_argument("--out", type=Path, required=True, help="file or folder for the package")
    add_acting(sealing)
    abandoning = whats.add_parser("abandon", help="give up a sealing that cannot be finished")
    abandoning.add_argument("release")
    abandoning.add_argument("--reason", required=True)
    add_acting(abandoning)
    showing = whats.add_parser("show", help="show a release, or list all")
    showing.add_argument("release", nargs="?")
    add_acting(showing)
    departures.add_arguments(whats)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    commands = {
        "approve": _approve,
        "refuse": _refuse,
        "withdraw": _withdraw,
        "seal": _seal,
        "abandon": _abandon,
        "show": _show,
        **proposals.COMMANDS,
        **departures.COMMANDS,
    }
    with services_of(given) as services:
        return commands[given.what](given, services, subject_of(given, services))


def _approve(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    if given.second:
        return _second(given, services, subject)
    row = act(
        services,
        subject,
        lambda session: services.decisions.approve(
            session,
            given.release,
            by=subject,
            at=services.clock(),
            reason=given.reason,
            self_approve=given.self_approve,
        ),
    )
    print(f"Release {label(row)} approved: {row.reason}")
    return 0


def _second(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = decided(services, subject, services.decisions.second, given.release, given.reason)
    print(f"Release {label(row)} confirmed: {row.seconded_reason}")
    return 0


def _refuse(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = decided(services, subject, services.decisions.refuse, given.release, given.reason)
    print(f"Release {label(row)} refused: {row.reason}")
    return 0


def _withdraw(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = decided(services, subject, services.withdrawals.withdraw, given.release, given.reason)
    print(f"Release {label(row)} withdrawn: {row.ended_reason}")
    return 0


def _seal(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    path = seal_and_collect(services, subject, given.release, given.out)
    print(f"Sealed: {path}")
    print(f"Check it: custos verify {path} --trust COUNCIL.trust.json")
    return 0


def _abandon(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = decided(services, subject, services.decisions.abandon, given.release, given.reason)
    print(f"Sealing of release {label(row)} given up: the release is {row.state}")
    return 0


def _show(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    if given.release is None:
        for one in every(partial(_page, services, subject)):
            row = one.row
            print(printable(f"{one.label:<22} {row.state:<10} {row.kind:<8} {row.organisation}"))
        return 0
    view = act(
        services, subject, lambda session: show_release(services, session, subject, given.release)
    )
    told = json.dumps(view.model_dump(mode="json"), indent=2, ensure_ascii=False)
    print(printable_json(told))
    return 0


def _page(services: Services, subject: Subject, cursor: Cursor | None) -> Page[ListedRelease]:
    return act(
        services,
        subject,
        lambda session: services.release_list.page(
            session, by=subject, cursor=cursor, most=_AT_ONCE
        ),
    )
