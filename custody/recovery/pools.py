"""Service. What is left to try: the records whose keys are there, and what was said before."""

from collections.abc import Iterator
from functools import cache
from uuid import UUID

from sqlmodel import Session, col, func, select

from custody.formats.events import PERSON_FIELDS
from custody.ledger.recordkeys import RecordKeys
from custody.ledger.tables import (
    CustodyEventRow,
    CustodyRecord,
    CustodyValueRow,
    RecordKeyRow,
)
from custody.recovery.trials import Head, extract

_USUAL = 500
"""So many values of one field are tried beside those of the record itself: the most frequent."""


class Pools:
    """Reads each thing once, within one transaction."""

    def __init__(self, session: Session, keys: RecordKeys) -> None:
        self._session = session
        self._keys = keys
        self.heads = cache(self._heads)
        self.said = cache(self._said)
        self.usual = cache(self._usual)
        self.people = cache(self._people)
        self.extracted = cache(self._extracted)

    def _heads(self, kind: str) -> list[Head]:
        """Return the records of a kind that can be opened; the caller moves them on."""
        rows = self._session.exec(
            select(CustodyRecord, RecordKeyRow.wrapped)
            .join(RecordKeyRow, col(RecordKeyRow.record) == CustodyRecord.id)
            .where(CustodyRecord.kind == kind)
        )
        return [
            Head(row.id, row.next_n, row.head, extract(self._keys.unwrap(row.id, wrapped)))
            for row, wrapped in rows
        ]

    def _extracted(self, record: UUID) -> bytes | None:
        key = self._keys.open(self._session, record)
        return None if key is None else extract(key)

    def _said(self, record: UUID, field: str) -> tuple[str, ...]:
        """Return what events of one record said in a field."""
        rows = self._session.exec(
            select(CustodyValueRow.value)
            .join(CustodyEventRow, col(CustodyEventRow.id) == CustodyValueRow.event)
            .where(CustodyEventRow.record == record, CustodyValueRow.field == field)
            .distinct()
        )
        return tuple(rows)

    def _usual(self, field: str) -> tuple[str, ...]:
        """Return what is said most often in a field, of any record."""
        rows = self._session.exec(
            select(CustodyValueRow.value)
            .where(CustodyValueRow.field == field)
            .group_by(CustodyValueRow.value)
            .order_by(func.count().desc())
            .limit(_USUAL)
        )
        return tuple(rows)

    def _people(self) -> tuple[tuple[str, UUID], ...]:
        """Return everybody who was ever named: in which words, and whose key hides them."""
        rows = self._session.exec(
            select(CustodyValueRow.value, CustodyValueRow.key_record)
            .where(col(CustodyValueRow.field).in_(sorted(PERSON_FIELDS)))
            .distinct()
        )
        return tuple(rows)

    def candidates(self, record: UUID, field: str) -> Iterator[tuple[str, UUID]]:
        """Yield what a field of an event may say, and whose key would hide that."""
        if field in PERSON_FIELDS:
            yield from self.people()
            return
        for text in dict.fromkeys((*self.said(record, field), *self.usual(field))):
            yield text, record
