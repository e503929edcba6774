"""Service. Where a disposal stands, as its row says."""

from enum import StrEnum

from export.disposal.tables import DisposalRow


class DisposalState(StrEnum):
    """Where a disposal stands."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    APPROVED = "approved"
    DONE = "done"


def standing(row: DisposalRow) -> DisposalState:
    """Return where a disposal stands, as its row says."""
    if row.done_at is not None:
        return DisposalState.DONE
    if row.decided_at is None:
        return DisposalState.PROPOSED
    return DisposalState.REFUSED if row.refused_reason else DisposalState.APPROVED
