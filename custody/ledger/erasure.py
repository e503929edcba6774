"""Service. Destroys what a record says: its key K, and the values that it and its people opened.

What stays is what the log has: entries and commitments that nobody can open any more, and so every
proof and checkpoint (docs/formats/ledger.md). That it was to be destroyed, an event of the record
says first; whoever calls sees to that, in the same transaction or before.
"""

from uuid import UUID

from sqlmodel import Session, col, delete, select

from custody.ledger.tables import CustodyEventRow, CustodyRecord, CustodyValueRow, RecordKeyRow


def destroy(session: Session, record: UUID, *people: UUID) -> None:
    """Destroy the key of a record, and each value of its events under it or a key of ``people``.

    What its events say of others under their own keys, such as who of the staff decided, stays.
    """
    events = select(CustodyEventRow.id).where(CustodyEventRow.record == record)
    owned = col(CustodyValueRow.key_record).in_((record, *people))
    session.exec(delete(CustodyValueRow).where(col(CustodyValueRow.event).in_(events), owned))
    session.exec(delete(RecordKeyRow).where(col(RecordKeyRow.record) == record))


def hold(session: Session, record: UUID) -> None:
    """Hold the head of a record until the transaction ends: nobody adds to it meanwhile."""
    session.get_one(CustodyRecord, record, with_for_update=True)


def is_destroyed(session: Session, record: UUID) -> bool:
    """Tell whether the key of a record is gone: nothing can be added to it any more."""
    found = select(RecordKeyRow.record).where(RecordKeyRow.record == record)
    return session.exec(found).first() is None
