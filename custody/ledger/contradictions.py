"""Service. Whether the keys in use are those that the log was written with.

`custody.keys.keychecks` compares files with files. This compares them with what was done with them:
it is what tells a turned byte before anything is recorded, and a folder of keys that was exchanged.
"""

from sqlmodel import Session, col, select

from custody.errors import CustodyError, KeyStoreError
from custody.formats.note import VerifierKey, check_note, parse_note
from custody.ledger.ledger import event_mac
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import (
    CustodyEventRow,
    LogCheckpointRow,
    LogEntryRow,
    LogStateRow,
    RecordKeyRow,
)

_SOME = 5


def is_used(session: Session) -> bool:
    """Tell whether anything was ever recorded."""
    return session.exec(select(CustodyEventRow.id).limit(1)).first() is not None


def alarm(session: Session) -> str:
    """Return why the log has stopped; empty: it has not."""
    return session.exec(select(LogStateRow.alarm).where(LogStateRow.id == 1)).one()


def raise_alarm(session: Session, words: str) -> None:
    """Stop the log, unless it has stopped already."""
    state = session.exec(select(LogStateRow).with_for_update()).one()
    state.alarm = state.alarm or words


def contradictions(
    session: Session, *, log_key: VerifierKey, mac_key: bytes, keys: RecordKeys
) -> tuple[str, ...]:
    """Name the key files that are not those with which the newest rows were made."""
    wrong = []
    if not _signed_the_newest(session, log_key):
        wrong.append("log.key")
    event = session.exec(
        select(CustodyEventRow)
        .join(LogEntryRow, col(LogEntryRow.event) == CustodyEventRow.id)
        .order_by(col(LogEntryRow.index).desc())
        .limit(1)
    ).first()
    if event is not None and event.mac != event_mac(mac_key, event.entry):
        wrong.append("event-hmac.key")
    if not _opens_any(session, keys):
        wrong.append("record-kek.key")
    return tuple(wrong)


def _signed_the_newest(session: Session, log_key: VerifierKey) -> bool:
    newest = session.exec(
        select(LogCheckpointRow).order_by(col(LogCheckpointRow.size).desc()).limit(1)
    ).first()
    try:
        return newest is None or bool(check_note(parse_note(newest.note), [log_key]))
    except CustodyError:
        return False


def _opens_any(session: Session, keys: RecordKeys) -> bool:
    """Tell whether one of some records opens: a single row may have been written by anybody."""
    rows = session.exec(select(RecordKeyRow).limit(_SOME)).all()
    for row in rows:
        try:
            keys.unwrap(row.record, row.wrapped)
        except KeyStoreError:
            continue
        return True
    return not rows
