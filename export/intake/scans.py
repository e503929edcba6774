"""Service. What the malware scanner said of the files that an exhibit was made of."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import Session, col, select

from export.intake.malware import FOUND
from export.intake.tables import UploadRow


def scans_of(session: Session, exhibit: UUID) -> Mapping[tuple[str, str], str]:
    """Return what the scanner said of each of an exhibit's masters, by its key and version."""
    uploads = session.exec(select(UploadRow).where(UploadRow.exhibit == exhibit))
    return {(upload.key, upload.version): upload.scan for upload in uploads}


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
