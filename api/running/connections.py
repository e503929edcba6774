"""Edge. One connection to the web server: what it may hold, and how long its other end may wait.

uvicorn waits for ever for the head of a request and for a client that does not read, and keeps
whatever headers it is sent. Here a connection has a bounded head, deadlines, and no place that a
newcomer needs more. How long a body may take is `api.bounds.guard`'s matter, which can answer.
"""

import asyncio
import resource
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

_MOST_DESCRIPTORS = 8192
_OTHER_DESCRIPTORS = 400
"""For what is no connection of a client: engines, files, downloads on their way from the store."""
_TOO_LARGE = b"the head of this request is too large"
_LATE = b"this request took too long to come"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may take. Times in seconds, sizes in bytes."""

    head_s: float = 10.0
    """From the connection, or the answer before, to the end of the next request's head."""
    unread_s: float = 60.0
    """A client that takes less than ``least_read`` of an answer in so long is gone."""
    least_read: int = 4096
    head_bytes: int = 32 << 10
    headers: int = 100
    pipelined: int = 16
    """Requests that may wait behind the one that is being answered."""
    connections: int = 2000
    """Of the process. Beyond them the one that waits longest for a request gives way."""


class Connection(HttpToolsProtocol):
    """A connection that ends when its client keeps it for nothing."""

    bounds: ClassVar[Bounds] = Bounds()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head; make room if this is one connection too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._fed = self._said = 0
        self._reads_since, self._unread = self._since, 0
        self._in_head, self._refused = True, b""
        if len(self.connections) > room_for(self.bounds):
            _gives_way(self.connections, self).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes; refuse what is neither a body nor the end of a head and goes on and on."""
        self._fed += len(data)
        super().data_received(data)
        if self._fed > self.bounds.head_bytes and not self.transport.is_closing():
            self._refuse(413 if not self._in_head else 431, _TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin the head of a request."""
        self._in_head, self._said = True, 0
        self._fed = max(self._fed, 1)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. What comes behind a body is counted, and no header of the request."""
        self._count(len(name) + len(value))
        if self._in_head:
            super().on_header(name, value)
            if len(self.headers) > self.bounds.headers:
                self._overdo()

    def on_headers_complete(self) -> None:
        """Begin to answer, or to wait until those before are answered."""
        self._in_head, self._fed, self._said = False, 0, 0
        if len(self.pipeline) >= self.bounds.pipelined:
            self.transport.abort()
            raise ConnectionAbortedError
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._fed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next head."""
        self._in_head, self._fed = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Give the next head its time."""
        self._since = self.loop.time()
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Note that the client took most of what waited for it."""
        self._reads_since = self.loop.time()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that nobody can read, and end."""
        if self._refused:
            self._refuse(431, self._refused)
        elif not self.transport.is_closing():
            super().send_400_response(msg)

    @property
    def waits(self) -> bool:
        """Whether no request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return (cycle is None or cycle.response_complete) and not self.pipeline

    @property
    def since(self) -> float:
        """Since when it waits, if it does, on the clock of the loop."""
        return self._since

    def look(self, now: float) -> None:
        """End the connection if its client is too late. For once a second or so."""
        if self._is_unread(now):
            self.transport.abort()
        elif self.waits and now - self._since > self.bounds.head_s:
            if self._fed and not self.transport.is_closing():
                self._refuse(408, _LATE)
            else:
                self.transport.close()

    def _is_unread(self, now: float) -> bool:
        """Tell whether the client has stopped to take what is sent to it."""
        left = self.transport.get_write_buffer_size()
        if left == 0 or self._unread == 0 or left <= self._unread - self.bounds.least_read:
            self._reads_since, self._unread = now, left
        # What was added meanwhile must not make up for what was taken.
        self._unread = max(self._unread, left)
        return now - self._reads_since > self.bounds.unread_s

    def _count(self, size: int) -> None:
        self._said += size
        if self._said > self.bounds.head_bytes:
            self._overdo()

    def _overdo(self) -> None:
        """End the parsing: the parser turns what is raised here into an error of its own."""
        self._refused = _TOO_LARGE
        raise ValueError(_TOO_LARGE.decode())

    def _refuse(self, status: int, words: bytes) -> None:
        """Answer without asking the application, unless an answer is under way, and end."""
        if self.waits:
            head = b"content-type: text/plain\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(words) + words)
            self.transport.close()
        else:
            self.transport.abort()


def _gives_way(connections: Iterable[object], newcomer: Connection) -> Connection:
    """Return which connection ends: the one that waits longest for a request, or the newcomer."""
    waiting = [
        one
        for one in connections
        if isinstance(one, Connection) and one is not newcomer and one.waits
    ]
    return min(waiting, key=lambda one: one.since, default=newcomer)


def take_descriptors() -> None:
    """Take as many file descriptors as this process may have and need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def room_for(bounds: Bounds) -> int:
    """Return how many connections this process has descriptors for, at most what is wanted."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return bounds.connections
    return max(1, min(bounds.connections, soft - _OTHER_DESCRIPTORS))
