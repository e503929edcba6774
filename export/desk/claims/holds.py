"""Service. What the rows tell of legal holds."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session

from custody.audit.facts import Claim, Expected, Span
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from export.desk.claims.rows import claims_of, columns, dated
from export.holdings.tables import LegalHoldRow

_COLUMNS = columns(
    LegalHoldRow, "id exhibit placed_by placed_at reason lifted_by lifted_at lifted_reason"
)


def holds(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each hold of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _Holds, span)


class _Holds:
    """What is known of a hold stands in its row."""

    kind: ClassVar = RecordKind.STAFF_ACTION

    def __init__(self, _session: Session, _first: UUID, _last: UUID) -> None:
        """Read nothing more."""

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of LegalHoldRow
        """Return the claim of one of them."""
        placed: dict[str, JSON] = {
            "exhibit": str(row.exhibit),
            "reason": row.reason,
            "actor": str(row.placed_by),
            "at": dated(row.placed_at),
        }
        lifted = []
        if row.lifted_at is not None:
            lifted.append(
                Expected(
                    {
                        "exhibit": str(row.exhibit),
                        "reason": row.lifted_reason,
                        "actor": str(row.lifted_by),
                        "at": dated(row.lifted_at),
                    }
                )
            )
        return Claim(
            row.id,
            f"the hold {row.id}",
            RecordKind.STAFF_ACTION,
            {
                "hold.placed": [Expected(placed)],
                "hold.lifted": lifted,
            },
            flaws=tuple(_flaws(row)),
        )


def _flaws(row: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say where it was lifted by nobody, or at no time."""
    if row.lifted_at is None and (row.lifted_by is not None or row.lifted_reason):
        yield "was lifted by somebody at no time"
