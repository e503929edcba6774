"""Edge. A request's body in pieces, however large it is and however slowly it comes."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.bounds.bodies import SilentError

PIECE = 1 << 20
CUT_OFF = (ClientDisconnect, SilentError)
"""What `pieces` raises when the rest does not come."""


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield a body in pieces of a mebibyte or little more, the last one shorter; none is empty.

    Raises:
        ClientDisconnect, SilentError: it was cut off. What had come was yielded before.
    """
    held = bytearray()
    try:
        async for chunk in request.stream():
            held += chunk
            if len(held) >= PIECE:
                yield bytes(held)
                held.clear()
    except CUT_OFF:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)
