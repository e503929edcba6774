"""Service. What the rows tell of disposals, each a record by itself."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session

from custody.audit.facts import Claim, Expected, Span
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from export.desk.claims.rows import claims_of, columns, dated
from export.disposal.certificates import certificate_digest, told_basis
from export.disposal.tables import DisposalRow

_COLUMNS = columns(
    DisposalRow,
    "id exhibit basis early proposed_by proposed_at decided_by decided_at refused_reason done_at "
    "certificate",
)


def disposals(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each disposal of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _Disposals, span)


class _Disposals:
    """What is known of a disposal stands in its row."""

    kind: ClassVar = RecordKind.STAFF_ACTION

    def __init__(self, _session: Session, _first: UUID, _last: UUID) -> None:
        """Read nothing more."""

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of DisposalRow
        """Return the claim of one of them."""
        basis = told_basis(row.basis, early=row.early)
        about: dict[str, JSON] = {"exhibit": str(row.exhibit), "basis": basis}
        decided: dict[str, JSON] = {
            "actor": str(row.decided_by),
            "at": None if row.decided_at is None else dated(row.decided_at),
        }
        approved = row.decided_at is not None and not row.refused_reason
        refused = row.decided_at is not None and bool(row.refused_reason)
        proposed: dict[str, JSON] = {
            **about,
            "actor": str(row.proposed_by),
            "at": dated(row.proposed_at),
        }
        done: list[Expected] = []
        if row.done_at is not None:
            certificate = certificate_digest(bytes(row.certificate or b""))
            done.append(Expected({**about, "at": dated(row.done_at), "certificate": certificate}))
        return Claim(
            row.id,
            f"the disposal {row.id}",
            RecordKind.STAFF_ACTION,
            {
                "disposal.proposed": [Expected(proposed)],
                "disposal.approved": [Expected({**about, **decided})] if approved else [],
                "disposal.refused": (
                    [Expected({**decided, "reason": row.refused_reason})] if refused else []
                ),
                "disposal.done": done,
            },
            flaws=tuple(_flaws(row)),
        )


def _flaws(row: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say what no disposal comes to."""
    if (row.decided_by is None) != (row.decided_at is None):
        yield "was decided by nobody, or at no time"
    if row.refused_reason and row.decided_at is None:
        yield "was refused at no time"
    if (row.done_at is None) != (row.certificate is None):
        yield "is done without a certificate, or certified before it is done"
