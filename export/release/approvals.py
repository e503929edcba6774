"""Service. Approvals that count no more: kept beside a release that must be approved anew."""

from datetime import datetime

from sqlmodel import Session, func, select

from export.release.tables import EarlierApprovalRow, ReleaseRow


def keep_approvals(session: Session, row: ReleaseRow, *, at: datetime) -> None:
    """Take the approvals out of a locked release, and keep them: their events stay, too."""
    given = (
        (row.approved_by, row.approved_at, row.reason),
        (row.seconded_by, row.seconded_at, row.seconded_reason),
    )
    kept = select(func.count()).where(EarlierApprovalRow.release == row.id)
    number = session.exec(kept).one()
    for who, when, why in given:
        if who is None or when is None:
            continue
        number += 1
        session.add(
            EarlierApprovalRow(
                release=row.id,
                number=number,
                approved_by=who,
                approved_at=when,
                reason=why,
                undone_at=at,
            )
        )
    row.approved_by = row.approved_at = row.seconded_by = row.seconded_at = None
    row.reason = row.seconded_reason = ""
