"""Service. Which versions of objects the database names, and so belong to a backup of it.

Files of exhibits, what arrived and belongs to none yet, and sealed packages. What was erased is not
named: its rows may be there, but the key of its record is gone, or a row says that it went.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlmodel import Session

from storage.stored import StoredObject

_AT_ONCE = 1000
_NAMED = text(
    """
SELECT f.bucket, f.key, f.version, f.size, f.sha256, f.crc32
FROM exhibit_file f JOIN record_key k ON k.record = f.exhibit
JOIN exhibit e ON e.id = f.exhibit AND e.state <> 'disposed'
UNION
SELECT u.bucket, u.key, u.version, u.size, u.sha256, u.crc32
FROM upload u LEFT JOIN record_key k ON k.record = u.exhibit
WHERE u.exhibit IS NULL OR k.record IS NOT NULL
UNION
SELECT a.facts ->> 'bucket', a.facts ->> 'key', a.facts ->> 'version',
       (a.facts ->> 'size')::bigint, c.facts ->> 'sha256', (a.facts ->> 'crc32')::bigint
FROM seal_step a
JOIN seal_step c ON c.release = a.release AND c.step = 'check'
JOIN record_key k ON k.record = a.release
WHERE a.step = 'archive'
AND NOT EXISTS (SELECT FROM release_erasure g WHERE g.release = a.release)
AND NOT EXISTS (
    SELECT FROM release_exhibit x JOIN exhibit e ON e.id = x.exhibit
    WHERE x.release = a.release AND e.state = 'disposed'
)
"""
)


def named_objects(session: Session) -> Iterator[StoredObject]:
    """Yield each version once; there may be as many as there like."""
    rows = session.execute(_NAMED.execution_options(yield_per=_AT_ONCE))
    for bucket, key, version, size, sha256, crc32 in rows:
        yield StoredObject(bucket, key, version, size, sha256, crc32)
