"""Service. Pages of a list that grows: the newest rows first, each page where another one ended.

A cursor names a row by what the list is sorted by, never by its number. What is added meanwhile
moves nothing, no row is shown twice or left out, and the last page costs what the first one does.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import Mapped

from evidence.errors import InvalidError

T = TypeVar("T")
Shown = TypeVar("Shown")
Asking = TypeVar("Asking", bound=Select[Any])
MOST_COUNTED = 1000
"""So far rows are counted; where there are more, a page says so, and no list is read whole."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(older|newer)-([0-9]{1,17})-([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row of a list, which need not be there any more: a page begins just beyond it."""

    at: datetime
    id: UUID
    newer: bool = False
    """Whether the page goes up the list, to what is newer."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, the newest first, and where the pages beside them begin."""

    rows: tuple[T, ...]
    newer: Cursor | None = None
    older: Cursor | None = None

    def of(self, shown: Sequence[Shown]) -> "Page[Shown]":
        """Return the page that shows these in the place of its rows."""
        return Page(tuple(shown), self.newer, self.older)


def format_cursor(cursor: Cursor | None) -> str:
    """Write a cursor as it stands in an address; none: the empty text."""
    if cursor is None:
        return ""
    moment = (cursor.at - _EPOCH) // timedelta(microseconds=1)
    return f"{'newer' if cursor.newer else 'older'}-{moment}-{cursor.id.hex}"


def parse_cursor(text: str) -> Cursor | None:
    """Read a cursor; the empty text is none: the list from its beginning.

    Raises:
        InvalidError: nothing that `format_cursor` writes.
    """
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise InvalidError("cursor", "this is no place in the list: begin again without it")
    at = _EPOCH + timedelta(microseconds=int(match[2]))
    return Cursor(at, UUID(match[3]), newer=match[1] == "newer")


def beyond(
    statement: Asking,
    at: Mapped[datetime] | ColumnElement[datetime],
    identifier: Mapped[UUID] | ColumnElement[UUID],
    cursor: Cursor | None,
    *,
    most: int,
) -> Asking:
    """Return the statement for what lies beyond a cursor, and one row more than a page holds."""
    place = tuple_(at, identifier)
    if cursor is not None and cursor.newer:
        upwards = statement.where(place > (cursor.at, cursor.id))
        return upwards.order_by(at.asc(), identifier.asc()).limit(most + 1)
    if cursor is not None:
        statement = statement.where(place < (cursor.at, cursor.id))
    return statement.order_by(at.desc(), identifier.desc()).limit(most + 1)


def soonest(
    statement: Asking,
    at: Mapped[datetime] | ColumnElement[datetime],
    identifier: Mapped[UUID] | ColumnElement[UUID],
    cursor: Cursor | None,
    *,
    most: int,
) -> Asking:
    """Return the statement of a list that begins with what is due next, as `beyond` does.

    There "newer" is what stands above in the list, and so what is due before.
    """
    place = tuple_(at, identifier)
    if cursor is not None and cursor.newer:
        upwards = statement.where(place < (cursor.at, cursor.id))
        return upwards.order_by(at.desc(), identifier.desc()).limit(most + 1)
    if cursor is not None:
        statement = statement.where(place > (cursor.at, cursor.id))
    return statement.order_by(at.asc(), identifier.asc()).limit(most + 1)


def page_of(
    read: Callable[[Cursor | None], Sequence[T]],
    place: Callable[[T], tuple[datetime, UUID]],
    cursor: Cursor | None,
    *,
    most: int,
) -> Page[T]:
    """Return the page at a cursor; ``read`` asks for rows as `beyond` wants them."""
    found = read(cursor)
    if cursor is not None and cursor.newer and len(found) <= most:
        # The top is reached: its page is shown as it begins, not cut at what was seen before.
        cursor, found = None, read(None)
    upwards = cursor is not None and cursor.newer
    more, rows = len(found) > most, tuple(found[:most])
    rows = rows[::-1] if upwards else rows
    if not rows:
        return Page((), newer=None if cursor is None else Cursor(cursor.at, cursor.id, newer=True))
    return Page(
        rows,
        newer=None if cursor is None else Cursor(*place(rows[0]), newer=True),
        older=Cursor(*place(rows[-1])) if more or upwards else None,
    )


def every(read: Callable[[Cursor | None], Page[T]]) -> Iterator[T]:
    """Yield every row of a list, page by page."""
    cursor: Cursor | None = None
    while True:
        page = read(cursor)
        yield from page.rows
        if (cursor := page.older) is None:
            return
