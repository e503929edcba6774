"""Adapter. Child processes that end with the service, and whose last words are kept."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storage.embedded.launch import NO_NAMESPACE, launcher
from storage.errors import EngineError

NO_NAMESPACE_WORDS = (
    "the database refuses to run as root, and this machine does not let root start it without "
    "root's powers (user namespaces are refused): start Custos as an ordinary user, with a data "
    "directory that this user owns, for example --data /var/lib/custos"
)
_POLL_S = 0.02


def last_lines(log: Path, count: int = 12) -> str:
    """Return the end of ``log`` for an error message; reads at most 8 KiB."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError as error:
        return f"(no log: {error})"
    return "\n".join(lines[-count:]) or "(the log is empty)"


class Child:
    """One engine: its command line, where it works, where it writes what it says.

    The kernel sends ``dies_by`` to the engine when the thread that started it ends. So all starts
    go through ``spawner``, one thread that lives as long as the process.
    """

    def __init__(
        self,
        name: str,
        *,
        directory: Path,
        environment: Mapping[str, str],
        log: Path,
        dies_by: signal.Signals,
        spawner: ThreadPoolExecutor,
    ) -> None:
        self.name = name
        self.log = log
        self._directory = directory
        self._environment = dict(environment)
        self._dies_by = dies_by
        self._spawner = spawner
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str]) -> None:
        """Start the engine; it is not ready yet when this returns."""
        line = [*launcher(self._dies_by), *command]

        def spawn() -> subprocess.Popen[bytes]:
            descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as log:
                return subprocess.Popen(
                    line,
                    cwd=self._directory,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is for the service: it stops us in order
                )

        self._process = self._spawner.submit(spawn).result()

    @property
    def pid(self) -> int | None:
        """Return the engine's process, None if it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def check_alive(self) -> None:
        """Raise if the engine ended.

        Raises:
            EngineError: with the last lines that it wrote.
        """
        if self.pid is not None:
            return
        code = self._process.returncode if self._process else None
        if code == NO_NAMESPACE:
            raise EngineError(NO_NAMESPACE_WORDS)
        raise EngineError(
            f"{self.name} ended with code {code}; the last lines of {self.log}:\n"
            + last_lines(self.log)
        )

    def stop(self, by: signal.Signals, *, within: float) -> bool:
        """Ask the engine to end, end it if it does not ``within`` seconds; tell if it obeyed."""
        process, self._process = self._process, None
        if process is None:
            return True
        if process.poll() is None:
            process.send_signal(by)
        try:
            return process.wait(within) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False


def run(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    words: str = "",
    within: float,
) -> str:
    """Run an engine's tool to its end, feed it ``words``, and return what it said.

    Raises:
        EngineError: it failed, or took longer than ``within`` seconds.
    """
    tool = Path(command[0]).name
    try:
        done = subprocess.run(
            [*launcher(None), *command],
            cwd=directory,
            env=dict(environment),
            input=words.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=within,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        said = (error.output or b"").decode("utf-8", "replace")[-2000:]
        raise EngineError(f"{tool} did not end within {within:.0f} s; it said:\n{said}") from error
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode == NO_NAMESPACE:
        raise EngineError(NO_NAMESPACE_WORDS)
    if done.returncode:
        raise EngineError(f"{tool} ended with code {done.returncode}; it said:\n{said[-2000:]}")
    return said


def _workers_in(directory: Path, program: str) -> Iterator[int]:
    """Yield every process that runs ``program`` and works in ``directory``."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            executable = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            if executable == program and (entry / "cwd").readlink() == directory:
                yield int(entry.name)
        except OSError:  # gone meanwhile, or somebody else's
            continue


def still_there(pid: int) -> bool:
    """Tell whether a process that was killed still holds what it had open.

    It forgets its program and where it works first, and closes its files and ports only then.
    """
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            state = thread.read_bytes().rpartition(b") ")[2][:1]
        except OSError:  # gone meanwhile
            continue
        if state not in (b"Z", b"X"):
            return True
    return False


def end_leftovers(directory: Path, program: str, *, within: float) -> int:
    """End what an earlier, killed service left running in ``directory``; return how many.

    An engine is known by its program and the private directory it works in, which nobody else has;
    a process number from a file could by now be anybody's.

    Raises:
        EngineError: one could not be ended within the time.
    """
    directory = directory.resolve()
    deadline = time.monotonic() + within
    seen: set[int] = set()
    while found := {*_workers_in(directory, program), *filter(still_there, seen)}:
        if time.monotonic() > deadline:
            raise EngineError(f"{program} of an earlier run cannot be ended: processes {found}")
        for pid in found - seen:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        seen |= found
        time.sleep(_POLL_S)
    return len(seen)
