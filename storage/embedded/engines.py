"""Adapter. PostgreSQL and SeaweedFS under one data directory: start, watch, mend, stop.

What is done here, and why, stands in docs/adr/0002-embedded-engines.md.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.embedded.addresses import Addresses, S3Access
from storage.embedded.backoff import Backoff
from storage.embedded.children import Child
from storage.embedded.directory import DataDirectory, private_directory
from storage.embedded.postgres import Postgres
from storage.embedded.reserve import Reserve
from storage.embedded.settings import (
    HeldPorts,
    keep_settings,
    load_addresses,
    make_addresses,
    make_settings,
    read_settings,
)
from storage.embedded.weed.server import Weed
from storage.errors import EngineError

__all__ = ["Addresses", "Engines", "S3Access", "load_addresses"]

ROOM = "room"
"""What `Engines.mend` says came back when a disk that was full is not any more."""
_RECOVERY_S = 300.0
"""What a start waits for a database that replays its journal."""
_MEND_S = 30.0
"""What one `Engines.mend` waits for an engine to answer; the next call looks again."""


def _silent(_words: str) -> None:
    return


def stand_still(data: Path) -> bool:
    """Tell whether the engines of ``data`` ran once, and nobody uses them now."""
    directory = DataDirectory(data)
    return directory.settings.exists() and not directory.in_use()


@contextmanager
def database_alone(data: Path) -> Iterator[Addresses]:
    """Run the database of ``data`` without the store, for whoever only reads in it.

    Whether the last stop was a clean one stays as it was noted: the store has not been looked at.

    Raises:
        EngineError: nothing was ever started here, something runs here, or it does not start.
    """
    directory = DataDirectory(data)
    settings = read_settings(directory.settings)
    directory.take()
    spawner = ThreadPoolExecutor(1, thread_name_prefix="engines")
    postgres = Postgres(directory, directory.sockets, settings.passwords, spawner)
    try:
        postgres.end_leftovers()
        directory.make_sockets()
        postgres.install()
        postgres.start(within=_RECOVERY_S)
        postgres.make_roles()
        yield make_addresses(settings, directory.sockets, directory.authority)
    finally:
        postgres.stop()
        spawner.shutdown()
        directory.remove_sockets()
        directory.release()


class Engines:
    """The two engines of one data directory, as children of this process.

    ``addresses`` says where they are. ``unclean`` says that the run before did not end with
    `stop`: whoever acknowledged something to somebody reads it again.
    """

    addresses: Addresses
    unclean: bool

    def __init__(self, directory: DataDirectory, say: Callable[[str], None]) -> None:
        """Use `start`; the directory is locked already."""
        self._directory = directory
        self._say = say
        self._turn = threading.RLock()
        self._running = False
        # The kernel ends an engine when the thread that started it ends: this one stays.
        self._spawner = ThreadPoolExecutor(1, thread_name_prefix="engines")
        self._first = not directory.settings.exists()
        self._held: HeldPorts | None = None
        if self._first:
            directory.refuse_to_begin_anew()
            # Before the settings: from then on a folder that is not there was lost.
            private_directory(directory.objects)
            self._held = HeldPorts()
            keep_settings(directory.settings, make_settings(self._held.ports))
        settings = read_settings(directory.settings)
        directory.require_both()
        sockets = directory.sockets
        self.addresses = make_addresses(settings, sockets, directory.authority)
        self.unclean = not self._first and not directory.was_stopped_cleanly()
        self._postgres = Postgres(directory, sockets, settings.passwords, self._spawner)
        self._weed = Weed(directory, sockets, settings, self._spawner)
        self._reserve = Reserve(directory.path, say)
        self._backoff = {"database": Backoff(), "objects": Backoff()}

    @classmethod
    def start(cls, data: Path, *, say: Callable[[str], None] = _silent) -> Self:
        """Start both engines in ``data``, which is made if it is not there, and wait for them.

        ``say`` is told each step in a few words.

        Raises:
            EngineError: the directory is in use or unusable, or an engine does not start; the
                sentence says what to do.
        """
        directory = DataDirectory(data)
        directory.take()
        try:
            engines = cls(directory, say)
        except BaseException:
            directory.release()
            raise
        try:
            engines._start()
        except BaseException:
            engines.stop()
            raise
        return engines

    def _start(self) -> None:
        if self.unclean:
            self._say("the last run did not stop cleanly: the engines are being repaired")
        self._reserve.tend()
        self._directory.rotate_logs()
        self._postgres.end_leftovers()
        self._weed.end_leftovers()
        self._directory.make_sockets()
        self._say("database: making a new one" if self._first else "database: starting")
        self._postgres.install()
        self._postgres.start(within=_RECOVERY_S)
        self._postgres.make_roles()
        self._say("object store: starting")
        self._weed.install(datetime.now(UTC))
        if self.unclean:
            self._weed.repair()
        self._let_go_of_ports()
        self._weed.check_ports()
        # From here on only `stop` makes a clean end; a crash leaves no marker.
        self._directory.mark_dirty()
        self._weed.start()
        self._weed.configure()
        self._weed.wait(within=_RECOVERY_S)
        self._running = True

    def _let_go_of_ports(self) -> None:
        if self._held is not None:
            self._held.let_go()

    def mend(self) -> tuple[str, ...]:
        """Start again what ended by itself, and return the names; to be called about once a second.

        An engine that keeps ending is tried at growing intervals, up to 30 s. A call takes about a
        second for the database and a store of a few GB (its index is rebuilt from the data), and
        at most half a minute beyond that. What could not be mended stands in `health`.
        """
        with self._turn:
            if not self._running:
                return ()
            mended = [ROOM] if self._reserve.tend() else []
            if self._try("database", self._postgres.child, self._mend_database):
                mended.append("database")
            if self._postgres.child.pid is not None and self._try(
                "objects", self._weed.child, self._mend_objects
            ):
                mended.append("objects")
            return tuple(mended)

    def _try(self, name: str, child: Child, mend: Callable[[], None]) -> bool:
        if child.pid is not None or not self._backoff[name].is_due(time.monotonic()):
            return False
        self._say(f"{name}: ended by itself, starting it again")
        try:
            mend()
        except EngineError as error:
            self._say(f"{name}: {error}")
            return False
        finally:
            self._backoff[name].tried(time.monotonic())
        return True

    def _mend_database(self) -> None:
        self._postgres.start(within=_MEND_S)

    def _mend_objects(self) -> None:
        self._weed.end_leftovers()
        self._weed.repair()
        self._weed.check_ports()
        self._weed.start()
        self._weed.wait(within=_MEND_S)

    def health(self) -> Mapping[str, str]:
        """Return "ok" or a sentence for each engine: ``database``, ``objects``."""
        return {"database": self._postgres.health(), "objects": self._weed.health()}

    def stop(self) -> None:
        """End the store, then the database it keeps its metadata in, and note that all went well.

        May be called twice. An engine that does not end within a minute is killed, and the next
        start repairs.
        """
        with self._turn:
            self._say("stopping the engines")
            was_running, self._running = self._running, False
            self._let_go_of_ports()
            store_ended_well = self._weed.stop()
            database_ended_well = self._postgres.stop()
            if was_running and store_ended_well and database_ended_well:
                self._directory.mark_clean()
            self._spawner.shutdown()
            self._directory.remove_sockets()
            self._directory.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
