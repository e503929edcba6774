"""Edge. Waiting for the worker, with the words of a failure that it left for a person."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session

from api.cli.terminal.progress import Bar
from api.services import Services
from custody.ledger.entries import publication_behind
from custody.printable import printable
from evidence import attention
from evidence.exhibits.states import ExhibitState
from export.errors import ExportError
from export.release.states import ReleaseState
from storage.errors import UnavailableError

_POLL_S = 0.1
T = TypeVar("T")


class NeedsPersonError(ExportError):
    """The worker gave up; the message is what it left for a person."""


def wait_for_copy(services: Services, exhibit: UUID, bar: Bar) -> ExhibitState:
    """Wait until an exhibit is ready, or needs a person; return which."""

    def look(session: Session) -> ExhibitState | None:
        state = ExhibitState(services.exhibits.find(session, str(exhibit)).state)
        bar.show(0, f"({state})")
        return None if state in (ExhibitState.RECEIVED, ExhibitState.EXAMINED) else state

    return _wait(services, exhibit, look)


def wait_for_seal(services: Services, release: UUID, bar: Bar) -> None:
    """Wait until a release is sealed and read back; the bar counts its steps.

    That the log signs nothing newer meanwhile is said once: this can take long.
    """
    told = False

    def look(session: Session) -> ReleaseState | None:
        row = services.releases.find(session, str(release))
        (listed,) = services.release_list.tell(session, [row])
        done = listed.sealed.steps
        bar.show(len(done), done[-1] if done else "")
        nonlocal told
        if not told and (behind := publication_behind(session)):
            told = True
            words = f"the custody log signs nothing new at the moment, and sealing waits: {behind}"
            print(f"custos: {printable(words)}", file=sys.stderr)
        return ReleaseState.SEALED if row.state == ReleaseState.SEALED else None

    _wait(services, release, look)


def _wait(services: Services, subject: UUID, look: Callable[[Session], T | None]) -> T:
    """Look until there is something to see; engines that are away are waited for.

    Raises:
        NeedsPersonError: the worker has given up on this subject.
    """
    while True:
        try:
            with services.transaction() as session:
                found = look(session)
                if found is not None:
                    return found
                for failed in attention.calls_to(session, subject):
                    raise NeedsPersonError(f"{failed.job} needs a person: {failed.words}")
        except UnavailableError:
            time.sleep(1)
        time.sleep(_POLL_S)
