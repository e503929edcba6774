"""Edge. One fixed page from a bare uvicorn: what pages of ours are held against."""

import multiprocessing
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from api.times import wait_until
from custody.errors import NotYetError

_HERE = "127.0.0.1"


@contextmanager
def static_page() -> Iterator[str]:
    """Serve one fixed page by a bare uvicorn in a process of its own."""
    with socket.socket() as probe:
        probe.bind((_HERE, 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,))
    process.start()
    url = f"http://{_HERE}:{port}/"
    try:
        wait_until(lambda: _answers(url))
        yield url
    finally:
        process.terminate()
        process.join()


def _answers(url: str) -> None:
    try:
        httpx.get(url)
    except httpx.TransportError as error:
        raise NotYetError("it does not answer yet") from error


async def _fixed(_scope: object, _receive: object, send: Callable[..., Awaitable[None]]) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<p>fixed</p>" * 400})


def _serve(port: int) -> None:
    uvicorn.run(_fixed, host=_HERE, port=port, http="httptools", lifespan="off", log_config=None)
