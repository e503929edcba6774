"""Service. Which files an exhibit has, and of which kinds they are."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from custody.formats.canonical import JSON, format_time
from custody.ledger.tables import RecordKeyRow
from export.holdings.tables import ExhibitFileRow
from storage.objects.reading import MOST_OTHERS
from storage.stored import StoredObject

MASTER = "master"
PLAYER = "player"
"""What the recorder's own program needs to show a master: the program itself, or an index."""
CLOCK_PICTURE, CLOCK_SHOWN = "clock_picture", "clock_shown"
"""A photograph of the clock's comparison, as it was brought, and drawn anew to be shown."""
ORIGINAL = (MASTER, PLAYER)
"""The kinds of what came, untouched; everything else was made here."""
SOURCE_FRAMES = "source_frames"
COPY, DERIVATION, FRAMES, CONTACT_SHEET = "copy", "derivation", "frames", "contact_sheet"


def place_of(row: Any) -> dict[str, JSON]:  # noqa: ANN401 - also bare columns
    """Return what the ledger says of a file: every column of its row but whose file it is."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "position": row.position,
        "name": row.name,
        "original_name": row.original_name,
        "bucket": row.bucket,
        "key": row.key,
        "version": row.version,
        "sha256": row.sha256,
        "size": row.size,
        "crc32": f"{row.crc32:08x}",
        "stored_at": format_time(row.stored_at.replace(microsecond=0)),
        "words": row.words,
    }


def files_of(session: Session, exhibit: UUID, *kinds: str) -> list[ExhibitFileRow]:
    """Return the files of an exhibit that are of these kinds (none: all), in a fixed order."""
    return files_among(session, [exhibit], *kinds).get(exhibit, [])


def files_among(
    session: Session, exhibits: Collection[UUID], *kinds: str
) -> Mapping[UUID, list[ExhibitFileRow]]:
    """Return the files of each of these exhibits, as `files_of` does; none: no key."""
    statement = select(ExhibitFileRow).where(col(ExhibitFileRow.exhibit).in_(exhibits))
    if kinds:
        statement = statement.where(col(ExhibitFileRow.kind).in_(kinds))
    order = (col(ExhibitFileRow.position), col(ExhibitFileRow.name).collate("C"))
    found: dict[UUID, list[ExhibitFileRow]] = {}
    for row in session.exec(statement.order_by(*order)):
        found.setdefault(row.exhibit, []).append(row)
    return found


def other_files(session: Session, version: str) -> list[StoredObject]:
    """Return some files that are in the store, without this version: any, as they are found."""
    rows = (
        select(ExhibitFileRow)
        .join(RecordKeyRow, col(RecordKeyRow.record) == ExhibitFileRow.exhibit)
        .where(ExhibitFileRow.version != version)
        .order_by(col(ExhibitFileRow.id))
        .limit(MOST_OTHERS)
    )
    return [row.stored() for row in session.exec(rows)]
