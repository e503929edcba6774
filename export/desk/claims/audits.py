"""Service. What the rows tell of the audits of each night, each a record by itself."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session

from custody.audit.facts import Claim, Expected, Span
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from export.desk.claims.rows import claims_of, columns, dated
from export.desk.oversight.nightly import AUDITED, findings_sha256
from export.desk.oversight.tables import LogAuditRow

_AUDIT = columns(LogAuditRow, "id at size root outcome failures findings duration_ms")


def audits(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each audit of a span, sorted by record."""
    return claims_of(session, _AUDIT, _Audits, span)


class _Audits:
    """What is known of an audit stands in its row."""

    kind: ClassVar = RecordKind.STAFF_ACTION

    def __init__(self, _session: Session, _first: UUID, _last: UUID) -> None:
        """Read nothing more."""

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - columns of LogAuditRow
        """Return the claim of one of them."""
        said: dict[str, JSON] = {
            name: getattr(row, name)
            for name in ("size", "root", "outcome", "failures", "duration_ms")
        }
        said |= {"findings": findings_sha256(row.findings), "at": dated(row.at)}
        name = f"the audit of {dated(row.at)}"
        return Claim(row.id, name, RecordKind.STAFF_ACTION, {AUDITED: [Expected(said)]})
