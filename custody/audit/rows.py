"""Adapter. What the audit reads of events and their records: statements, however many there are.

All are sorted by record. An event comes with its values, and with the wrapped keys of the people
in them, found by index: so the server sorts none of it and keeps none of it.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class StoredRecord(NamedTuple):
    """The head of a record, and its key."""

    id: UUID
    kind: str
    next_n: int
    head: str
    wrapped: bytes | None
    """Of its key; None: it was erased."""

    @property
    def erased(self) -> bool:
        """Whether its key is gone."""
        return self.wrapped is None


class StoredEvent(NamedTuple):
    """An event, its place in the tree, and its values sorted by field."""

    record: UUID
    n: int
    id: UUID
    event: str
    at: datetime
    entry: bytes
    mac: bytes
    place: int | None
    waits: bool
    fields: list[str]
    texts: list[str]
    owners: list[UUID | None]
    """Whose key blinds each value; None: the record's own."""
    wrapped: list[bytes | None]
    """The keys of ``owners``; None: the record's own, or one that was erased."""


RECORDS = """
SELECT r.id, r.kind, r.next_n, r.head, k.wrapped
FROM custody_record r LEFT JOIN record_key k ON k.record = r.id
ORDER BY r.id
"""
EVENTS = """
SELECT e.record, e.n, e.id, e.event, e.at, e.entry, e.mac,
       (SELECT l.index FROM log_entry l WHERE l.event = e.id),
       EXISTS (SELECT FROM custody_outbox o WHERE o.event = e.id),
       v.fields, v.texts, v.owners, v.wrapped
FROM custody_event e
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(v.field ORDER BY v.field COLLATE "C"), '{}') AS fields,
           coalesce(array_agg(v.value ORDER BY v.field COLLATE "C"), '{}') AS texts,
           coalesce(array_agg(v.owner ORDER BY v.field COLLATE "C"), '{}') AS owners,
           coalesce(array_agg(k.wrapped ORDER BY v.field COLLATE "C"), '{}') AS wrapped
    FROM (
        SELECT field, value, nullif(key_record, e.record) AS owner
        FROM custody_value WHERE event = e.id OFFSET 0
    ) v
    LEFT JOIN record_key k ON k.record = v.owner
) v
ORDER BY e.record, e.n
"""
PERSON_ERASED = """
SELECT 1 FROM custody_record r LEFT JOIN record_key k ON k.record = r.id
WHERE r.kind = 'person' AND k.record IS NULL LIMIT 1
"""
