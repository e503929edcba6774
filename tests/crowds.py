"""Crowds of slow clients, 200 of each kind, and the web process that they come to."""

import os
import resource
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from api.running.doors import Doors
from api.running.powers import environment, hand_over
from api.running.processes import command
from api.settings.facts import Settings, SignIn
from evidence.people.access import Role
from tests.houses import NEW, House
from tests.polling import PATIENCE_S, poll
from tests.servers import free_port

EACH = 200
LARGE = 4 << 20
"""Bytes of the package that nobody reads: more than the buffers of a wire."""
BUFFER = 1 << 16
"""Of the server's end: the system would give it megabytes, which the store has to fill first."""
PAGES = ("/healthz", "/", "/collect/x", "/api/v1/exhibits")
"""What others ask meanwhile; the last with a token, of the database."""


@dataclass(frozen=True)
class Crowded:
    """A web process, and what slow clients say to it."""

    port: int
    token: str
    package: str

    def says(self) -> Mapping[str, bytes]:
        """Return what a client of each kind says, and then nothing more."""
        bearer = f"Host: a\r\nAuthorization: Bearer {self.token}\r\n"
        length = "Content-Length: 99999\r\n\r\n"
        form = f"Host: a\r\nContent-Type: application/x-www-form-urlencoded\r\n{length}"
        said = {
            "silent": "",
            "half a head": "GET / HTTP/1.1\r\nHost: a\r\nX-",
            "half a form": f"POST /sign-out HTTP/1.1\r\n{form}form_token=",
            "half a call": f"POST /api/v1/exhibits HTTP/1.1\r\n{bearer}{length}{{",
            "half an upload": f"POST /api/v1/uploads HTTP/1.1\r\n{bearer}{length}half of it",
            "reads nothing": f"GET {self.package} HTTP/1.1\r\n{bearer}\r\n",
            "signs in": "GET /sign-in HTTP/1.1\r\nHost: a\r\n\r\n",
        }
        return {kind: words.encode() for kind, words in said.items()}

    @contextmanager
    def crowd(self, each: int = EACH) -> Iterator[Mapping[str, list[socket.socket]]]:
        """Let so many of each kind come, and stay."""
        with ExitStack() as stack:
            yield {
                kind: [stack.enter_context(self._client(words)) for _ in range(each)]
                for kind, words in self.says().items()
            }

    @contextmanager
    def _client(self, words: bytes) -> Iterator[socket.socket]:
        with closing(socket.socket()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", self.port))
            client.sendall(words)
            yield client

    def ask(self, path: str) -> tuple[int, float]:
        """Ask for a page on a connection of its own; return status and seconds."""
        began = time.monotonic()
        headers = {"Authorization": f"Bearer {self.token}"} if path.startswith("/api/") else {}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
        return answer.status, time.monotonic() - began


@contextmanager
def crowded(house: House) -> Iterator[Crowded]:
    """Start a web process over the engines of a house, whose identity provider says nothing."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    exhibit = house.exhibit(os.urandom(LARGE), replace(NEW, reference="CR"))
    house.looked_at(exhibit.id)
    house.accept(exhibit)
    release = house.propose(exhibit.reference)
    house.approve(release)
    house.seal(release)
    settings = replace(house.settings, port=free_port())
    with (
        socket.create_server(("127.0.0.1", 0), backlog=EACH) as silent,
        _web_process(settings, f"http://127.0.0.1:{silent.getsockname()[1]}", house),
    ):
        package = f"/api/v1/releases/{release.urn}-R{release.number}/package"
        yield Crowded(settings.port, house.tokens[Role.OPERATOR], package)


@contextmanager
def _web_process(settings: Settings, issuer: str, house: House) -> Iterator[None]:
    signing_in = SignIn(issuer=issuer, client="custos", secret="a secret of the tests")
    given = replace(settings, sign_in=signing_in)
    doors, log = Doors(), Path(settings.data) / "web-of-a-test.log"
    doors.open_web(given)
    for number in doors.of("web"):
        with socket.socket(fileno=os.dup(number)) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    with log.open("wb") as said:
        process = subprocess.Popen(
            command("web", given, doors.of("web")),
            env=environment(os.environ),
            pass_fds=doors.of("web"),
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
        )
    doors.close()
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(hand_over("web", given, house.services.addresses))

    def serves() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")
        with closing(HTTPConnection("127.0.0.1", settings.port, timeout=1)) as client:
            try:
                client.request("GET", "/healthz")
                return client.getresponse().status == HTTPStatus.OK
            except OSError:
                return False

    try:
        poll(serves)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
