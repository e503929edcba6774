"""Processes to be killed over the log: `python -m tests.durability.log_process DATA`.

It reads one job a line, forks a child for it, and answers with its number. ``sequence``: a
sequencer, as the service starts it. ``write EXHIBIT FILE``: somebody who reviews an exhibit again
and again, and takes down in FILE, after each commit, which event was acknowledged and its SHA-256.
"""

import gc
import hashlib
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from api.acts import act
from api.running.sequencing import Stop, sequence
from api.services import Services
from api.settings.environment import read_settings
from api.settings.facts import Settings
from api.wiring import build
from custody.errors import LogStateError
from custody.ledger.tables import CustodyEventRow
from evidence.people.access import Role
from storage.errors import StorageError
from tests.durability import acts

PACE_S = 0.02
"""Between two acts of one writer: it is the log that is to be busy, not the processor."""


def write(settings: Settings, exhibit: str, acknowledged: Path) -> None:
    """Review an exhibit without end."""
    services = build(settings, pool_size=1)
    with acknowledged.open("ab", buffering=0) as file:
        while True:
            with suppress(StorageError, LogStateError):
                file.write(_review(services, exhibit))
            time.sleep(PACE_S)


def _review(services: Services, exhibit: str) -> bytes:
    """Review it once; return what was acknowledged, as a line."""
    officer = acts.subject(services, Role.GOVERNANCE)

    def work(session: Session) -> tuple[object, bytes]:
        row = services.reviews.keep(
            session,
            exhibit,
            until=(services.clock() + timedelta(days=100)).date(),
            by=officer,
            at=services.clock(),
            reason="the case goes on",
        )
        events = select(CustodyEventRow.id, CustodyEventRow.entry)
        mine = events.where(CustodyEventRow.record == row.id)
        return session.exec(mine.order_by(col(CustodyEventRow.n).desc()).limit(1)).one()

    event, entry = act(services, officer, work)
    return f"{event} {hashlib.sha256(entry).hexdigest()}\n".encode()


def _run(settings: Settings, job: str, *given: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if job == "sequence":
        sequence(settings, Stop())
    else:
        write(settings, given[0], Path(given[1]))


def main() -> None:
    """Fork a child for each line, until there is none."""
    settings = read_settings(os.environ, data=Path(sys.argv[1]), port=8000)
    build(settings).close()  # what every child reads from files, it finds read
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                _run(settings, *line.split())
            except Exception:  # noqa: BLE001 - a child never goes on with its parent's work
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
