"""Service. What there is of an exhibit that is disposed of: objects that go, rows that stay.

What stays: its reference, when it came, and of each file what releases say of it, too: its kind,
position, size and SHA-256.
"""

from sqlalchemy import String, cast, update
from sqlmodel import Session, col

from evidence import attention
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitDecisionRow, ExhibitRow
from evidence.mailbox.messages import forget_letters
from export.disposal.certificates import DestroyedFile
from export.disposal.obstacles import releases_of
from export.holdings.files import files_of
from export.holdings.tables import ExhibitFileRow
from export.release.releases import label
from export.sealing.steps import SealStore

PACKAGE = "package"


def clear_exhibit(session: Session, row: ExhibitRow) -> None:
    """Empty what was stated and found of an exhibit, what its files were called, letters, calls."""
    # It is so already, but where a backup brought it back as it was before.
    row.state = ExhibitState.DISPOSED
    row.title = row.camera = row.displayed_start = row.displayed_end = ""
    row.corrected_start = row.corrected_end = row.received_at
    row.retention_class, row.review_due_at = None, None
    row.description, row.facts, row.findings, row.examined_before = {}, [], [], []
    for change in (
        update(ExhibitFileRow)
        .where(col(ExhibitFileRow.exhibit) == row.id)
        # Of one exhibit each name is another; an identifier says nothing.
        .values(name=cast(col(ExhibitFileRow.id), String), original_name="", words=""),
        update(ExhibitDecisionRow)
        .where(col(ExhibitDecisionRow.exhibit) == row.id)
        .values(reason=""),
    ):
        session.exec(change)
    forget_letters(session, [row.id])
    for call in attention.calls_to(session, row.id):
        attention.settle(session, row.id, call.job)
    session.flush()


def objects_of(session: Session, row: ExhibitRow) -> list[tuple[str, DestroyedFile]]:
    """Return each object that goes, by its key: files, and packages that hold some of them."""
    found = [
        (one.key, DestroyedFile(one.kind, one.sha256, one.size, one.version))
        for one in files_of(session, row.id)
    ]
    for release in releases_of(session, row):
        joined = SealStore(release.id).joined(session)
        if joined is not None:
            sha256, size = joined.checked["sha256"], joined.archive["size"]
            told = DestroyedFile(PACKAGE, sha256, size, joined.archive["version"], label(release))
            found.append((joined.archive["key"], told))
    return found
