"""Edge. Bytes under way: they stop when they may not go on, and their source is let go."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol, Self

import anyio
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from evidence.errors import EvidenceError
from storage.errors import StorageError

LOOK_AGAIN = timedelta(seconds=5)
"""How long bytes go on flowing, at most, after nobody may have them any more."""
_log = logging.getLogger("custos.web")


class Source(Protocol):
    """A stream of bytes that holds a connection until it is closed."""

    def __next__(self) -> bytes:
        """Return the next bytes."""

    def close(self) -> None:
        """Let go of the connection."""


class Watched(Iterator[bytes]):
    """A stream that asks now and then whether it may still go on. Closing it closes the source.

    ``still`` raises if it may not; it was asked last at ``since``.
    """

    def __init__(
        self,
        source: Source,
        still: Callable[[], object],
        *,
        since: datetime,
        clock: Callable[[], datetime],
    ) -> None:
        self._source, self._still, self._clock = source, still, clock
        self._looked = since

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        # A clock that was put back must not mean that nobody asks until it has caught up.
        now = self._clock()
        if not timedelta(0) <= now - self._looked < LOOK_AGAIN:
            self._still()
            self._looked = now
        return next(self._source)

    def close(self) -> None:
        """Let go of the connection to the store."""
        self._source.close()


class Transfer(StreamingResponse):
    """An answer that closes its stream whatever ends it: its end, an error, a browser that left."""

    def __init__(
        self, stream: Watched, status: HTTPStatus, headers: Mapping[str, str], *, media_type: str
    ) -> None:
        super().__init__(stream, status, headers, media_type=media_type)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        except (EvidenceError, StorageError) as error:
            # The headers have left: all that can be done is to end too early, so that the browser
            # sees it and asks for the rest. The next request is told why.
            _log.warning("a download was cut: %s", type(error).__name__)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._stream.close)
