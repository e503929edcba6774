"""Adapter. PostgreSQL: one engine, one way to open a transaction, one way to hold a lock."""

import hashlib
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg
from sqlalchemy import Connection, CursorResult, Engine, create_engine, event, exc, text
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.elements import ClauseElement
from sqlmodel import Session

from storage.errors import ConflictError, UnavailableError

_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy says no types here
_USED = "custos.used"
_FRESH_S = 5.0
"""A connection used within so long is not asked again: a statement less for each transaction."""


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """Return an engine for ``url`` (``postgresql+psycopg://…``) that notices a restarted server.

    Every connection speaks UTC and gives up on a lock after 30 s, so that nothing hangs for ever.
    What goes wrong on it says no value of a row, wherever it is logged or shown: see `bare_words`.
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        hide_parameters=True,
        connect_args={"connect_timeout": 10, "options": "-c timezone=UTC -c lock_timeout=30s"},
    )
    event.listen(engine, "handle_error", _strip)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _require_server)
    return engine


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = time.monotonic()


def _require_server(
    connection: psycopg.Connection, record: ConnectionPoolEntry, _fairy: object
) -> None:
    """Ask the server whether it is there, where that is not plain; if not, have others made.

    A server that ends says so to each of its connections, and the word waits to be read.
    """
    used = record.info.get(_USED)
    if used is None:  # it was made just now
        return
    heard = select.poll()
    try:
        heard.register(connection, select.POLLIN)
        if time.monotonic() - used >= _FRESH_S or heard.poll(0):
            _DIALECT.do_ping(connection)  # type: ignore[no-untyped-call]  # as above
    except psycopg.Error as error:
        raise exc.InvalidatePoolError from error


def bare_words(error: BaseException) -> str:
    """Return what a database error may say of itself: its class, and its SQLSTATE if it has one.

    PostgreSQL repeats values of rows in its sentences ("Key (email)=(…) already exists"), and these
    may name people. A connection that fails has no row to tell of: its sentence says what to do.
    """
    state = getattr(error, "sqlstate", None)
    if state:
        return f"{type(error).__name__} (SQLSTATE {state})"
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return str(error).strip().split("\n", 1)[0] or type(error).__name__
    return type(error).__name__


def _strip(context: ExceptionContext) -> None:
    """Take out of an error, before anybody sees it, what it says beside class and SQLSTATE."""
    original, told = context.original_exception, context.sqlalchemy_exception
    words = bare_words(original)
    original.args = (words,)
    if told is not None:
        told.args = (words,)


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what SQLAlchemy raises about the server or a constraint into errors of ours.

    Raises:
        UnavailableError: the server does not answer, or ended the connection. Safe to retry.
        ConflictError: a unique key, a foreign key or a check refused the row.
    """
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise UnavailableError(f"the database does not answer: {_bare(error)}") from error
    except exc.IntegrityError as error:
        raise ConflictError(f"the database refused a row: {_bare(error)}") from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise UnavailableError(f"the database connection was lost: {_bare(error)}") from error
        raise


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open one transaction: committed if the block ends, undone if it raises.

    Raises:
        UnavailableError: see `our_errors`. The commit may or may not have happened: look again.
        ConflictError: see `our_errors`.
    """
    with our_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


class Statement:
    """A statement that is compiled once, and then given to the driver as it is.

    For what is done for each event: SQLAlchemy takes longer to look up what it has compiled than
    the server to carry it out. No value is converted on the way, in or out: bytes, text, numbers,
    UUIDs and moments with a zone need not be. Errors are those of any other statement.
    """

    def __init__(self, statement: ClauseElement) -> None:
        """Compile ``statement``; no list of its may grow with its values (``in_``): `any_` does."""
        compiled = statement.compile(dialect=_DIALECT)
        self._words = str(compiled)
        self._given = dict(compiled.params)

    def run(self, session: Session, values: Mapping[str, object]) -> CursorResult[Any]:
        """Run it in the transaction of ``session``; what is not flushed, it does not see."""
        return session.connection().exec_driver_sql(self._words, {**self._given, **values})


@contextmanager
def named_lock(engine: Engine, name: str) -> Iterator[Connection | None]:
    """Hold the advisory lock ``name`` for the length of the block; yield None if it is taken.

    The lock lives on a connection of its own and ends with it, so a killed holder leaves none.
    """
    key = _lock_key(name)
    with our_errors(), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901
        held = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
        if not held:
            yield None
            return
        try:
            yield connection
        finally:
            if not connection.invalidated:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


class Readable(Protocol):
    """What `select` can watch beside a connection."""

    def fileno(self) -> int:
        """Return its file descriptor."""


def listen(connection: Connection, channel: str) -> None:
    """Hear what is notified on ``channel``, on a connection that from now on is nobody else's."""
    with our_errors():
        connection.detach()  # back in the pool, it would hear on behalf of somebody else
        connection.exec_driver_sql(f'LISTEN "{channel}"')


_WRITING = text(
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE datname = current_database() AND relation = CAST(:table AS regclass)"
    " AND mode = 'RowExclusiveLock')"
)


def is_being_written(connection: Connection, table: str) -> bool:
    """Return whether a transaction that has not ended yet adds, changes or takes rows of a table.

    It holds its lock until others see what it did. So where this says no, whatever looked at the
    table's rows before now and wrote to it is there to be seen.

    Raises:
        UnavailableError: the server does not answer. Safe to retry.
    """
    with our_errors():
        return bool(connection.scalar(_WRITING, {"table": table}))


def await_notice(connection: Connection, *, within: float, unless: Readable) -> None:
    """Wait until something was notified, for ``within`` seconds, or until ``unless`` is readable.

    What was notified before the last statement on ``connection`` is not waited for.

    Raises:
        UnavailableError: the server ended the connection. Safe to retry.
    """
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        select.select([driver, unless], [], [], within)
        for _ in driver.notifies(timeout=0):
            pass
    except (psycopg.OperationalError, ValueError) as error:  # ValueError: closed, without a socket
        raise UnavailableError("the database connection was lost while nothing happened") from error


def hold_lock(session: Session, name: str) -> bool:
    """Hold the advisory lock ``name`` until the transaction ends; False: somebody else has it.

    It is the same lock as `named_lock`'s: what happens under either never happens at once.
    """
    taken = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(session.connection().scalar(taken, {"key": _lock_key(name)}))


def _lock_key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _bare(error: Exception) -> str:
    """Return what an error may say of itself, without statement and values."""
    cause = error.__cause__ or getattr(error, "orig", None) or error
    return bare_words(cause)
