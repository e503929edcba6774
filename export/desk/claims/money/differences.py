"""Service. What the rows tell of differences about money, each a record by itself."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session

from custody.audit.facts import Claim, Expected, Span
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from evidence.fees.differences import What
from evidence.fees.tables import DifferenceRow
from export.desk.claims.rows import claims_of, columns, dated

_DIFFERENCE = columns(
    DifferenceRow,
    "id what provider_reference words found_at settled_by settled_at settled_reason",
)


def differences(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each difference of a span, sorted by record."""
    return claims_of(session, _DIFFERENCE, _Differences, span)


class _Differences:
    """What is known of a difference stands in its row."""

    kind: ClassVar = RecordKind.STAFF_ACTION

    def __init__(self, _session: Session, _first: UUID, _last: UUID) -> None:
        """Read nothing more."""

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - columns of DifferenceRow
        """Return the claim of one of them."""
        found: dict[str, JSON] = {
            "what": What(row.what).value,
            "provider_reference": row.provider_reference,
            "reason": row.words,
            "at": dated(row.found_at),
        }
        settled = []
        if row.settled_at is not None:
            said: dict[str, JSON] = {
                "actor": str(row.settled_by),
                "reason": row.settled_reason,
                "at": dated(row.settled_at),
            }
            settled.append(Expected(said))
        unsettled = row.settled_at is None and (row.settled_by is not None or row.settled_reason)
        return Claim(
            row.id,
            f"the difference {row.id}",
            RecordKind.STAFF_ACTION,
            {"difference.found": [Expected(found)], "difference.settled": settled},
            flaws=("was settled by somebody at no time",) if unsettled else (),
        )
