"""A wire between client and store that can be cut, lose answers, and change bytes.

The client speaks plainly with it, so that it can; the store is spoken with over TLS.
"""

import select
import socket
import ssl
import threading
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlsplit

from storage.embedded.addresses import S3Access
from tests.polling import PATIENCE_S


class Secured:
    """A connection by TLS that one thread reads while another one writes, as plain ones allow."""

    def __init__(self, context: ssl.SSLContext, target: tuple[str, int]) -> None:
        plain = socket.create_connection(target)
        self._end = context.wrap_socket(plain, server_hostname=target[0])
        self._end.setblocking(False)
        self._turn = threading.Lock()

    def recv(self, most: int) -> bytes:
        while True:
            with self._turn:
                try:
                    return self._end.recv(most)
                except ssl.SSLWantReadError:
                    pass
            select.select([self._end], [], [])

    def sendall(self, data: bytes) -> None:
        while data:
            with self._turn:
                try:
                    data = data[self._end.send(data) :]
                    continue
                except ssl.SSLWantWriteError:
                    pass
            select.select([], [self._end], [])

    def shutdown(self, how: int) -> None:
        with self._turn:
            self._end.shutdown(how)

    def close(self) -> None:
        self._end.close()


End: TypeAlias = socket.socket | Secured


class Wire:
    """Passes TCP connections on to an endpoint, badly as told.

    Each fault happens once, then the wire is sound again; ``cut`` lasts until ``mend``.
    """

    def __init__(self, access: S3Access) -> None:
        parts = urlsplit(access.endpoint)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._tls = ssl.create_default_context(cafile=access.authority)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, Secured]] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._is_cut = False
        self.breaks: list[int] = []
        """Each new connection takes one, and closes after so many bytes of answers."""
        self.lose_answer_to: bytes | None = None
        """Close the connection when the answer to a request with these bytes comes."""
        self.flip_in: bytes | None = None
        """Change the last byte of these wherever the client sends them."""
        self.lost = 0
        port = self._listener.getsockname()[1]
        self.access = S3Access(
            f"http://127.0.0.1:{port}", access.region, access.access_key, access.secret_key
        )

    def cut(self) -> None:
        """Let nothing through any more."""
        self._is_cut = True
        self.hang_up()

    def hang_up(self) -> None:
        """End the connections there are; the next ones get through."""
        with self._lock:
            for pair in self._pairs:
                _shut(*pair)

    def refuse(self) -> None:
        """Let no new connection through."""
        self._is_cut = True

    def mend(self) -> None:
        self._is_cut = False

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        for pair in self._pairs:
            for end in pair:
                end.close()

    def _start(self, work: object, *arguments: object) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    client.close()
                    continue
                store = Secured(self._tls, self._target)
                self._pairs.append((client, store))
            doomed, room = threading.Event(), self.breaks.pop(0) if self.breaks else None
            self._start(self._pass_up, client, store, doomed)
            self._start(self._pass_down, store, client, doomed, room)

    def _pass_up(self, client: socket.socket, store: Secured, doomed: threading.Event) -> None:
        while data := _receive(client):
            if self.lose_answer_to is not None and self.lose_answer_to in data:
                self.lose_answer_to = None
                doomed.set()
            passed = data
            if self.flip_in is not None and self.flip_in in data:
                passed = data.replace(self.flip_in, self.flip_in[:-1] + b"\x00")
                self.flip_in = None
            if not _send(store, passed):
                break
        _shut(client, store)

    def _pass_down(
        self,
        store: Secured,
        client: socket.socket,
        doomed: threading.Event,
        room: int | None,
    ) -> None:
        while data := _receive(store):
            if doomed.is_set():
                self.lost += 1
                break
            passed = data if room is None else data[:room]
            if not _send(client, passed):
                break
            if room is not None:
                room -= len(passed)
                if room == 0:
                    self.lost += 1
                    break
        _shut(client, store)


def _receive(end: End) -> bytes:
    try:
        return end.recv(65536)
    except OSError:
        return b""


def _send(end: End, data: bytes) -> bool:
    try:
        end.sendall(data)
    except OSError:
        return False
    return True


def _shut(*ends: End) -> None:
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
