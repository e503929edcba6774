"""Service. Exhibits whose review is due, and what else is known of one: it writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.paging import MOST_COUNTED, Cursor, Page, page_of, soonest
from evidence.people.access import Action, Subject
from evidence.people.people import require
from evidence.retention.classes import Retention, came_before, review_due


@dataclass(frozen=True, slots=True)
class ExhibitReview:
    """An exhibit, its class in words, and when its review is due."""

    row: ExhibitRow
    class_words: str
    classified: bool
    """Whether somebody put it into its class; else the council's default holds."""
    due_at: datetime


class DueReviews:
    """Finds what is to be reviewed."""

    def __init__(self, retention: Retention) -> None:
        self.retention = retention

    def page(
        self, session: Session, *, by: Subject, at: datetime, cursor: Cursor | None, most: int
    ) -> Page[ExhibitReview]:
        """Return a page of the exhibits whose review is due, what is longest overdue first.

        Raises:
            AccessRefusedError: ``by`` may see none.
        """
        require(Action.SHOW_EXHIBIT, by)
        # Of what nobody classified, 24 hours for a day: within an hour in the order, no more.
        first = timedelta(days=self.retention.usual.days)
        due = func.coalesce(ExhibitRow.review_due_at, ExhibitRow.received_at + first)
        statement = select(ExhibitRow).where(self._is_due(at))
        found = page_of(
            lambda place: session.exec(
                soonest(statement, due, col(ExhibitRow.id), place, most=most)
            ).all(),
            lambda row: (row.review_due_at or row.received_at + first, row.id),
            cursor,
            most=most,
        )
        return found.of([self.of(row) for row in found.rows])

    def waiting(
        self, session: Session, *, at: datetime, most: int
    ) -> tuple[int, Sequence[ExhibitRow]]:
        """Return how many are due, counted up to one more than `MOST_COUNTED`, and some."""
        due = self._is_due(at)
        oldest = select(ExhibitRow).where(due).order_by(col(ExhibitRow.received_at))
        rows = session.exec(oldest.limit(most + 1)).all()
        if len(rows) <= most:
            return len(rows), rows
        some = select(ExhibitRow.id).where(due).limit(MOST_COUNTED + 1).subquery()
        count = session.scalar(select(func.count()).select_from(some)) or 0
        return count, rows[:most]

    def of(self, row: ExhibitRow) -> ExhibitReview:
        """Return what is known of the review of an exhibit."""
        first = review_due(row.received_at, self.retention.usual.days)
        return ExhibitReview(
            row,
            self.retention.words(row.retention_class),
            row.retention_class is not None,
            row.review_due_at or first,
        )

    def _is_due(self, at: datetime) -> ColumnElement[bool]:
        # Two indexes: what somebody set a day for, and what the council's default holds for.
        due, came = col(ExhibitRow.review_due_at), col(ExhibitRow.received_at)
        first = came_before(at, self.retention.usual.days)
        return and_(
            col(ExhibitRow.state) != ExhibitState.DISPOSED.value,
            or_(due <= at, and_(due.is_(None), came < first)),
        )
