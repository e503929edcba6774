"""Edge. The thread of the web process that moves finished uploads into the vault.

It lives here and not in the worker because the spool is this machine's. Whatever goes wrong is
tried again; nothing that was acknowledged depends on this process living on.
"""

import logging
import threading
from datetime import datetime, timedelta
from typing import Self

from api.services import Services
from evidence.errors import StateError
from export.intake.vaulting import StoppedError

_PAUSE_S = 30.0
"""Between two looks for what nobody announced: this process itself says what is complete."""
_LATER_S = 30.0
"""After something went wrong."""
_TIDY_EVERY = timedelta(minutes=10)
_log = logging.getLogger("custos.spooler")


class Spooler:
    """Works beside the answers: entered, it begins; left, it ends. A test calls `turn` instead."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._tidied_at: datetime | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to work, with what an earlier process left."""
        self._thread = threading.Thread(target=self._run, name="spooler")
        self._thread.start()

    def stop(self) -> None:
        """End: what is on its way into the vault is given up, and begun again at the next start."""
        self._stop.set()
        self._services.uploads.completed.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.is_set():
            well = self.turn(self._services.clock())
            if self._stop.is_set():
                return
            if well:
                self._services.uploads.completed.wait(_PAUSE_S)
            else:
                self._stop.wait(_LATER_S)

    def turn(self, at: datetime) -> bool:
        """Move what is complete, and now and then tidy up; return whether all of it went well."""
        self._services.uploads.completed.clear()
        try:
            if self._tidied_at is None or at - self._tidied_at >= _TIDY_EVERY:
                self._services.vaulting.sweep()
                self._services.vaulting.forget(at)
                self._services.vaulting.scan_again()
                self._tidied_at = at
            waiting = self._services.vaulting.complete()
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever happens
            _say("tidying up", error)
            return False
        well = True
        for upload in waiting:
            try:
                self._services.vaulting.keep(upload, at=self._services.clock(), stop=self._stop)
            except StoppedError:
                return True
            except StateError:
                continue  # somebody else is at it
            except Exception as error:  # noqa: BLE001 - one upload must not hold up the others
                _say(f"upload {upload}", error)
                well = False
        return well


def _say(what: str, error: Exception) -> None:
    """Write what went wrong into the log, without what anybody sent."""
    _log.error("%s: %s; trying again", what, type(error).__name__)
