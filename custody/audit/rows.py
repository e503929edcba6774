"""Adapter. What the audit reads of events and their records: statements, however many there are.

All are sorted by record. An event comes with its values, and with the wrapped keys of the people
in them, found by index: so the server sorts none of it and keeps none of it. What an event has
several of comes joined: a list costs its reader ten times as much.
"""

from datetime import datetime
from typing import NamedTuple, TypeAlias

EventRow: TypeAlias = tuple[
    str, int, str, str, datetime, bytes, bytes, int | None, bool | None, bool, int, str, str, str
]


class StoredRecord(NamedTuple):
    """The head of a record, and its key."""

    id: str
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
    """An event, its place in the tree, and its values sorted by field: an `EventRow` with names."""

    record: str
    n: int
    id: str
    event: str
    at: datetime
    entry: bytes
    mac: bytes
    place: int | None
    same: bool | None
    """Whether the tree's entry at this place is ``entry``; None: it has no place."""
    waits: bool
    values: int
    """How many values there are."""
    names: str
    texts: str
    owners: str
    """Whose key blinds each value: empty for the record's own; else a record, and after a colon
    its wrapped key in hexadecimal digits, unless that was erased."""

    @property
    def name(self) -> str:
        """How findings name it."""
        return f"{self.event} {self.id}"


BETWEEN_OWNERS, BEFORE_KEY = ",", ":"

RECORDS = """
SELECT r.id::text, r.kind, r.next_n, r.head, k.wrapped
FROM custody_record r LEFT JOIN record_key k ON k.record = r.id
WHERE r.id BETWEEN %s AND %s
ORDER BY r.id
"""
EVENTS = """
SELECT e.record::text, e.n, e.id::text, e.event, e.at, e.entry, e.mac,
       l.index, l.entry = e.entry, o.event IS NOT NULL,
       v.held, coalesce(v.names, ''), coalesce(v.texts, ''), coalesce(v.owners, '')
FROM custody_event e
LEFT JOIN log_entry l ON l.event = e.id
LEFT JOIN custody_outbox o ON o.event = e.id
CROSS JOIN LATERAL (
    SELECT count(*) AS held, string_agg(field, ',') AS names,
           string_agg(value, E'\\x1f') AS texts, string_agg(owner, ',') AS owners
    FROM (
        SELECT c.field, c.value, CASE WHEN c.key_record = e.record THEN ''
               ELSE c.key_record::text || coalesce(':' || encode(k.wrapped, 'hex'), '') END AS owner
        FROM custody_value c
        LEFT JOIN record_key k ON k.record = nullif(c.key_record, e.record)
        WHERE c.event = e.id ORDER BY c.field COLLATE "C"
    ) sorted
) v
WHERE e.record BETWEEN %s AND %s
ORDER BY e.record, e.n
"""
VALUES = """
SELECT v.field, v.value, nullif(v.key_record, e.record)::text, k.wrapped
FROM custody_event e JOIN custody_value v ON v.event = e.id
LEFT JOIN record_key k ON k.record = nullif(v.key_record, e.record)
WHERE e.id = %s ORDER BY v.field COLLATE "C"
"""
"""The values of one event, for one whose values cannot be told apart when they are joined."""
PERSON_ERASED = """
SELECT r.id::text FROM custody_record r LEFT JOIN record_key k ON k.record = r.id
WHERE r.kind = 'person' AND k.record IS NULL
"""
DISPOSED = """
SELECT DISTINCT v.value FROM custody_event e JOIN custody_value v ON v.event = e.id
WHERE e.event IN ('disposal.approved', 'disposal.done') AND v.field = 'exhibit'
"""
"""The exhibits of which an event says that they were to be disposed of, as JSON."""
WORDS_ERASED = "SELECT record::text FROM custody_event WHERE event = %s"
"""The releases of which an event says that what people wrote of them is erased."""
LOST = """
WITH restored AS (
    SELECT max(CASE WHEN v.field = 'size' THEN v.number END) AS size,
           max(CASE WHEN v.field = 'entries' THEN v.number END) AS entries,
           max(CASE WHEN v.field = 'known' THEN v.number END) AS known
    FROM custody_event e
    CROSS JOIN LATERAL (
        SELECT field, CASE WHEN value ~ '^[0-9]{1,16}$' THEN value::bigint END AS number
        FROM custody_value WHERE event = e.id
    ) v
    WHERE e.event = 'backup.restored' GROUP BY e.id
)
SELECT e.id::text FROM restored r
JOIN log_entry l ON l.index >= r.size AND l.index < r.size + r.entries
JOIN custody_event e ON e.id = l.event AND e.seq > r.known
"""
"""The events that a restored backup did not have: their entries came from the published log, and
what they said may be lost."""
ENTRIES = "SELECT index, entry FROM log_entry ORDER BY index"
NODES = "SELECT level, index, hash FROM log_node ORDER BY (index + 1) << level, level"
"""In the order in which a growing tree makes them."""
STRAYS = """
SELECT l.index FROM log_entry l LEFT JOIN custody_event e ON e.id = l.event
WHERE e.id IS NULL ORDER BY l.index
"""
"""Entries of events that are not there."""
