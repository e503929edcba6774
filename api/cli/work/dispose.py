"""Edge. `custos dispose`: who is erased, which takes two people, and what speaks of them."""

import argparse

from api.acts import act
from api.cli.terminal.caller import add_acting, services_of, subject_of
from api.wiring import Services
from custody.printable import printable
from evidence.people.access import Subject
from export.erasure.traces import traces_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos dispose`."""
    whats = parser.add_subparsers(dest="what", required=True)
    person = whats.add_parser("person", help="find everything about somebody, and erase it")
    steps = person.add_subparsers(dest="step", required=True)
    finding = steps.add_parser("find", help="list what speaks of them, what goes, what stays")
    finding.add_argument("asked", help="an e-mail address, or a part of a name")
    asking = steps.add_parser("ask", help="ask that everybody of a mailbox is erased")
    asking.add_argument("address")
    asking.add_argument("--basis", required=True, help="why; name nobody in it, it stays")
    approving = steps.add_parser("approve", help="approve what somebody else asked for")
    approving.add_argument("erasure", help="the identifier that `ask` printed")
    refusing = steps.add_parser("refuse", help="refuse it, or take it back")
    refusing.add_argument("erasure")
    refusing.add_argument("--reason", required=True)
    for one in (finding, asking, approving, refusing):
        add_acting(one)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    steps = {"find": _find, "ask": _ask, "approve": _approve, "refuse": _refuse}
    with services_of(given) as services:
        return steps[given.step](given, services, subject_of(given, services))


def _find(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at = services.clock()
    traces = act(services, subject, lambda s: traces_of(s, given.asked, by=subject, at=at))
    for one in traces.found:
        print(printable(one.what))
        for word, said in (("goes", one.goes), ("stays", one.stays)):
            if said:
                print(f"  {word}: {printable(said)}")
    if not traces.found:
        print("Nothing here speaks of them.")
    for kept in traces.obstacles:
        print(f"Cannot be erased now: {printable(kept)}.")
    if not traces.address:
        for mailbox in traces.mailboxes:
            print(f"A mailbox is erased as a whole: custos dispose person ask {printable(mailbox)}")
    return 0


def _ask(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at, erasures = services.clock(), services.person_erasures
    row = act(
        services,
        subject,
        lambda s: erasures.ask(s, given.address, basis=given.basis, by=subject, at=at),
    )
    print(f"Asked for. Somebody else approves it: custos dispose person approve {row.id}")
    return 0


def _approve(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at, erasures = services.clock(), services.person_erasures
    row = act(services, subject, lambda s: erasures.approve(s, given.erasure, by=subject, at=at))
    print(f"Erasure {row.id} is approved; the worker does it.")
    return 0


def _refuse(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at, erasures = services.clock(), services.person_erasures
    row = act(
        services,
        subject,
        lambda s: erasures.refuse(s, given.erasure, by=subject, at=at, reason=given.reason),
    )
    print(f"Erasure {row.id} is refused: everything stays.")
    return 0
