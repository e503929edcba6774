"""Edge. The bodies of requests: without a thread, within bounds of size, silence and time.

A body that is held in memory is whole before anybody is asked anything about it: a slow sender has
a connection and a buffer, and nothing that somebody else waits for.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

_CLOSE = {"Connection": "close"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bodies may take. Times in seconds, sizes in bytes."""

    silent_s: float = 30.0
    """Whoever sends less than ``least`` in so long is gone, or means no good."""
    least: int = 1024
    held_s: float = 120.0
    """From first to last byte of a body that is held in memory."""
    held: int = 1 << 20
    """Of one body that is held in memory, as every body is but footage."""
    all_held: int = 128 << 20
    """Of all of them together, in this process."""


class SilentError(HTTPException):
    """Whoever sends a body has stopped to."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            HTTPStatus.REQUEST_TIMEOUT,
            f"the rest of the request did not come within {seconds:g} seconds: send it again",
            _CLOSE,
        )


class Patient:
    """Receives a request, and is patient with its sender up to a point.

    What comes after the body, which is only that the client left, may take as long as it takes.
    """

    def __init__(self, receive: Receive, bounds: Bounds) -> None:
        self._receive, self._bounds = receive, bounds
        self._left, self._brought, self._whole = bounds.silent_s, 0, False

    async def __call__(self) -> Message:
        """Return the next message.

        Raises:
            SilentError: the sender brings nothing, or next to nothing.
        """
        if self._whole:
            return await self._receive()
        began = anyio.current_time()
        message: Message | None = None
        with anyio.move_on_after(self._left):
            message = await self._receive()
        if message is None:
            raise SilentError(self._bounds.silent_s)
        # Only waiting counts: what the reader does with the bytes may take its time.
        self._left -= anyio.current_time() - began
        self._brought += len(message.get("body", b""))
        if self._brought >= self._bounds.least:
            self._left, self._brought = self._bounds.silent_s, 0
        self._whole = not message.get("more_body", False)
        return message


class Bodies:
    """Holds bodies, and knows how much it holds."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._held = 0

    @asynccontextmanager
    async def held(self, scope: Scope, receive: Receive) -> AsyncIterator[Receive | None]:
        """Hold the body of a request; yield what gives it at once, or None if its sender left.

        What is wrong with a body is raised to whoever reads it, who knows how to answer.
        """
        body = bytearray()
        try:
            failed: HTTPException | None = None
            try:
                with anyio.fail_after(self._bounds.held_s):
                    await self._fill(body, scope, receive)
            except TimeoutError:
                failed = SilentError(self._bounds.held_s)
            except HTTPException as error:
                failed = error
            except ClientDisconnect:
                yield None
                return
            yield _given(bytes(body), failed, receive)
        finally:
            self._held -= len(body)

    async def _fill(self, body: bytearray, scope: Scope, receive: Receive) -> None:
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and len(announced) < len(str(1 << 64)):
            self._require_room(int(announced), 0)
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece = message.get("body", b"")
            self._require_room(len(body), len(piece))
            self._held += len(piece)
            body += piece
            more = message.get("more_body", False)

    def _require_room(self, size: int, more: int) -> None:
        most = self._bounds.held
        if size + more > most:
            words = f"at most {most:,} bytes"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words, _CLOSE)
        if self._held + more > self._bounds.all_held:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many requests are on their way at once: try again soon",
                {**_CLOSE, "Retry-After": "5"},
            )


def has_body(scope: Scope) -> bool:
    """Tell whether a request brings a body (RFC 9112, section 6.3)."""
    said = Headers(scope=scope)
    return said.get("content-length", "0") != "0" or "transfer-encoding" in said


def _given(body: bytes, failed: HTTPException | None, receive: Receive) -> Receive:
    """Return what gives a whole body, or raises why there is none, and then what follows."""
    given = False

    async def give() -> Message:
        nonlocal given
        if failed is not None:
            raise failed
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
