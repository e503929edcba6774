"""Service. Rows one after another: tables are read once and never held."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any, Generic, Self, TypeAlias, TypeVar

import psycopg
from sqlalchemy import Row, Select, text
from sqlmodel import Session

from storage.errors import UnavailableError

_ROWS_AT_ONCE = 1000
T = TypeVar("T")
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]


class Peekable(Generic[T]):
    """An iterator whose next item can be looked at before it is taken."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self.head: T | None = next(self._items, None)

    def __iter__(self) -> Iterator[T]:
        """Take all that is left."""
        while self.head is not None:
            yield self.take()

    def take(self) -> T:
        """Return the next item, and go on."""
        assert self.head is not None
        taken, self.head = self.head, next(self._items, None)
        return taken


class Streams:
    """Cursors of the server within one transaction; leaving the block closes them all."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._opened = ExitStack()
        self._names = (f"audit_{number}" for number in count())

    def __enter__(self) -> Self:
        # Values, entries and keys are found a few at a time, each by an index: to make a bitmap of
        # them first, as the planner would, costs the server an eighth more.
        self._session.execute(text("SET LOCAL enable_bitmapscan = off"))
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def rows(self, statement: AnySelect) -> Iterator[AnyRow]:
        """Yield the rows of a statement; the table may be as large as it likes."""
        result = self._session.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE))
        self._opened.callback(result.close)
        return iter(result)

    def tuples(self, statement: str, *given: object) -> Iterator[Any]:
        """Yield the rows of a statement as tuples, past every conversion of ours."""
        for rows in self.chunks(statement, *given):
            yield from rows

    def chunks(self, statement: str, *given: object) -> Iterator[list[Any]]:
        """Yield the rows of a statement, many at once.

        Raises:
            UnavailableError: the server ended the connection. Safe to retry.
        """
        driver = self._session.connection().connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        cursor = driver.cursor(next(self._names), binary=True)
        self._opened.callback(cursor.close)
        try:
            cursor.execute(statement, given)
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                yield rows
        except psycopg.OperationalError as error:
            raise UnavailableError("the database does not answer: the audit ended") from error


def take_snapshot(session: Session) -> None:
    """Let a transaction that has read nothing yet see one moment only, and write nothing."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
