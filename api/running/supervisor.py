"""Edge. `custos up`: engines first, then what the first start makes, then the processes.

One supervisor owns a data directory. It restarts what dies, and ends everything in order.
"""

import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from api.demonstration.standins import ensure_ports
from api.health import OK
from api.migrations import migrate
from api.running.first_start import make_first_tokens
from api.running.processes import STAND_INS, command, end_leftovers
from api.settings.council import ensure_council
from api.settings.errors import SettingsError
from api.settings.facts import Settings
from api.settings.production import refuse_stand_ins, refuse_unprotected
from api.times import utc_now
from api.wiring import Services, build
from custody.keyring import load, load_or_make_demonstration
from custody.roots import make_roots
from export.media.sandbox import protections
from storage.embedded.backoff import Backoff
from storage.embedded.children import last_lines
from storage.embedded.directory import DataDirectory
from storage.embedded.engines import Engines, load_addresses
from storage.errors import EngineError

Say = Callable[[str], None]
DEMONSTRATION = (
    "DEMONSTRATION: nothing is configured, so keys, council, time authority, sign-in and mail are "
    "stand-ins. What this makes is no evidence. (CUSTOS_ENV=production refuses them.)"
)
_STOP_S = 30.0
_MEND_S = 1.0


class Process:
    """One of our processes: restarted when it dies, more and more slowly."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._command = command(name, settings)
        self._log = settings.data / "logs" / f"{name}.log"
        self._backoff = Backoff()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it says goes to its log."""
        with open(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:  # noqa: PTH123 - the mode is set from the first moment
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the supervisor: it stops us in order
            )

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
        self._processes = [Process(name, settings) for name in (*names, *own)]
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
        if not settings.production:
            self._say(DEMONSTRATION)
        refuse_unprotected(settings, protections())
        for missing in protections():
            self._say(f"WARNING: footage is looked at without {missing}")
        end_leftovers(settings)
        if "web" in {process.name for process in self._processes}:
            self._require_port()
        self._start_engines()
        prepare(settings)
        self.services = build(settings)
        make_first_tokens(self.services, settings.tokens)
        if self._engines is not None and self._engines.unclean:
            services = self.services
            count = services.fixity.defer_recent() + services.package_fixity.defer_recent()
            self._say(f"The last stop was not a clean one: {count} stored things are read again.")
        for process in self._processes:
            process.start()
        self._mender = threading.Thread(target=self._mend, name="mender", daemon=True)
        self._mender.start()
        self._await_health()

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
        return sorted(name for name in wanted if found[name] != OK)

    def _web(self) -> str:
        url = f"http://{self._settings.host}:{self._settings.port}/healthz"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return OK
        except OSError as error:
            return str(error)

    def _require_port(self) -> None:
        """Refuse a port that somebody else has, before anything is started."""
        address = (self._settings.host, self._settings.port)
        with socket.socket() as probe:
            # As the web server does: a port that was ours a moment ago may be taken again.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise SettingsError(
                    f"port {address[1]} on {address[0]} cannot be used ({error.strerror}): "
                    "name another one with --port, or CUSTOS_PORT"
                ) from error

    def _stop(self) -> None:
        self._stopping.set()
        if self._mender is not None:
            self._mender.join(_STOP_S)
        for process in self._processes:
            process.end()
        deadline = time.monotonic() + _STOP_S
        for process in self._processes:
            process.wait(deadline)
        if hasattr(self, "services"):
            self.services.close()
        if self._engines is not None:
            self._engines.stop()
        if self._directory is not None:
            self._directory.release()


def prepare(settings: Settings) -> None:
    """Make what a first start makes, and bring the database to this version.

    Raises:
        SettingsError, KeyStoreError, StorageError: the message says what to do.
    """
    council = ensure_council(settings)
    if settings.production:
        load(settings.keys)
    else:
        load_or_make_demonstration(
            settings.keys, council=council.name, origin=council.origin, now=utc_now()
        )
        ensure_ports(settings.data)
    # In production, too: whoever brought keys of before these roots has none to bring.
    make_roots(settings.keys, now=utc_now())
    if settings.scratch.exists():
        # What killed jobs left: copies of footage that nobody works on any more.
        shutil.rmtree(settings.scratch)
    addresses = settings.engines or load_addresses(settings.data)
    migrate(addresses.owner_url, addresses.app_url)
