"""Service. The audit of the ledger: the log against the database. This is the door.

* `TreeAudit`: every hash anew from the raw entries; checkpoints and timestamps over it.
* `RecordsAudit`: every event's MAC, its place, its record, its openings; and the claims of the
  packages above, which say what else the database tells of a record.

Both can be shared among processes (`custody.audit.shares`).
"""

from sqlmodel import Session

from custody.audit.facts import AuditReport, Claim, Span
from custody.audit.shares import Material, audit_all, audit_shared, processes_worth
from custody.audit.streams import take_snapshot


def audit(session: Session, material: Material, *, processes: int = 1) -> AuditReport:
    """Audit the ledger; writes nothing, and holds nobody up.

    The transaction of ``session`` is a snapshot (`take_snapshot`), or a log that grows meanwhile
    would look like one that was changed. More than one process see what was committed before it,
    and nothing that ``session`` itself changed. Memory does not grow with the log.

    Raises:
        UnavailableError: the database does not answer, or a process ended. Safe to retry.
    """
    share = audit_all if processes == 1 else audit_shared
    return share(session, material, processes)


__all__ = ["AuditReport", "Claim", "Material", "Span", "audit", "processes_worth", "take_snapshot"]
