"""Service. What the rows tell of erasures of people, each a record by itself."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Claim, Expected, Span
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind
from export.desk.claims.rows import claims_of, columns, dated, grouped, pick
from export.erasure.tables import PersonErasureRow, PersonErasureSubjectRow

_COLUMNS = columns(
    PersonErasureRow, "id basis asked_by asked_at decided_by decided_at refused_reason done_at"
)


def erasures(session: Session, span: Span) -> Iterator[Claim]:
    """Yield a claim for each erasure of a span, sorted by record."""
    return claims_of(session, _COLUMNS, _Erasures, span)


class _Erasures:
    """Whom each is about stands in rows of another table."""

    kind: ClassVar = RecordKind.STAFF_ACTION

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        row = PersonErasureSubjectRow
        self._people = grouped(
            session,
            pick(row.erasure, row.person).where(col(row.erasure).between(first, last)),
        )

    def claim(self, row: Any) -> Claim:  # noqa: ANN401 - the columns of PersonErasureRow
        """Return the claim of one of them."""
        people: list[JSON] = [str(one.person) for one in self._people[row.id]]
        decided: dict[str, JSON] = {
            "actor": str(row.decided_by),
            "at": None if row.decided_at is None else dated(row.decided_at),
        }
        approved = row.decided_at is not None and not row.refused_reason
        refused = row.decided_at is not None and bool(row.refused_reason)
        # Before it is approved, it is about those who were known when it was asked for.
        asked: dict[str, JSON] = {
            "actor": str(row.asked_by),
            "basis": row.basis,
            "at": dated(row.asked_at),
        }
        if not approved:
            asked["people"] = people
        done: list[Expected] = []
        if row.done_at is not None:
            done.append(Expected({"people": people, "at": dated(row.done_at)}))
        return Claim(
            row.id,
            f"the erasure {row.id}",
            RecordKind.STAFF_ACTION,
            {
                "erasure.asked": [Expected(asked)],
                "erasure.approved": [Expected({**decided, "people": people})] if approved else [],
                "erasure.refused": (
                    [Expected({**decided, "reason": row.refused_reason})] if refused else []
                ),
                "erasure.done": done,
            },
            flaws=tuple(_flaws(row)),
        )


def _flaws(row: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Say what no erasure comes to."""
    if (row.decided_by is None) != (row.decided_at is None):
        yield "was decided by nobody, or at no time"
    if row.refused_reason and row.decided_at is None:
        yield "was refused at no time"
    if row.done_at is not None and (row.decided_at is None or row.refused_reason):
        yield "is done, and was not approved"
