"""Edge. A request's body as a stream that a thread reads, however large it is."""

from collections.abc import AsyncIterator

from anyio import from_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from evidence.errors import InvalidError


class Body:
    """Reads a request's body chunk by chunk, at the pace of whoever reads.

    ``length`` is what the sender announced, if anything: neither more nor less is taken.
    """

    def __init__(self, request: Request, length: int | None = None) -> None:
        self._chunks: AsyncIterator[bytes] = request.stream()
        self._length = length
        self._arrived = 0
        self._left = memoryview(b"")
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end. For a route's own thread.

        Raises:
            InvalidError: the sender went away before the end, or sent more than was announced.
        """
        parts: list[bytes] = []
        wanted = size
        while wanted and (self._left or self._more()):
            part = bytes(self._left[:wanted])
            self._left = self._left[wanted:]
            wanted -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _more(self) -> bool:
        while not self._ended and not self._left:
            try:
                self._left = memoryview(from_thread.run(self._next))
            except ClientDisconnect as error:
                raise InvalidError("body", "the upload was cut off: send it again") from error
            self._count(len(self._left))
        return bool(self._left)

    async def _next(self) -> bytes:
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            self._ended = True
            return b""

    def _count(self, size: int) -> None:
        self._arrived += size
        if self._length is None:
            return
        if self._arrived > self._length or (self._ended and self._arrived < self._length):
            raise InvalidError(
                "body", f"{self._length} bytes were announced, {self._arrived} came: send it again"
            )
