"""Service. The audit of the ledger: the log against the database. This is the door.

* `TreeAudit`: every hash anew from the raw entries; checkpoints and timestamps over it.
* `RecordsAudit`: every event's MAC, its place, its record, its openings; and the claims of the
  packages above, which say what else the database tells of a record.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from custody.audit.facts import AuditReport, Claim, Tally
from custody.audit.records import RecordsAudit
from custody.audit.streams import Streams, take_snapshot
from custody.audit.tree import TreeAudit
from custody.keys import RecordKeys
from custody.note import VerifierKey


def audit(
    session: Session,
    keys: RecordKeys,
    *,
    mac_key: bytes,
    log_key: VerifierKey,
    tsa_chain_pem: bytes,
    claims: Iterable[Claim],
    now: datetime,
) -> AuditReport:
    """Audit the ledger; writes nothing, and holds nobody up.

    The transaction of ``session`` is a snapshot (`take_snapshot`), or a log that grows meanwhile
    would look like one that was changed. ``claims`` are sorted by record, and read while the
    audit goes on. Memory does not grow with the log.
    """
    tally = Tally()
    with Streams(session) as streams:
        tree = TreeAudit(session, streams, tally, log_key, tsa_chain_pem).run()
        RecordsAudit(streams, tally, keys, mac_key=mac_key, claims=claims, now=now).run()
    return AuditReport(tree.size, tree.root, tally.close())


__all__ = ["AuditReport", "Claim", "audit", "take_snapshot"]
