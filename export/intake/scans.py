"""Service. What the malware scanner said of the files that an exhibit was made of."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, col, select

from export.intake.malware import FOUND
from export.intake.tables import UploadRow

# As 0004_desk.sql writes it: otherwise the index would be of no use.
INFECTED: ColumnElement[bool] = literal_column("upload.scan LIKE 'found: %'")
"""Whether the scanner found something in an upload."""


def scans_of(session: Session, exhibit: UUID) -> Mapping[tuple[str, str], str]:
    """Return what the scanner said of each of an exhibit's masters, by its key and version."""
    uploads = session.exec(select(UploadRow).where(UploadRow.exhibit == exhibit))
    return {(upload.key, upload.version): upload.scan for upload in uploads}


def infected_among(session: Session, exhibits: Collection[UUID]) -> Mapping[UUID, Sequence[str]]:
    """Return the names of the malware that the scanner found in each of these; none: no key."""
    if not exhibits:
        return {}
    scans = session.exec(
        select(UploadRow.exhibit, UploadRow.scan)
        .where(col(UploadRow.exhibit).in_(exhibits), col(UploadRow.scan).startswith(FOUND))
        .order_by(UploadRow.scan)
    )
    found: dict[UUID, list[str]] = {}
    for exhibit, scan in scans:
        if exhibit is not None and (name := scan.removeprefix(FOUND)) not in found.get(exhibit, ()):
            found.setdefault(exhibit, []).append(name)
    return found


def infected(session: Session, exhibit: UUID, *, key: str | None = None) -> tuple[str, ...]:
    """Return the names of the malware that the scanner found in an exhibit's masters.

    ``key`` is the place in the vault of one of them, if only that one is meant.
    """
    wanted = select(UploadRow.scan).where(
        UploadRow.exhibit == exhibit, col(UploadRow.scan).startswith(FOUND)
    )
    if key is not None:
        wanted = wanted.where(UploadRow.key == key)
    scans = session.exec(wanted.order_by(UploadRow.scan))
    return tuple(dict.fromkeys(scan.removeprefix(FOUND) for scan in scans))
