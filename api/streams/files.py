"""Edge. A file that was written to its end for one answer, before its first byte goes.

So a slow reader holds no transaction, and what breaks off on our side never looks like the whole.
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import IO

from api.streams.transfers import Transfer, Watched

IN_MEMORY = 1 << 20
"""Bytes of such a file that are kept in memory; a larger one lies on the disk."""
_PIECE = 1 << 16


def written(
    file: IO[bytes],
    name: str,
    media_type: str,
    still: Callable[[], object],
    *,
    since: datetime,
    clock: Callable[[], datetime],
) -> Transfer:
    """Begin to send a file, and close it at the end; ``still`` raises once nobody may have it."""
    size = file.seek(0, 2)
    file.seek(0)
    headers = {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{name}"'}
    stream = Watched(_Pieces(file), still, since=since, clock=clock)
    return Transfer(stream, HTTPStatus.OK, headers, media_type=media_type)


class _Pieces:
    """A file in pieces."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __next__(self) -> bytes:
        if piece := self._file.read(_PIECE):
            return piece
        raise StopIteration

    def close(self) -> None:
        """Let the file go."""
        self._file.close()
