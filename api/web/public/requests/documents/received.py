"""Edge. The one file that a form or a call brings, held in memory until whole, and never longer.

A document that shows who somebody is lies on no disk before it is sealed. Nobody's form is read
who has not proven a mailbox; its bytes are counted as they come, and what is too large is let go
of while the rest passes by, so that its sender can be told.
"""

from collections.abc import AsyncGenerator, Awaitable
from http import HTTPStatus
from typing import Any, TypeVar

import anyio
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from api.bounds.bodies import SilentError
from evidence.requests.documents.contents import FIELD
from evidence.requests.documents.incoming import Arrivals

_Read = TypeVar("_Read")
PATIENCE_S = 300.0
"""From the first to the last byte of a form: 10 MiB at 35 kB a second."""
_AROUND = 64 * 1024
"""What a form has around its file."""
_PASSING = 10
"""So many times as much as is taken may pass by before we stop to listen."""


class _TooLargeError(Exception):
    """More came than is taken."""


class _InMemory(MultiPartParser):
    """Takes a form apart without a file on the disk (0: a spool without bounds, which ours has)."""

    spool_max_size = 0


async def received(request: Request, arrivals: Arrivals) -> bytes | None:
    """Return the file of a form; None: none was chosen.

    Raises:
        InvalidError: it is too large.
        HTTPException: this is no form, or it comes too slowly.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return None
    pieces = request.stream()
    try:
        return await _in_time(_read(request, pieces, arrivals.most), pieces, arrivals)
    except MultiPartException as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, error.message) from error


async def received_body(request: Request, arrivals: Arrivals) -> bytes:
    """Return a file that is the body of a call.

    Raises:
        InvalidError: it is too large.
        HTTPException: it comes too slowly.
        ClientDisconnect: it was cut off.
    """
    pieces = request.stream()
    return await _in_time(_joined(_bounded(pieces, arrivals.most)), pieces, arrivals)


async def _in_time(
    reading: Awaitable[_Read], pieces: AsyncGenerator[bytes, None], arrivals: Arrivals
) -> _Read:
    """Return what is read; of what is too large, let the rest pass by, so that its sender hears."""
    try:
        with anyio.fail_after(PATIENCE_S):
            try:
                return await reading
            except _TooLargeError:
                await _let_pass(pieces, arrivals.most * _PASSING)
                raise arrivals.too_large() from None
    except TimeoutError:
        raise SilentError(PATIENCE_S) from None


async def _joined(pieces: AsyncGenerator[bytes, None]) -> bytes:
    held = bytearray()
    async for piece in pieces:
        held += piece
    return bytes(held)


async def _read(request: Request, pieces: AsyncGenerator[bytes, None], most: int) -> bytes | None:
    bounded = _bounded(pieces, most + _AROUND)
    taken: dict[str, Any] = {"max_files": 1, "max_fields": 4, "max_part_size": 4096}
    form = await _InMemory(request.headers, bounded, **taken).parse()
    try:
        file = form.get(FIELD)
        if not isinstance(file, UploadFile) or not file.filename:
            return None
        return await file.read()
    finally:
        await form.close()


async def _bounded(pieces: AsyncGenerator[bytes, None], most: int) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        most -= len(piece)
        if most < 0:
            raise _TooLargeError
        yield piece


async def _let_pass(pieces: AsyncGenerator[bytes, None], most: int) -> None:
    """Read on without keeping anything: whoever still sends hears no answer."""
    async for piece in pieces:
        most -= len(piece)
        if most < 0:
            return
