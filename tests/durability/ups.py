"""`custos up` as a process of its own, to be killed with all that it started."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import httpx

from api.services import Services
from api.settings.environment import read_settings
from api.wiring import build
from evidence.people.access import Role
from storage.embedded.children import _workers_in
from storage.errors import UnavailableError
from tests.durability.acts import new_exhibit, require
from tests.engines import folder_for_engines
from tests.polling import poll
from tests.servers import free_port

ENGINES = ("postgres", "weed")
"""Each engine's program; it works in the folder of this name."""


def parent_of(pid: int) -> int:
    """Return the parent of a process; 0: it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(status.partition("\nPPid:")[2].split(maxsplit=1)[0])


def _answer(response: httpx.Response) -> dict[str, str]:
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise UnavailableError(response.text)
    require(response.is_success, f"the web process says {response.status_code}: {response.text}")
    return dict(response.json())


class Up:
    """One data directory, and the `custos up` that runs on it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.settings = read_settings({}, data=data, port=free_port())
        self.log = data.with_name(f"{data.name}.up.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._services: Services | None = None

    def start(self) -> None:
        """Start it, and wait until it serves."""
        with self.log.open("ab") as log:
            begins = log.tell()
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *("-c", "import sys; from api.cli import main; sys.exit(main())"),
                    *("up", "--data", str(self.data), "--port", str(self.settings.port)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=Path(__file__).parents[2],
            )

        def serves() -> bool:
            said = self.said(begins)
            assert self.process.poll() is None, f"`custos up` ended:\n{said}"
            return "Custos serves on" in said

        poll(serves)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process of `custos up`."""
        assert self._process is not None
        return self._process

    def said(self, begins: int = 0) -> str:
        """Return what it said."""
        return self.log.read_bytes()[begins:].decode(errors="replace")

    @property
    def services(self) -> Services:
        """Services over its engines, in this process."""
        if self._services is None:
            self._services = build(self.settings, pool_size=2)
        return self._services

    def part(self) -> None:
        """Let go of its engines in this process; `services` connects anew."""
        if self._services is not None:
            self._services.close()
            self._services = None

    def post(self, clip: Path, reference: str) -> UUID:
        """Take in a clip over HTTP as the operator would; return the exhibit.

        Raises:
            UnavailableError: the web process, or an engine behind it, did not answer.
        """
        token = (self.settings.tokens / f"{Role.OPERATOR}.token").read_text(encoding="ascii")
        said = asdict(new_exhibit(self.services, reference))
        new = {field: value for field, value in said.items() if value != ""}  # what nobody filled
        url = f"http://127.0.0.1:{self.settings.port}/api/v1"
        headers = {"Authorization": f"Bearer {token.strip()}"}
        try:
            with httpx.Client(headers=headers, timeout=90) as client:
                upload = _answer(client.post(f"{url}/uploads", content=clip.read_bytes()))
                files = [{"upload": upload["upload"], "name": clip.name}]
                made = _answer(client.post(f"{url}/exhibits", json={**new, "files": files}))
        except httpx.HTTPError as error:
            raise UnavailableError(f"the web process does not answer: {error!r}") from error
        return UUID(made["id"])

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it with -9, and wait for its end."""
        self.process.kill()
        self.process.wait()

    def pid(self, name: str) -> int | None:
        """Return the process of an engine, or of one of ours; None: it does not run."""
        found = [pid for pid in self._found(name) if parent_of(pid) == self.process.pid]
        return found[0] if found else None

    def pids(self, name: str) -> list[int]:
        """Return every process of the database, or of another part, or of `custos up` itself."""
        if name == "up":
            return [self.process.pid]
        if name in ENGINES:
            return list(self._found(name))
        pid = self.pid(name)
        return [] if pid is None else [pid]

    def _found(self, name: str) -> Iterator[int]:
        if name in ENGINES:
            yield from _workers_in((self.data / name).resolve(), name)
            return
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if words[1:4] == [b"-m", b"api.running.processes", name.encode()]:
                    yield int(entry.name)

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Kill something, and let nobody start it again for the length of the block."""
        pid = poll(lambda: self.pid(name))
        self.signal(signal.SIGSTOP)
        try:
            os.kill(pid, signal.SIGKILL)
            yield
        finally:
            self.signal(signal.SIGCONT)

    def close(self) -> None:
        """End it, and whatever it left; nobody comes back to its data."""
        self.part()
        if self._process is not None and self._process.poll() is None:
            self.kill()
        poll(lambda: not any([*self._found("weed"), *self._found("postgres")]))


class Shared:
    """One `custos up` for all files of tests that leave it as it was: running, with its log.

    A start and a stop take ten seconds of a processor.
    """

    def __init__(self) -> None:
        self._lent: Up | None = None
        self._all: list[Up] = []

    def lend(self) -> Up:
        """Return it; it is started for whoever comes first."""
        if self._lent is None:
            up = Up(folder_for_engines())
            self._all.append(up)
            up.start()
            self._lent = up
        # Of those before, one may have killed the database under what is connected.
        self._lent.part()
        return self._lent

    def keep(self) -> Up:
        """Return it to somebody who breaks it for all others: they are lent another one."""
        kept, self._lent = self.lend(), None
        return kept

    def close(self) -> None:
        """End all that were started."""
        for up in self._all:
            up.close()
            up.log.unlink(missing_ok=True)
            shutil.rmtree(up.data)
