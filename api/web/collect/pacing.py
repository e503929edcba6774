"""Edge. Answers that come at fixed steps of time, so that how long they took tells nothing.

Whether a token is known decides what the database does, and so how long it takes. Each answer of
a `PacedRoute`, refusals and failures included, leaves at the next multiple of `STEP` after the
request came; what a stranger can measure is the step. No thread waits meanwhile.
"""

import math
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from fastapi import Request, Response
from fastapi.routing import APIRoute

STEP = 0.25
"""Seconds; several times what the slowest of these requests needs on a busy machine."""


def remaining(taken: float, step: float = STEP) -> float:
    """Return how long to wait after ``taken`` seconds; at least one whole step in all."""
    return max(math.ceil(taken / step), 1) * step - taken


class PacedRoute(APIRoute):
    """A route whose answers leave at multiples of `STEP`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def paced(request: Request) -> Response:
            began = anyio.current_time()
            try:
                return await handle(request)
            finally:
                await anyio.sleep(remaining(anyio.current_time() - began))

        return paced
