"""Whoever takes the store's port after a kill is sent nothing of a clip, and is not believed."""

import os
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Self

import pytest

from storage.embedded.addresses import VAULT_BUCKET
from storage.embedded.engines import Engines
from storage.embedded.weed.certificates import issue_node_certificate
from storage.errors import EngineError, UnavailableError
from tests.engines import own_engines
from tests.polling import poll
from tests.storage.objects.stores import HASTY, store
from tests.storage.objects.stores import key as object_key

CLIP = b"what the camera saw, and nobody else may see" * 1000
ANSWERS = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amz-version-id: 1\r\nETag: "x"\r\n'
    b"x-amz-object-lock-mode: COMPLIANCE\r\n"
    b"x-amz-object-lock-retain-until-date: 2999-01-01T00:00:00Z\r\n\r\n"
)


class Impostor:
    """Listens where the store did, says yes to everything, and keeps what it is sent in clear."""

    def __init__(self, port: int, context: ssl.SSLContext | None) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._context = context
        self._ends: list[socket.socket] = []
        self.callers = 0
        self.heard = b""
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            self.callers += 1
            end.settimeout(5)
            try:
                if self._context is not None:
                    end = self._context.wrap_socket(end, server_side=True)
                self.heard += end.recv(1 << 20)
                end.sendall(ANSWERS)
            except OSError:
                pass
            finally:
                end.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture(scope="module")
def mortal() -> Iterator[Engines]:
    with own_engines() as engines:
        yield engines


def forged(folder: Path) -> ssl.SSLContext:
    """Make a certificate of the very form of ours, as anybody can."""
    node = issue_node_certificate(datetime.now(UTC))
    (folder / "forged.pem").write_bytes(node.certificate + node.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "forged.pem")
    return context


@contextmanager
def in_its_place(engines: Engines, part: str, context: ssl.SSLContext | None) -> Iterator[Impostor]:
    """Kill the store, and take one of its ports before it comes back."""
    assert engines._weed.child.pid is not None
    os.kill(engines._weed.child.pid, signal.SIGKILL)
    poll(lambda: engines._weed.child.pid is None)
    with Impostor(engines._weed._settings.ports[part], context) as impostor:
        yield impostor


@pytest.mark.parametrize("speaks_tls", [False, True])
def test_who_takes_the_port_after_a_kill_gets_nothing_in_clear(
    mortal: Engines, tmp_path: Path, speaks_tls: bool
) -> None:
    vault = store(mortal.addresses.intake, VAULT_BUCKET, patience=HASTY)
    context = forged(tmp_path) if speaks_tls else None
    with in_its_place(mortal, "s3", context) as impostor:
        with pytest.raises(UnavailableError):
            vault.put_stream("clip/stolen", BytesIO(CLIP), size=len(CLIP))
        with pytest.raises(UnavailableError):
            vault.check()
        # The supervisor says that somebody is there, and starts nothing beside them.
        assert mortal._weed.health() != "ok"
        with pytest.raises(EngineError, match="is taken by another program"):
            mortal._mend_objects()
        assert impostor.callers
    # What came was the beginning of a handshake, in clear: no request, no name of an object.
    for word in (b"PUT", b"HTTP/1.1", b"clip/", CLIP[:16], VAULT_BUCKET.encode()):
        assert word not in impostor.heard
    mortal._mend_objects()
    assert vault.put_stream(object_key(), BytesIO(CLIP), size=len(CLIP)).size == len(CLIP)
    vault.close()


@pytest.mark.parametrize("part", ["volume", "filer", "master", "admin", "s3_grpc", "filer_grpc"])
def test_who_comes_between_our_look_at_the_ports_and_the_start_hears_nothing(
    mortal: Engines, part: str
) -> None:
    """The store ends, or does without the port; nobody is told anything who has no certificate."""
    with in_its_place(mortal, part, None) as impostor:
        with pytest.raises(EngineError, match="is taken by another program"):
            mortal._weed.check_ports()
        mortal._weed.start()  # as if the port had been free a moment ago
        with suppress(EngineError):
            mortal._weed.wait(within=3)
            vault = store(mortal.addresses.intake, VAULT_BUCKET, patience=HASTY)
            vault.put_stream(object_key(), BytesIO(CLIP), size=len(CLIP))
            vault.close()
        mortal._weed.child.stop(signal.SIGKILL, within=10)
    for word in (b"PUT", b"POST", b"GET", b"HTTP/", VAULT_BUCKET.encode(), CLIP[:16]):
        assert word not in impostor.heard
    mortal._mend_objects()
    assert mortal._weed.health() == "ok"


def test_a_client_that_outlives_a_start_knows_the_next_certificate(tmp_path: Path) -> None:
    """A long command, say: the store has another certificate then, in the same place."""
    data = tmp_path / "data"
    with Engines.start(data) as engines:
        vault = store(engines.addresses.intake, VAULT_BUCKET, patience=HASTY)
        vault.check()
        first = Path(engines.addresses.intake.authority).read_bytes()
        vault.close()  # its connections: the store would wait for their end
    with Engines.start(data) as engines:
        assert Path(engines.addresses.intake.authority).read_bytes() != first
        vault.check()
        vault.close()
