"""Service. Reads the entries of the log: one, or all from the first to the last."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from custody.ledger.tables import LogEntryRow, LogStateRow

_ROWS_AT_ONCE = 1000


def stored_entries(session: Session) -> Iterator[tuple[int, bytes]]:
    """Yield each entry with its place; few are held at once, however long the log is."""
    statement = select(LogEntryRow.index, LogEntryRow.entry).order_by(col(LogEntryRow.index))
    yield from session.exec(statement.execution_options(yield_per=_ROWS_AT_ONCE))


def stored_entry(session: Session, index: int) -> bytes | None:
    """Return the entry at a place of the log; None: there is none."""
    return session.exec(select(LogEntryRow.entry).where(LogEntryRow.index == index)).first()


def log_size(session: Session) -> int:
    """Return how many entries the log has."""
    return session.get_one(LogStateRow, 1).size
