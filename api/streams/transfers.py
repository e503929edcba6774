"""Edge. Bytes under way: they stop when they may not go on, and their source is let go."""

import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol, Self

import anyio
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.bounds import lanes
from evidence.errors import EvidenceError
from storage.errors import StorageError

LOOK_AGAIN = timedelta(seconds=5)
"""How long bytes go on flowing, at most, after nobody may have them any more."""
_GLANCE_S = 1.0
"""How often somebody looks whether it is time to ask again, while the client takes nothing."""
_log = logging.getLogger("custos.web")


class Source(Protocol):
    """A stream of bytes that holds something until it is closed."""

    def __next__(self) -> bytes:
        """Return the next bytes."""

    def close(self) -> None:
        """Let go of what it holds."""


class Watched(Iterator[bytes]):
    """A stream that asks now and then whether it may still go on. Closing it closes the source.

    ``still`` raises if it may not; it was asked last at ``since``. What it raised once stands.
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
        self._lock = threading.Lock()
        self._over: Exception | None = None

    @property
    def due(self) -> bool:
        """Whether it is time to ask again."""
        # A clock that was put back must not mean that nobody asks until it has caught up.
        return not timedelta(0) <= self._clock() - self._looked < LOOK_AGAIN

    def look(self) -> None:
        """Ask, if it is time to; raises as ``still``."""
        with self._lock:
            if self._over is not None:
                raise self._over
            if not self.due:
                return
            now = self._clock()
            try:
                self._still()
            except Exception as error:
                self._over = error
                raise
            self._looked = now

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        self.look()
        return next(self._source)

    def close(self) -> None:
        """Let go of what the source holds."""
        self._source.close()


class Transfer(StreamingResponse):
    """An answer that closes its stream whatever ends it: its end, an error, a browser that left.

    What may wait (reading, asking, closing) is done by the threads of the lane for what leaves.
    """

    def __init__(
        self, stream: Watched, status: HTTPStatus, headers: Mapping[str, str], *, media_type: str
    ) -> None:
        super().__init__(self._pieces(), status, headers, media_type=media_type)
        self._stream = stream
        self._leave: Callable[[], None] = lambda: None

    def at_its_end(self, leave: Callable[[], None]) -> None:
        """Call something once it is sent, or has ended: it held a place until then."""
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        failed: list[Exception] = []
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._look, failed, group.cancel_scope)
                try:
                    await super().__call__(scope, receive, send)
                except Exception as error:  # noqa: BLE001 - raised again below, and not in a group
                    failed.append(error)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await lanes.DOWNLOADS.run(self._stream.close)
            self._leave()
        for one in failed:
            if not isinstance(one, EvidenceError | StorageError):
                raise one
            # The headers have left: all that can be done is to end too early, so that the browser
            # sees it and asks for the rest. The next request is told why.
            _log.warning("a download was cut: %s", type(one).__name__)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while (piece := await lanes.DOWNLOADS.run(next, self._stream, None)) is not None:
            yield piece

    async def _look(self, failed: list[Exception], scope: anyio.CancelScope) -> None:
        """End the answer as soon as it may not go on, even while the client takes nothing of it."""
        try:
            while True:
                await anyio.sleep(_GLANCE_S)
                if self._stream.due:
                    await lanes.DOWNLOADS.run(self._stream.look)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer ends with it
            failed.append(error)
            scope.cancel()
