"""A connection that is lost when a test says so: a proxy between Chromium and the service."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

from tests.polling import PATIENCE_S

_MOST = 16_384


@dataclass
class Cut:
    """After how many bytes of which request's answer (or body) the connection is lost."""

    request: bytes
    """What the request begins with, such as ``GET /collect/download/``."""
    after: int
    upwards: bool = False
    """Counts what the browser sends, not what it is sent."""
    times: int = 1
    made: int = 0
    waits_for: threading.Event | None = None
    """The service sees the loss at once, the browser only when this is set."""
    reached: threading.Event = field(default_factory=threading.Event)


class Proxy(socketserver.ThreadingTCPServer):
    """Passes bytes on in both directions until a cut is due."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        self.target = ("127.0.0.1", port)
        self.cut: Cut | None = None
        self.requests: list[str] = []
        """Method and path of all requests that came through."""
        self.answers: list[tuple[str, int]] = []
        """Each of them again with the status of its answer."""
        super().__init__(("127.0.0.1", 0), _Passing)

    @property
    def origin(self) -> str:
        """Where browsers reach the service through this."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @classmethod
    @contextmanager
    def to(cls, port: int) -> Iterator[Self]:
        """Run one for the length of the block."""
        with cls(port) as proxy:
            thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield proxy
            finally:
                proxy.shutdown()
                thread.join()


class _Passing(socketserver.BaseRequestHandler):
    """One connection: two threads, one for each direction."""

    server: Proxy
    request: socket.socket

    def handle(self) -> None:
        self.asked = ""
        self.left: int | None = None
        self.due: Cut | None = None
        with socket.create_connection(self.server.target) as service:
            back = threading.Thread(target=self._pass, args=(service, self.request, False))
            back.start()
            self._pass(self.request, service, True)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket, upwards: bool) -> None:
        try:
            while data := source.recv(_MOST):
                if upwards:
                    self._read(data)
                elif data.startswith(b"HTTP/1.1 "):
                    self.server.answers.append((self.asked, int(data[9:12])))
                if self.due is not None and self.due.upwards == upwards:
                    assert self.left is not None
                    data, self.left = data[: self.left], self.left - len(data)
                target.sendall(data)
                if self.left is not None and self.left <= 0 and self.due is not None:
                    self.due.made += 1
                    self.due.reached.set()
                    break
        except OSError:
            pass  # the other direction has ended it
        # An orderly end in the middle of a body: what each side sees when the other goes away.
        service, browser = (target, source) if upwards else (source, target)
        with suppress(OSError):
            service.shutdown(socket.SHUT_RDWR)
        if self.due is not None and self.due.waits_for is not None:
            self.due.waits_for.wait(PATIENCE_S)
        with suppress(OSError):
            browser.shutdown(socket.SHUT_RDWR)

    def _read(self, data: bytes) -> None:
        """Look for a request's first line; browsers begin each request with a packet of its own."""
        line = data.partition(b"\r\n")[0]
        if not line.endswith(b" HTTP/1.1"):
            return
        self.server.requests.append(line.decode("ascii", "replace").removesuffix(" HTTP/1.1"))
        self.asked = self.server.requests[-1]
        cut = self.server.cut
        due = cut is not None and line.startswith(cut.request) and cut.made < cut.times
        self.due, self.left = (cut, cut.after) if due and cut is not None else (None, None)
