"""A web server in this process, on a port of its own, and the wire to speak to it by hand."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp

from api.running import serving
from api.running.connections import Bounds, Connection
from tests.polling import PATIENCE_S, poll

BUFFER = 1 << 16
"""Of each end of a wire: the system would give it megabytes, which somebody has to fill first."""


@contextmanager
def served(app: ASGIApp, bounds: Bounds | None = None, *, ends_in: int = 5) -> Iterator[int]:
    """Serve an application as the web process does; yield the port. Its clock ticks fast.

    In the end what is under way has so many seconds.
    """

    class Bounded(Connection):
        """Has the bounds of this test."""

    Bounded.bounds = bounds or Connection.bounds
    config = uvicorn.Config(
        app, port=0, http=Bounded, ws="none", log_config=None, timeout_graceful_shutdown=ends_in
    )
    server = serving.Server(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "_TICK_S", 0.02)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            poll(lambda: server.started or not thread.is_alive())
            [listening] = server.servers[0].sockets
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


@contextmanager
def wire(port: int, said: bytes = b"") -> Iterator[socket.socket]:
    """Connect, and say something."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        connection.settimeout(PATIENCE_S)
        connection.connect(("127.0.0.1", port))
        connection.sendall(said)
        yield connection


def heard(connection: socket.socket) -> bytes:
    """Return all that comes until the other end hangs up; a reset is an end, too."""
    said = b""
    try:
        while more := connection.recv(1 << 16):
            said += more
    except ConnectionResetError:
        pass
    return said
