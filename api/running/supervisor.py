"""Edge. `custos up`: engines first, then what the first start makes, then the processes.

One supervisor owns a data directory. It restarts what dies, and ends everything in order.
"""

import os
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from api.health import OK, STOPPED
from api.running.doors import Doors
from api.running.first_start import fill_register, make_first_tokens
from api.running.powers import environment, hand_over
from api.running.preparing import look_first, prepare
from api.running.processes import STAND_INS, command, end_leftovers
from api.services import Services
from api.settings.facts import Settings
from api.settings.production import refuse_stand_ins, refuse_unprotected
from api.wiring import build
from custody.keys.production.installation import look_at_seal
from custody.ledger.contradictions import is_used
from export.media.sandbox import protections
from storage.embedded.addresses import Addresses
from storage.embedded.backoff import Backoff
from storage.embedded.children import last_lines
from storage.embedded.directory import DataDirectory
from storage.embedded.engines import ROOM, Engines
from storage.errors import EngineError

__all__ = ["DEMONSTRATION", "Supervisor", "prepare"]

Say = Callable[[str], None]
DEMONSTRATION = (
    "DEMONSTRATION: nothing is configured, so keys, council, time authority, sign-in and mail are "
    "stand-ins. What this makes is no evidence. (CUSTOS_ENV=production refuses them.)"
)
READING = (
    "READING ONLY: the log has stopped, and nothing is recorded until a person has looked. Run "
    "`custos log audit`; docs/durability.md says how to go on."
)
_STOP_S = 30.0
_MEND_S = 1.0


class Process:
    """One of our processes: restarted when it dies, more and more slowly."""

    def __init__(self, name: str, settings: Settings, doors: Doors) -> None:
        self.name = name
        self._settings = settings
        self._doors = doors
        self._log = settings.data / "logs" / f"{name}.log"
        self._backoff = Backoff()
        self._child: subprocess.Popen[bytes] | None = None
        self.addresses: Addresses | None = None
        """Where the engines are, once they run."""

    def start(self) -> None:
        """Start it with what it is given; what it says goes to its log."""
        with open(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:  # noqa: PTH123 - the mode is set from the first moment
            doors = self._doors.of(self.name)
            self._child = subprocess.Popen(
                command(self.name, self._settings, doors),
                pass_fds=doors,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(os.environ),
                start_new_session=True,  # Ctrl-C is for the supervisor: it stops us in order
            )
        assert self._child.stdin is not None
        # Less than a pipe holds, so nobody waits; one that died already is started again.
        with suppress(BrokenPipeError), self._child.stdin as pipe:
            pipe.write(hand_over(self.name, self._settings, self.addresses))

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def last_words(self) -> str:
        """What it said last, for an error message."""
        return last_lines(self._log)

    def mend(self) -> bool:
        """Start it again if it died and its turn has come; return whether it was."""
        now = time.monotonic()
        if self.alive or not self._backoff.is_due(now):
            return False
        self._backoff.tried(now)
        self.start()
        return True

    def end(self) -> None:
        """Ask it to end."""
        if self._child is not None and self.alive:
            self._child.terminate()

    def wait(self, deadline: float) -> None:
        """Wait for its end; end it by force at the deadline."""
        if self._child is None:
            return
        try:
            self._child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Supervisor:
    """Everything that `custos up` started. A context manager: leaving it stops all of it."""

    def __init__(self, settings: Settings, names: Sequence[str], say: Say) -> None:
        self._settings = settings
        self._say = say
        self._engines: Engines | None = None
        self._directory: DataDirectory | None = None
        own = [] if settings.production else [STAND_INS]
        self._doors = Doors()
        self._processes = [Process(name, settings, self._doors) for name in (*names, *own)]
        self._stopping = threading.Event()
        self._mender: threading.Thread | None = None
        self.services: Services

    def __enter__(self) -> Self:
        """Start engines and processes, and wait until each is healthy.

        Raises:
            EngineError, SettingsError, KeyStoreError, StorageError: the message says what to do.
        """
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, the engines last."""
        self._stop()

    def _start(self) -> None:
        settings = self._settings
        refuse_stand_ins(settings)
        look_first(settings)
        if not settings.production:
            self._say(DEMONSTRATION)
        refuse_unprotected(settings, protections())
        for missing in protections():
            self._say(f"WARNING: footage is looked at without {missing}")
        end_leftovers(settings)
        served = {process.name for process in self._processes}
        if "web" in served:
            self._doors.open_web(settings)
        self._start_engines()
        stopped = prepare(settings)
        if STAND_INS in served:
            self._doors.open_stand_ins(settings)
        self.services = build(settings)
        if seal := look_at_seal(settings.keys, self.services.keyring, now=self.services.clock()):
            self._say(f"WARNING: {seal}")
        if clock := self.services.timekeeping.look().words:
            self._say(f"WARNING: {clock}")
        if stopped:
            self._say(f"{READING}\n{stopped}")
        else:
            make_first_tokens(self.services, settings.tokens)
            fill_register(self.services)
            self._say_whom_to_let_in()
        if self._engines is not None and self._engines.unclean:
            count = self._read_again()
            self._say(f"The last stop was not a clean one: {count} stored things are read again.")
        for process in self._processes:
            process.addresses = self.services.addresses
            process.start()
        self._mender = threading.Thread(target=self._mend, name="mender", daemon=True)
        self._mender.start()
        self._await_health()

    def _say_whom_to_let_in(self) -> None:
        """Say what comes next where nobody has acted yet: production makes no token by itself."""
        if not self._settings.production:
            return
        with self.services.transaction() as session:
            used = is_used(session)
        if not used:
            self._say(
                "Nobody has acted here yet. Staff sign in through the council's provider; for a "
                "machine, or a person at the command line: custos token add NAME --role ROLE "
                "--out FILE"
            )

    def _read_again(self) -> int:
        """Have what was acknowledged lately compared with what is stored; return how many."""
        services = self.services
        return services.fixity.defer_recent() + services.package_fixity.defer_recent()

    def _start_engines(self) -> None:
        if self._settings.engines is None:
            self._engines = Engines.start(self._settings.data, say=self._say)
            return
        self._directory = DataDirectory(self._settings.data)
        self._directory.take()

    def _mend(self) -> None:
        """Restart what died, until the end.

        The kernel ties processes to the thread that starts them: this one lives as long as they.
        """
        while not self._stopping.wait(_MEND_S):
            try:
                restarted = list(self._engines.mend()) if self._engines is not None else []
                restarted += [process.name for process in self._processes if process.mend()]
            except Exception as error:  # noqa: BLE001 - without this thread nothing is ever mended
                self._say(f"mending failed, and is tried again: {error!r}")
                continue
            if ROOM in restarted:
                restarted.remove(ROOM)
                self._say(f"There is room again: {self._read_again()} stored things are read again")
            for name in restarted:
                self._say(f"{name} had stopped and was started again")

    def _await_health(self) -> None:
        deadline = time.monotonic() + 60
        while missing := self._missing():
            if time.monotonic() > deadline:
                words = "\n".join(
                    f"--- {process.name} ---\n{process.last_words}" for process in self._processes
                )
                raise EngineError(f"not healthy after a minute: {', '.join(missing)}\n{words}")
            time.sleep(0.1)

    def _missing(self) -> list[str]:
        wanted = {"database", "objects", *(process.name for process in self._processes)}
        found = {**self.services.health.report(), "web": self._web()}
        if found["sequencer"].startswith(STOPPED):
            wanted.discard("sequencer")  # the rest can be read all the same
        return sorted(name for name in wanted if found[name] != OK)

    def _web(self) -> str:
        url = f"http://{self._settings.host}:{self._settings.port}/healthz"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return OK
        except OSError as error:
            return str(error)

    def _stop(self) -> None:
        self._stopping.set()
        if self._mender is not None:
            self._mender.join(_STOP_S)
        for process in self._processes:
            process.end()
        deadline = time.monotonic() + _STOP_S
        for process in self._processes:
            process.wait(deadline)
        self._doors.close()
        if hasattr(self, "services"):
            self.services.close()
        if self._engines is not None:
            self._engines.stop()
        if self._directory is not None:
            self._directory.release()
