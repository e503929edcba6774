"""A sender that is slow, silent, or brings too much holds nothing that anybody else waits for."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from api.app import create_app
from api.bounds import lanes
from api.bounds.bodies import Bounds
from api.bounds.guard import Guard
from api.bounds.lanes import Lane
from evidence.people.access import Role
from tests.api.asking import Web
from tests.houses import House

HASTY = Bounds(silent_s=0.2, held_s=0.6, least=10, held=1000, all_held=1500)
Steps = Sequence[Message | float]


async def counts(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer how long the body of a request is, or what is wrong with it."""
    request = Request(scope, receive)
    try:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
        answer = PlainTextResponse(str(size))
    except HTTPException as error:
        answer = PlainTextResponse(str(error.detail), error.status_code, error.headers)
    await answer(scope, receive, send)


def guarded(app: Any = counts, **more: Any) -> Guard:  # noqa: ANN401 - any ASGI application
    return Guard(app, streamed=("/up",), **{"bounds": HASTY, **more})


def piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def feed(messages: Steps) -> Receive:
    """Send messages; a number is a pause in seconds; in the end say nothing for ever."""
    source = iter(messages)

    async def receive() -> Message:
        for message in source:
            if not isinstance(message, float):
                return message
            await anyio.sleep(message)
        await anyio.sleep_forever()
        raise AssertionError

    return receive


async def call(
    app: Any,  # noqa: ANN401 - any ASGI application
    path: str,
    receive: Receive,
    headers: dict[str, str] | None = None,
    method: str = "POST",
) -> list[Message]:
    """Ask an application as a server does; return what it sends."""
    sent: list[Message] = []
    said = {"transfer-encoding": "chunked"} if headers is None else headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
    }

    async def send(message: Message) -> None:
        sent.append(message)

    with anyio.fail_after(60):
        await app(scope, receive, send)
    return sent


def asked(app: Any, path: str, messages: Steps, **more: Any) -> tuple[int, str]:  # noqa: ANN401
    sent = anyio.run(partial(call, app, path, feed(messages), **more))
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:]).decode()


PATHS = pytest.mark.parametrize("path", ["/", "/up"])


@PATHS
def test_a_body_that_comes_in_time_is_given_whole(path: str) -> None:
    pieces: Steps = [piece(b"12345"), piece(b""), 0.1, piece(b"678901"), piece(b"2", more=False)]
    assert asked(guarded(), path, pieces) == (200, "12")


@PATHS
def test_a_sender_that_falls_silent_is_told_so(path: str) -> None:
    status, words = asked(guarded(), path, [piece(b"half of it")])
    assert status == 408
    assert "send it again" in words


@PATHS
def test_a_trickle_is_silence(path: str) -> None:
    trickle: Steps = [0.05, piece(b"x")] * 500
    assert asked(guarded(), path, trickle)[0] == 408


def test_a_body_that_is_held_has_a_deadline_for_all_of_it() -> None:
    steady: Steps = [0.05, piece(b"0123456789")] * 90
    assert asked(guarded(), "/", steady)[0] == 408
    assert asked(guarded(), "/up", [*steady[:60], piece(b"", more=False)]) == (200, "300")


def test_waiting_for_a_slow_reader_is_no_silence() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def later() -> Message:
            await anyio.sleep(0.15)
            return await receive()

        await counts(scope, later, send)

    pieces: list[Message | float] = [piece(b"x")] * 5
    assert asked(guarded(slow), "/up", [*pieces, piece(b"", more=False)]) == (200, "5")


@pytest.mark.parametrize("told", ["1001", "9" * 19, "9" * 5000])
def test_a_body_too_large_to_be_held_is_refused_before_it_comes(told: str) -> None:
    assert asked(guarded(), "/", [], headers={"content-length": told})[0] in {408, 413}
    if len(told) < 20:
        assert asked(guarded(), "/", [], headers={"content-length": told})[0] == 413
    many: list[Message | float] = [piece(b"x" * 100)] * 11
    assert asked(guarded(), "/", many)[0] == 413
    assert asked(guarded(), "/up", [*many, piece(b"", more=False)]) == (200, "1100")


def test_the_end_of_the_body_ends_the_deadline() -> None:
    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        with anyio.move_on_after(0.5):
            await receive()
        await PlainTextResponse("waited")(scope, receive, send)

    for path in ("/", "/up"):
        assert asked(guarded(waits), path, [piece(b"", more=False)]) == (200, "waited")


def test_whoever_leaves_asks_nobody_anything() -> None:
    reached: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(scope["path"])

    left: list[Message | float] = [piece(b"x"), {"type": "http.disconnect"}]
    assert anyio.run(partial(call, guarded(app), "/", feed(left))) == []
    assert reached == []


def test_bodies_are_held_within_one_limit_and_let_go() -> None:
    guard = guarded(bounds=Bounds(silent_s=30, held=1000, all_held=1500))

    async def work() -> None:
        results: list[int] = []
        go = anyio.Event()

        async def holds() -> Message:
            if not begun.is_set():
                begun.set()
                return piece(b"x" * 1000)
            await go.wait()
            return piece(b"", more=False)

        async def first() -> None:
            results.append((await call(guard, "/", holds))[0]["status"])

        begun = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await begun.wait()
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            busy = await call(guard, "/", feed([piece(b"x" * 501, more=False)]))
            assert busy[0]["status"] == 503
            assert (b"retry-after", b"5") in busy[0]["headers"]
            small = await call(guard, "/", feed([piece(b"x" * 499, more=False)]))
            assert small[0]["status"] == 200
            go.set()
        assert results == [200]
        assert (await call(guard, "/", feed([piece(b"x" * 1000, more=False)])))[0]["status"] == 200

    anyio.run(work)


async def _sleeps(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] != "/healthz":
        await anyio.sleep_forever()
    await PlainTextResponse("well")(scope, receive, send)


def test_beyond_the_limit_everybody_is_told_so_but_whoever_asks_for_health() -> None:
    guard = guarded(_sleeps, most=3)
    idle: Receive = feed([])

    async def work() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(call, guard, "/", idle, {}, "GET")
            await anyio.sleep(0.01)
            busy = await call(guard, "/", idle, {}, "GET")
            assert busy[0]["status"] == 503
            assert (b"retry-after", b"5") in busy[0]["headers"]
            assert (await call(guard, "/healthz", idle, {}, "GET"))[0]["status"] == 200
            group.cancel_scope.cancel()
        assert guard._left == 3

    anyio.run(work)


@PATHS
def test_a_process_that_ends_says_so_to_whom_it_has_not_answered(path: str) -> None:
    sent: list[Message] = []

    async def work() -> None:
        scope: Scope = {"type": "http", "method": "POST", "path": path, "headers": []}

        async def send(message: Message) -> None:
            sent.append(message)

        async with anyio.create_task_group() as group:
            group.start_soon(guarded(_sleeps), scope, feed([]), send)
            await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    anyio.run(work)
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"5") in sent[0]["headers"]


@contextmanager
def full(lane: Lane) -> Iterator[None]:
    """Take every place of a lane."""
    taken = lane.left
    for _ in range(taken):
        lane.enter()
    try:
        yield
    finally:
        for _ in range(taken):
            lane.leave()


def test_uploads_beyond_the_limit_are_told_so_and_pages_go_on(web: Web) -> None:
    places = lanes.UPLOADS.left
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": "filename YQ=="}
    begun = web.ask("POST", "/resumable", Role.OPERATOR, headers=tus)
    pieces = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    with full(lanes.UPLOADS):
        for answer in (
            web.ask("POST", "/uploads", Role.OPERATOR, content=b"x"),
            web.ask(
                "PATCH", begun.headers["location"], Role.OPERATOR, content=b"x", headers=pieces
            ),
        ):
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
        assert web.ask("GET", "/exhibits", Role.OPERATOR).status_code == 200
    assert web.ask("POST", "/uploads", Role.OPERATOR, content=b"x").status_code == 201
    assert lanes.UPLOADS.left == places


def test_a_slow_upload_holds_no_thread_and_a_silent_one_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More slow senders than there are threads, in one process; then a page."""
    monkeypatch.setattr("api.bounds.guard.Bounds", partial(Bounds, silent_s=2.0))
    app = create_app(house.services)
    operator = {"authorization": f"Bearer {house.tokens[Role.OPERATOR]}"}
    ended: list[int] = []
    before = threading.active_count()

    async def slow(half: bytes) -> None:
        more: Steps = [0.5, piece(b"x" * 2000)] * 3
        receive = feed([piece(half), *more])
        sent = await call(app, "/api/v1/uploads", receive, {**operator, "content-length": "9999"})
        ended.append(sent[0]["status"])

    async def work() -> None:
        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(slow, b"clip %d" % number)
            await anyio.sleep(0.5)
            page = await call(app, "/api/v1/exhibits", feed([]), operator, "GET")
            assert page[0]["status"] == 200
            assert threading.active_count() - before < 50
            assert ended == []

    with suppress(BaseExceptionGroup):
        anyio.run(work)
    assert ended == [408] * 60
    assert lanes.UPLOADS.left == 100


def test_what_a_silent_sender_brought_to_a_resumable_upload_is_kept(
    house: House, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.bounds.guard.Bounds", partial(Bounds, silent_s=0.3))
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "99", "Upload-Metadata": "filename YQ=="}
    begun = web.ask("POST", "/resumable", Role.OPERATOR, headers=tus).headers["location"]
    headers = {
        "authorization": f"Bearer {house.tokens[Role.OPERATOR]}",
        "tus-resumable": "1.0.0",
        "upload-offset": "0",
        "content-type": "application/offset+octet-stream",
        "content-length": "99",
    }
    app, places = create_app(house.services), lanes.UPLOADS.left
    sent = anyio.run(partial(call, app, begun, feed([piece(b"half of it")]), headers, "PATCH"))
    assert sent[0]["status"] == 204
    assert (b"upload-offset", b"10") in sent[0]["headers"]
    told = web.ask("HEAD", begun, Role.OPERATOR, headers={"Tus-Resumable": "1.0.0"})
    assert told.headers["upload-offset"] == "10"
    assert lanes.UPLOADS.left == places
