"""A client that keeps a connection for nothing loses it, and others go on."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import anyio
import anyio.to_thread
import pytest
from starlette.types import Receive, Scope, Send

from api.bounds.guard import Guard
from api.running.connections import Bounds
from tests.api.served import heard, served, wire
from tests.polling import poll

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HASTY = Bounds(head_s=0.3, unread_s=0.3, connections=20)
LARGE = 64 << 20


class Seen:
    """What the application was asked, and what it had to hold."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[int] = []
        self.left = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.paths.append(scope["path"])
        if scope["path"] == "/body":
            while (await receive()).get("more_body"):
                pass
        self.headers.append(len(scope["headers"]))
        size = LARGE if scope["path"] == "/large" else 2
        headers = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"] == "/large":
            for _ in range(LARGE >> 20):
                await send(
                    {"type": "http.response.body", "body": bytes(1 << 20), "more_body": True}
                )
                if await gone(receive):
                    self.left.set()
                    return
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": b"ok"})


async def gone(receive: Receive) -> bool:
    """Tell whether the client has left."""
    with anyio.move_on_after(0.001):
        while True:
            if (await receive())["type"] == "http.disconnect":
                return True
    return False


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def port(seen: Seen) -> Iterator[int]:
    """Serve with hasty bounds."""
    with served(seen, HASTY) as number:
        yield number


def test_what_comes_in_time_is_answered(port: int, seen: Seen) -> None:
    with wire(port, GET) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.sendall(GET[:5])
        connection.sendall(LAST[5:])
        assert heard(connection).endswith(b"\r\n\r\nok")
    assert seen.paths == ["/", "/"]


def test_whoever_says_nothing_is_hung_up_on(port: int) -> None:
    with wire(port) as connection:
        assert heard(connection) == b""


@pytest.mark.parametrize("cut", [1, 5, 16, 20, len(GET) - 1])
def test_half_a_head_is_told_that_it_is_late(port: int, seen: Seen, cut: int) -> None:
    with wire(port, GET[:cut]) as connection:
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert not seen.paths


def test_a_head_that_trickles_is_no_excuse(port: int, seen: Seen) -> None:
    began = time.monotonic()
    with wire(port, b"GET / HTTP/1.1\r\n") as connection:
        connection.settimeout(0.02)
        answer = b""
        while not answer and time.monotonic() - began < 20:
            try:
                connection.sendall(b"a")
                answer = connection.recv(4096)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert not seen.paths


def test_the_second_head_has_a_deadline_too(port: int) -> None:
    with wire(port, GET + GET[:9]) as connection:
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


HUGE = {
    "one name": b"GET / HTTP/1.1\r\n" + b"a" * 400_000,
    "one value": b"GET / HTTP/1.1\r\nA: " + b"a" * 400_000,
    "an address": b"GET /" + b"a" * 400_000,
    "an address, whole": b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a value, whole": b"GET / HTTP/1.1\r\nA: " + b"a" * 40_000 + b"\r\n\r\n",
    "many values": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n",
    "many empty ones": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 9_000 + b"\r\n",
    "lines before the request": b"\r\n" * 200_000,
}


@pytest.mark.parametrize("what", HUGE)
def test_a_head_without_end_is_refused(port: int, seen: Seen, what: str) -> None:
    with wire(port) as connection:
        threading.Thread(target=_send, args=(connection, HUGE[what]), daemon=True).start()
        answer = heard(connection)
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")) or not answer
    assert not seen.paths


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        return


CHUNKED = b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
BEHIND = {
    "a trailer without end": CHUNKED + b"0\r\nA: " + b"a" * 400_000,
    "trailers without end": CHUNKED + b"0\r\n" + b"a: b\r\n" * 60_000,
    "an extension without end": CHUNKED + b"1;" + b"a" * 400_000,
}


@pytest.mark.parametrize("what", BEHIND)
def test_what_follows_a_body_is_bounded_too(port: int, seen: Seen, what: str) -> None:
    with wire(port) as connection:
        threading.Thread(target=_send, args=(connection, BEHIND[what]), daemon=True).start()
        assert b"HTTP/1.1 200" not in heard(connection)
    assert seen.headers in ([], [2])


def test_an_upgrade_is_answered_as_any_request_and_gives_no_way_around(port: int) -> None:
    wants = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with wire(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + wants) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        threading.Thread(target=_send, args=(connection, bytes(400_000)), daemon=True).start()
        assert b"HTTP/1.1 200" not in heard(connection)


def test_trailers_are_no_headers(port: int, seen: Seen) -> None:
    with wire(port, CHUNKED + b"0\r\nAuthorization: Bearer x\r\n\r\n") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert seen.headers == [2]


def test_requests_in_a_row_are_answered_in_turn_and_only_so_many(port: int, seen: Seen) -> None:
    with wire(port, GET * 16 + LAST) as connection:
        assert heard(connection).count(b"HTTP/1.1 200 ") == 17
    seen.paths.clear()
    with wire(port) as connection:
        _send(connection, GET * 5_000)
        heard(connection)
    assert len(seen.paths) < 50


def test_a_body_that_nobody_waits_for_does_not_keep_the_connection(port: int) -> None:
    with wire(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx") as connection:
        assert heard(connection).endswith(b"ok")


def test_a_client_that_does_not_read_is_left(port: int, seen: Seen) -> None:
    with wire(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        assert connection.recv(1000)
        assert seen.left.wait(20)
        assert len(heard(connection)) < LARGE


def test_a_client_that_reads_slowly_gets_all_of_it(port: int, seen: Seen) -> None:
    got = 0
    with wire(port, b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as connection:
        pause = threading.Event()
        while more := connection.recv(1 << 20):
            got += len(more)
            pause.wait(0.01)
    assert got > LARGE
    assert not seen.left.is_set()


def test_newcomers_find_room_among_those_who_say_nothing(seen: Seen) -> None:
    with served(seen, Bounds(connections=20)) as port, ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(wire(port, GET[:3]))
            with wire(port, LAST) as connection:
                assert heard(connection).endswith(b"ok")
    assert len(seen.paths) == 60


def test_whoever_is_being_answered_is_not_driven_out(seen: Seen) -> None:
    with served(seen, Bounds(connections=5)) as port, ExitStack() as stack:
        for _ in range(5):
            large = stack.enter_context(wire(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"))
            assert large.recv(1000)
        poll(lambda: len(seen.paths) == 5)
        with wire(port, LAST) as connection:
            assert heard(connection) == b""
        assert not seen.left.is_set()


def test_odd_bytes_end_in_an_answer_or_an_end(port: int) -> None:
    drawn = random.Random(11)  # noqa: S311 - what is sent, and no secret
    for _ in range(150):
        said = bytearray(GET + CHUNKED + b"0\r\n\r\n" + LAST)
        for _ in range(drawn.randrange(1, 6)):
            said[drawn.randrange(len(said))] = drawn.randrange(256)
        with wire(port, bytes(said)) as connection:
            heard(connection)
    with wire(port, LAST) as connection:
        assert heard(connection).endswith(b"ok")


@pytest.mark.parametrize("said", [GET, CHUNKED])
def test_whoever_has_no_answer_when_the_process_ends_is_told_when_to_come_back(
    said: bytes,
) -> None:
    """It answers while it can; what it cannot finish in its time is no fault of the request."""
    reached, go = threading.Event(), threading.Event()

    def hangs() -> None:
        reached.set()
        go.wait()

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        if scope["type"] == "http":
            # As routes do whose engine is away: in a thread that nobody can stop.
            await anyio.to_thread.run_sync(hangs)

    with ExitStack() as after:
        with served(Guard(app, streamed=("/body",)), ends_in=1) as port:
            connection = after.enter_context(wire(port, said))
            assert reached.wait(60)
        go.set()
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5" in answer
    assert b"starting again" in answer
