"""Servers of tests on this machine: what stands in for somebody's service speaks through these."""

import secrets
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from storage.embedded.settings import is_free


@dataclass(frozen=True)
class Asked:
    """One request, whole; ``path`` with its query."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is answered to it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def web_server(
    reply: Callable[[Asked], Answer | None], *, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve HTTP until the end of the block; yield the origin. None hangs up without an answer.

    ``tls``: by TLS, and still under the name of plain HTTP.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = reply(Asked(self.command, self.path, self.headers, body))
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            headers = {**answer.headers, "Content-Length": str(len(answer.body))}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815 - the name that the library looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        # By default it looks only twice a second whether it should end.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def free_port() -> int:
    """Return a port that nobody has, and that no outgoing connection will take either."""
    while True:
        port = 20_400 + secrets.randbelow(12_000)
        if is_free(port):
            return port
