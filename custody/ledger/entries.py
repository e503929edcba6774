"""Service. Reads the entries of the log, from the first to the last."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from custody.ledger.tables import LogEntryRow

_ROWS_AT_ONCE = 1000


def stored_entries(session: Session) -> Iterator[tuple[int, bytes]]:
    """Yield each entry with its place; few are held at once, however long the log is."""
    statement = select(LogEntryRow.index, LogEntryRow.entry).order_by(col(LogEntryRow.index))
    yield from session.exec(statement.execution_options(yield_per=_ROWS_AT_ONCE))
