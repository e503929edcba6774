"""Service. Reads what the log holds: its entries, its size, and what of it is not stamped yet."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from custody.ledger.tables import (
    LogCheckpointRow,
    LogEntryRow,
    LogPublicationRow,
    LogStampRow,
    LogStateRow,
)

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


def publication_behind(session: Session) -> str:
    """Say why the log's newest entries are neither signed nor published; empty: nothing waits."""
    return session.get_one(LogPublicationRow, 1).words


def newest_unstamped(session: Session, *, before: datetime) -> LogCheckpointRow | None:
    """Return the newest checkpoint if no timestamp since ``before`` speaks of the log.

    None too where the newest one has its timestamp, however old that is: it says all there is.
    """
    newest = select(LogCheckpointRow).order_by(col(LogCheckpointRow.size).desc()).limit(1)
    checkpoint = session.exec(newest).first()
    stamps = select(LogStampRow.size, LogStampRow.stamped_at)
    stamped = session.exec(stamps.order_by(col(LogStampRow.size).desc()).limit(1)).first()
    if checkpoint is None or stamped is None:
        return checkpoint
    size, at = stamped
    return checkpoint if checkpoint.size > size and at <= before else None
