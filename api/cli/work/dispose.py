"""Edge. `custos dispose`: exhibits that are reviewed or go, people who are erased, old keys."""

import argparse
import sys

from api.acts import act
from api.cli.parts.reviews import REVIEW_STEPS, add_review
from api.cli.terminal.caller import add_acting, decided, services_of, subject_of
from api.services import Services
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
    _add_epoch(whats.add_parser("epoch", help="the keys that wrap the keys of records"))
    _add_exhibit(whats.add_parser("exhibit", help="dispose of an exhibit"))
    add_review(whats.add_parser("review", help="exhibits that are due for review"))


def _add_epoch(epoch: argparse.ArgumentParser) -> None:
    steps = epoch.add_subparsers(dest="step", required=True)
    showing = steps.add_parser("show", help="show which epochs there are, and what they keep")
    beginning = steps.add_parser("begin", help="make the key of the next epoch; then restart")
    ending = steps.add_parser("end", help="destroy the key of an epoch that is over, for good")
    ending.add_argument("epoch", type=int)
    for one in (showing, beginning, ending):
        add_acting(one)


def _add_exhibit(exhibit: argparse.ArgumentParser) -> None:
    steps = exhibit.add_subparsers(dest="step", required=True)
    proposing = steps.add_parser("propose", help="propose that an exhibit is disposed of")
    proposing.add_argument("ref", help="JS/1")
    proposing.add_argument("--basis", required=True, help="why")
    proposing.add_argument("--early", action="store_true", help="before its retention ended")
    approving = steps.add_parser("approve", help="approve what somebody else proposed")
    approving.add_argument("disposal", help="the identifier that `propose` printed")
    refusing = steps.add_parser("refuse", help="refuse it, or take it back")
    refusing.add_argument("disposal")
    refusing.add_argument("--reason", required=True)
    certificate = steps.add_parser("certificate", help="print the certificate of a disposal")
    certificate.add_argument("disposal")
    for one in (proposing, approving, refusing, certificate):
        add_acting(one)


def run(given: argparse.Namespace) -> int:
    """Run one of them."""
    steps = {
        ("person", "find"): _find,
        ("person", "ask"): _ask,
        ("person", "approve"): _approve,
        ("person", "refuse"): _refuse,
        ("epoch", "show"): _show_epochs,
        ("epoch", "begin"): _begin_epoch,
        ("epoch", "end"): _end_epoch,
        ("exhibit", "propose"): _propose,
        ("exhibit", "approve"): _approve_disposal,
        ("exhibit", "refuse"): _refuse_disposal,
        ("exhibit", "certificate"): _certificate,
        **REVIEW_STEPS,
    }
    with services_of(given) as services:
        return steps[given.what, given.step](given, services, subject_of(given, services))


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
    row = decided(services, subject, services.person_erasures.refuse, given.erasure, given.reason)
    print(f"Erasure {row.id} is refused: everything stays.")
    return 0


def _propose(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at, propose = services.clock(), services.disposals.propose
    said = {"basis": given.basis, "early": given.early}
    row = act(services, subject, lambda s: propose(s, given.ref, **said, by=subject, at=at))
    print(f"Proposed. Somebody else approves it: custos dispose exhibit approve {row.id}")
    return 0


def _approve_disposal(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at, disposals = services.clock(), services.disposals
    row = act(services, subject, lambda s: disposals.approve(s, given.disposal, by=subject, at=at))
    print(f"Disposal {row.id} is approved; the worker does it.")
    return 0


def _refuse_disposal(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    row = decided(services, subject, services.disposals.refuse, given.disposal, given.reason)
    print(f"Disposal {row.id} is refused: the exhibit stays.")
    return 0


def _certificate(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    disposals = services.disposals
    data = act(services, subject, lambda s: disposals.certificate(s, given.disposal, by=subject))
    sys.stdout.write(data.decode())
    return 0


def _show_epochs(_given: argparse.Namespace, services: Services, subject: Subject) -> int:
    found = act(services, subject, lambda s: services.key_epochs.kept(s, by=subject))
    for epoch, number in sorted(found.items()):
        print(f"Epoch {epoch}: the keys of {number} records")
    return 0


def _begin_epoch(_given: argparse.Namespace, services: Services, subject: Subject) -> int:
    epoch = act(services, subject, lambda _: services.key_epochs.begin(by=subject))
    print(f"Epoch {epoch} begins with the next start of custos up, which wraps every key anew.")
    print("Back the folder of the keys up first, apart from the database.")
    return 0


def _end_epoch(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    epochs, at = services.key_epochs, services.clock()
    act(services, subject, lambda s: epochs.end(s, given.epoch, by=subject, at=at))
    epochs.destroy(given.epoch)
    print(f"The key of epoch {given.epoch} is destroyed here. Destroy its backups, too: then no")
    print(
        "backup of the database of that time opens a commitment of the log. What stands in its rows"
    )
    print("is readable until that backup is destroyed.")
    return 0
