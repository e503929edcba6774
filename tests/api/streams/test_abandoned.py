"""Whoever leaves, stops to read, or comes in a crowd, on a real wire: nothing of theirs stays."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.bounds import lanes
from storage.objects.store import ObjectStream
from tests.api.served import heard, served, wire
from tests.api.streams.ways import Way, Ways
from tests.houses import NEW, House
from tests.polling import poll

LARGE = 4 << 20
"""More than the buffers of a wire between a server and a client that reads nothing."""


@pytest.fixture(scope="module")
def ways(house: House) -> Ways:
    """Return the ways to a large package."""
    content = random.Random(3).randbytes(LARGE)  # noqa: S311 - noise
    exhibit = house.exhibit(content, replace(NEW, reference="BIG"))
    house.looked_at(exhibit.id)
    house.accept(exhibit)
    return Ways.of(house, exhibit)


@pytest.fixture
def opened(house: House, monkeypatch: pytest.MonkeyPatch) -> list[ObjectStream]:
    """Return every stream that is opened of the store."""
    streams: list[ObjectStream] = []
    real = house.services.vault.open

    def noting(*what: Any, **part: Any) -> ObjectStream:  # noqa: ANN401 - as `open`
        streams.append(real(*what, **part))
        return streams[-1]

    monkeypatch.setattr(house.services.vault, "open", noting)
    return streams


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one download begin as often as these tests ask: its limit is that of test_links."""
    monkeypatch.setattr("export.delivery.collections.MOST_BEGUN", 10_000)


@pytest.fixture(autouse=True)
def places() -> Iterator[None]:
    """See that every place is given back."""
    before = lanes.DOWNLOADS.left
    yield
    poll(lambda: lanes.DOWNLOADS.left == before)


def request(way: Way) -> bytes:
    """Return what a client says to ask for it."""
    headers = {"host": "a", "content-length": str(len(way.body)), **way.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{way.method} {way.path} HTTP/1.1\r\n{head}\r\n".encode() + way.body


def to_the_store(house: House) -> int:
    """Count this process's connections to the store."""
    port = int(house.services.addresses.intake.endpoint.rpartition(":")[2])
    there = psutil.Process().net_connections("tcp")
    return sum(bool(one.raddr) and one.raddr.port == port for one in there)


@contextmanager
def crowd(port: int, said: bytes, size: int) -> Iterator[list[socket.socket]]:
    """Connect many who all ask, and read nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(wire(port, said)) for _ in range(size)]


def test_a_hundred_who_leave_give_every_connection_to_the_store_back(
    house: House, ways: Ways, opened: list[ObjectStream]
) -> None:
    """All of them at once, a third on each way."""
    there = [ways.to(name) for name in ("staff", "api", "recipient")]
    each = 34
    opened.clear()
    before = to_the_store(house)
    with ExitStack() as ports:
        with ExitStack() as crowds:
            clients = [
                client
                for way in there
                for client in crowds.enter_context(
                    crowd(ports.enter_context(served(way.app)), request(way), each)
                )
            ]
            assert all(client.recv(12) == b"HTTP/1.1 200" for client in clients)
            assert to_the_store(house) > before + 50
        poll(lambda: all(stream._body is None for stream in opened))
        poll(lambda: to_the_store(house) <= before + 2)
    assert len(opened) == len(there) * each


@pytest.mark.parametrize(("name", "end"), [("staff", "signed out"), ("api", "token revoked")])
def test_what_is_taken_away_ends_even_while_the_client_reads_nothing(
    ways: Ways, name: str, end: str, opened: list[ObjectStream]
) -> None:
    way = ways.to(name)
    opened.clear()
    with served(way.app) as port, wire(port, request(way)) as client:
        assert client.recv(12) == b"HTTP/1.1 200"
        way.ends[end]()
        way.clock.on()
        poll(lambda: opened and opened[0]._body is None)
        assert len(heard(client)) < way.size


def test_beyond_the_limit_a_download_is_told_to_come_back(ways: Ways) -> None:
    page, call = ways.to("recipient"), ways.to("api")
    left = lanes.DOWNLOADS.left
    for _ in range(left):
        lanes.DOWNLOADS.enter()
    try:
        for way in (page, call):
            got = way.ask()
            assert got.status == 503
            assert int(got.headers["retry-after"]) > 0
        assert "Too many files are on their way out" in page.ask().content.decode()
    finally:
        for _ in range(left):
            lanes.DOWNLOADS.leave()
    assert page.ask().status == 200


def test_a_store_that_hangs_holds_no_page_up(
    house: House, ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More who wait for it than routes have threads."""
    way = ways.to("api")
    go, waiting = threading.Event(), threading.Semaphore(0)
    real = house.services.vault.open

    def hangs(*what: Any, **part: Any) -> ObjectStream:  # noqa: ANN401 - as `open`
        waiting.release()
        go.wait()
        return real(*what, **part)

    monkeypatch.setattr(house.services.vault, "open", hangs)
    with served(way.app) as port, crowd(port, request(way), 60) as clients:
        for _ in range(16):
            assert waiting.acquire(timeout=60)
        try:
            for path in (b"/healthz", b"/", b"/console/releases"):
                asks = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path
                with wire(port, asks) as client:
                    assert heard(client)[:10] in {b"HTTP/1.1 2", b"HTTP/1.1 3"}
        finally:
            go.set()
        assert all(client.recv(12) == b"HTTP/1.1 200" for client in clients)


def test_nothing_leaves_by_another_stream() -> None:
    """What a stream promises, it promises on every way out: pages' own files apart."""
    found = {
        (name, path.name)
        for path in (Path(__file__).parents[3] / "api").rglob("*.py")
        for name in ("StreamingResponse", "FileResponse", "EventSourceResponse")
        if name in path.read_text(encoding="utf-8")
    }
    assert found == {("StreamingResponse", "transfers.py"), ("FileResponse", "assets.py")}
