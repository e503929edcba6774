"""Service. What the rows tell of answers: whether a release helped, and whose words were erased."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col

from custody.audit.facts import Expected
from custody.formats.canonical import JSON
from export.desk.claims.rows import dated, grouped, pick
from export.feedback.answers import words_digest
from export.feedback.feedback import ERASED, GIVEN
from export.feedback.tables import FeedbackRow

_COLUMNS = (
    *("release", "number", "person", "role", "outcome", "words", "salt", "at"),
    *("erased_by", "erased_at", "erased_reason"),
)


class FeedbackTold:
    """The answers about the releases from one to another, by their identifiers."""

    def __init__(self, session: Session, first: UUID, last: UUID) -> None:
        row = FeedbackRow
        self._rows = grouped(
            session,
            pick(*(getattr(row, name) for name in _COLUMNS))
            .where(col(row.release).between(first, last))
            .order_by(col(row.release), col(row.number)),
        )

    def events(self, release: UUID) -> dict[str, Sequence[Expected]]:
        """Return the events that must be there."""
        rows = self._rows[release]
        return {
            GIVEN: [Expected(_given(one)) for one in rows],
            ERASED: [Expected(_erased(one)) for one in rows if one.erased_at is not None],
        }

    def flaws(self, release: UUID) -> Iterator[str]:
        """Say what the rows say that no answers give."""
        rows = self._rows[release]
        if [one.number for one in rows] != list(range(1, len(rows) + 1)):
            yield "has answers that are not numbered one after another"
        for one in rows:
            if (one.erased_at is None) != (one.erased_by is None and not one.erased_reason):
                yield "has an answer that was erased by nobody, or at no time"
            if one.erased_at is not None and (one.words or one.salt):
                yield "has an answer that was erased, and its words are there"


def _given(row: Any) -> dict[str, JSON]:  # noqa: ANN401 - the columns of FeedbackRow
    said: dict[str, JSON] = {
        "actor": str(row.person),
        "role": row.role,
        "outcome": row.outcome,
        "at": dated(row.at),
    }
    if row.erased_at is None:
        said["facts"] = words_digest(row.words, row.salt)
    return said


def _erased(row: Any) -> dict[str, JSON]:  # noqa: ANN401 - as above
    return {
        "actor": str(row.erased_by),
        "reason": row.erased_reason,
        "at": dated(row.erased_at),
    }
