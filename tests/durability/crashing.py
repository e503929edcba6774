"""A process that kills itself at a point: `python -m tests.durability.crashing DATA`.

It reads names of points, one a line. For each it forks a child that builds what the service's own
process builds, and ends by SIGKILL when it comes to the point, whatever it was about to do. It
answers with the child's exit status. The service's code knows nothing of this: methods are wrapped
from outside.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn
from uuid import UUID

from api.running.sequencing import Stop, sequence
from api.running.worker import worker
from api.services import Services
from api.settings.environment import read_settings
from api.settings.facts import Settings
from api.wiring import build
from custody.formats.canonical import parse_time
from custody.ledger.ledger import Ledger
from custody.ledger.publication.bucket import LogBucket
from custody.ledger.publication.checkpoints import Checkpoints
from custody.ledger.sequencer import Sequencer
from evidence.fees.invoicing.statements import Statements
from evidence.fees.payments import Payments
from evidence.requests.decisions import RequestDecisions
from export.holdings import copies, files, stamps
from export.holdings.copies import Copies
from export.holdings.masters import Masters
from export.holdings.stamps import Stamps
from export.intake.arrivals import Intake
from export.sealing.archives import Archives
from export.sealing.sealing import Sealing
from export.sealing.steps import SealStep, SealStore
from storage.objects.multipart import MultipartUpload
from storage.objects.store import ObjectStore
from storage.workers import Pace
from tests.durability import acts
from tests.polling import PATIENCE_S

LIMIT_S = int(PATIENCE_S)
REACHED = -signal.SIGKILL

Attributes = ModuleType | type[Any]
Arm = Callable[[], None]


def die(*_: object, **__: object) -> NoReturn:
    """End as `kill -9` ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def before(owner: Attributes, name: str) -> Arm:
    """Die instead of calling something."""
    return lambda: setattr(owner, name, die)


def _always(*_: object, **__: object) -> bool:
    return True


def after(owner: Attributes, name: str, when: Callable[..., object] = _always) -> Arm:
    """Die when something has returned; ``when`` tells of result and arguments if it is the time."""

    def arm() -> None:
        real = getattr(owner, name)

        def then_die(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the real one takes
            result = real(*args, **options)
            if when(result, *args, **options):
                die()
            return result

        setattr(owner, name, then_die)

    return arm


def appended(event: str) -> Arm:
    """Die in the transaction that writes an event, before it can commit."""
    return after(Ledger, "append", lambda *args, **_: event in args)


def _done(step: SealStep) -> Arm:
    """Die in the transaction that finishes a step of sealing, before it can commit."""
    return after(SealStore, "finish", lambda *args, **_: step in args)


INTAKE = {
    "bytes stored": after(Intake, "store"),
    "upload recorded, not committed": after(Intake, "keep"),
    "event written, not committed": appended("clock.checked"),
    "jobs deferred, not committed": after(Masters, "add"),
}
"""Killed here, an intake leaves nothing that a record names."""
EXAMINATION = {
    "examination: not begun": before(Copies, "_look_at"),
    "examination: looked at": after(copies, "examine"),
    "examination: frame list stored": after(Copies, "_store"),
    "examination: not committed": appended("exhibit.examined"),
    "examination: committed": after(Copies, "examine"),
}
DERIVATION = {
    "derivation: not begun": before(Copies, "_copy"),
    "derivation: copy made": after(copies, "make_copy"),
    "derivation: copy stored": after(
        Copies, "_store", lambda made, *_, **__: made.kind == files.COPY
    ),
    "derivation: all stored": after(Copies, "_copy"),
    "derivation: not committed": appended("exhibit.derived"),
    "derivation: committed": after(Copies, "derive"),
}
STAMPING = {
    "stamp: not begun": before(stamps, "stamp"),
    "stamp: fetched": after(stamps, "stamp"),
    "stamp: not committed": after(Ledger, "add_stamp"),
    "stamp: committed": after(Stamps, "stamp"),
}
BEGINNINGS = {f"{step}: not begun": step for step in SealStep}
"""The step before is committed then: that moment is the same."""
SEALING = {
    **{f"{step}: not committed": _done(step) for step in SealStep},
    "ledger: event written": appended("release.sealed"),
    "archive: parts joined, upload open": before(MultipartUpload, "complete"),
    "archive: upload complete": after(MultipartUpload, "complete"),
    "archive: joined": after(ObjectStore, "join"),
    "archive: event written": appended("release.assembled"),
    "check: read back": after(Archives, "read_back"),
    "check: event written": appended("release.checked"),
    "check: committed": after(Sealing, "seal"),
}
SEQUENCER = {
    "places given, not committed": after(Sequencer, "_sequence", lambda added, *_: added),
    "places committed, not published": before(Checkpoints, "advance"),
    "one object published": after(LogBucket, "_put"),
    "published, not signed": after(LogBucket, "put"),
    "signed, not committed": after(Checkpoints, "_store", lambda stored, *_: stored),
    "stored, not shown": before(LogBucket, "show"),
    "shown": after(LogBucket, "show"),
    "turn ended": after(Sequencer, "turn", lambda turn, *_, **__: turn.added),
}

PAYING = {
    "attempt: not committed": after(Payments, "_note"),
    "attempt: committed": before(Payments, "_ask"),
    "payment: made, and named nowhere": after(Payments, "_ask"),
    "payment: named, not committed": appended("payment.requested"),
    "payment: named": after(Payments, "_look"),
}
"""On the way to the card page."""
PAID = {
    "success: told, and written nowhere": after(Payments, "_ask"),
    "success: event written": appended("payment.succeeded"),
    "success: request moved, not committed": after(RequestDecisions, "fee_paid"),
    "success: committed": after(Payments, "_look"),
}
"""On the way back from it."""
INVOICED = {
    "account: event written": appended("fee.on_account"),
    "account: request moved, not committed": after(RequestDecisions, "put_on_account"),
    "statement: numbered, not committed": appended("statement.made"),
    "statement: committed": before(Statements, "_late"),
}
MONEY = PAYING | PAID | INVOICED


def _pay(services: Services, point: str, argument: str) -> None:
    """Do as the web process, or the worker, what the point belongs to."""
    words = argument.split()
    if point in PAYING:
        services.payments.start(UUID(words[0]))
    elif point in PAID:
        services.payments.check(UUID(words[0]))
    elif point.startswith("statement"):
        services.statements.due(at=parse_time(words[0]))
    else:
        with services.transaction() as session:
            services.request_decisions.put_on_account(
                session, UUID(words[1]), UUID(words[0]), at=services.clock(), purchase_order="PO-1"
            )


def _work(services: Services) -> None:
    """Work, and leave alone what others died over."""
    asyncio.run(worker(services, pace=Pace(stalled_s=3600)).run())


def _run(settings: Settings, point: str, argument: str) -> None:
    """Come to the point, as the process that the point belongs to."""
    signal.alarm(LIMIT_S)
    if point in INTAKE:
        INTAKE[point]()
        acts.take_in(build(settings), Path(argument))
    elif point in SEQUENCER:
        SEQUENCER[point]()
        sequence(settings, Stop())
    elif point in MONEY:
        MONEY[point]()
        _pay(build(settings), point, argument)
    elif point in BEGINNINGS:
        services = build(settings)
        services.sealing.steps[BEGINNINGS[point]] = die
        _work(services)
    else:
        (EXAMINATION | DERIVATION | STAMPING | SEALING)[point]()
        _work(build(settings))


def main() -> None:
    """Fork a child for each line, and say how it ended."""
    # The port of every house of the tests: the payment stand-in sends people back there alone.
    settings = read_settings(os.environ, data=Path(sys.argv[1]), port=8000)
    build(settings).close()  # what every child reads from files, it finds read
    gc.freeze()  # what is here stays: no child need go through it, or copy it
    for line in sys.stdin:
        point, _, argument = line.rstrip("\n").partition("\t")
        child = os.fork()
        if not child:
            try:
                _run(settings, point, argument)
            finally:
                sys.stderr.flush()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
