"""A clamd that is none: it speaks the protocol of the real one, on a socket of its own."""

import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

MALWARE = b"X5O!P%@AP, no virus at all, but what this scanner calls one"
NAME = "Test.Signature-1"


@dataclass
class Clamd:
    """Answers as clamd does, or fails as ``how`` says; keeps what it was sent."""

    path: Path
    how: str = ""
    most: int = 1 << 30
    """StreamMaxLength of clamd.conf."""
    streams: list[bytes] = field(default_factory=list)

    def talk(self, peer: socket.socket, stop: threading.Event) -> None:
        """Take one stream, and answer."""
        if self.how == "is silent":
            stop.wait()
        if self.how in {"hangs up", "is silent"}:
            return
        asked = self._exactly(peer, len(b"zINSTREAM\0"))
        assert asked == b"zINSTREAM\0", "that is no INSTREAM"
        if self._come(peer):
            if self.how == "slow":
                stop.wait()
            else:
                peer.sendall(self._answer())

    def _come(self, peer: socket.socket) -> bool:
        """Take the blocks of a stream; return whether it is still to be answered."""
        came, early = b"", False
        while size := struct.unpack(">I", self._exactly(peer, 4))[0]:
            assert size <= 1 << 20, "a block this large is never sent"
            came += self._exactly(peer, size)
            if len(came) > self.most:
                peer.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return False
            if self.how.startswith("says OK") and not early:
                early = True
                peer.sendall(b"stream: OK\0")
            if self.how in {"dies", "says OK and hangs up"}:
                return False
        self.streams.append(came)
        return not early

    def _answer(self) -> bytes:
        if self.how == "fails":
            return b"stream: Can't allocate memory ERROR\0"
        if self.how == "talks without end":
            return b"stream: OK" * 1000
        found = f"{NAME} FOUND" if MALWARE in self.streams[-1] else "OK"
        return f"stream: {found}\0".encode()

    def _exactly(self, peer: socket.socket, size: int) -> bytes:
        came = b""
        while len(came) < size:
            more = peer.recv(size - len(came))
            if not more:
                raise ConnectionError
            came += more
        return came


@contextmanager
def clamd(how: str = "", *, most: int = 1 << 30) -> Iterator[Clamd]:
    """Run a scanner for the length of the block."""
    stop = threading.Event()
    with (
        tempfile.TemporaryDirectory(prefix="clamd") as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        scanner = Clamd(Path(folder) / "clamd.sock", how, most)
        listener.bind(str(scanner.path))
        listener.listen(8)

        def serve() -> None:
            while True:
                peer, _ = listener.accept()
                with peer:
                    if stop.is_set():
                        return
                    with suppress(ConnectionError):
                        scanner.talk(peer, stop)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield scanner
        finally:
            stop.set()
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(scanner.path))
            thread.join()
