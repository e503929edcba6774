"""Service. Which files an exhibit has, and of which kinds they are."""

from uuid import UUID

from sqlmodel import Session, col, select

from export.holdings.tables import ExhibitFileRow

MASTER = "master"
SOURCE_FRAMES = "source_frames"
COPY, DERIVATION, FRAMES, CONTACT_SHEET = "copy", "derivation", "frames", "contact_sheet"


def files_of(session: Session, exhibit: UUID, *kinds: str) -> list[ExhibitFileRow]:
    """Return the files of an exhibit that are of these kinds (none: all), in a fixed order."""
    statement = select(ExhibitFileRow).where(ExhibitFileRow.exhibit == exhibit)
    if kinds:
        statement = statement.where(col(ExhibitFileRow.kind).in_(kinds))
    order = (col(ExhibitFileRow.position), col(ExhibitFileRow.name).collate("C"))
    return list(session.exec(statement.order_by(*order)).all())
