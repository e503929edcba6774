"""Service. Into which class an exhibit is put, and that somebody found it to be needed yet.

Nobody has put an exhibit into a class that just came: the council's own default holds, by when it
came. That is no decision, so no event tells of it, and the row says nothing.
"""

from datetime import date, datetime

from sqlmodel import Session

from custody.formats.canonical import format_time
from custody.ledger.ledger import Ledger, Values
from evidence.errors import StateError
from evidence.exhibits.exhibits import Exhibits
from evidence.exhibits.outcomes import locked
from evidence.exhibits.states import ExhibitState
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Action, Role, Subject
from evidence.people.people import as_person, require
from evidence.retention.classes import Retention, next_review, review_due
from evidence.wording import check_words

CLASSIFIED, REVIEWED = "exhibit.classified", "exhibit.reviewed"
_MOST = 2000


class Reviews:
    """Puts exhibits into classes, and takes down what a review came to."""

    def __init__(self, ledger: Ledger, exhibits: Exhibits, retention: Retention) -> None:
        self._ledger = ledger
        self._exhibits = exhibits
        self.retention = retention
        """The classes that the council has."""

    def classify(
        self,
        session: Session,
        name: str,
        *,
        retention_class: str,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> ExhibitRow:
        """Put an exhibit into a class; its review is due by that class, and when it came.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it is in that class, or it was disposed of.
        """
        role = require(Action.REVIEW_EXHIBIT, by)
        chosen = self.retention.named(retention_class)
        said = check_words("reason", reason, most=_MOST, lines=True)
        row = self._lock(session, name)
        if row.retention_class == chosen.key:
            raise StateError(f"{row.reference} is in the class {chosen.key} already")
        row.retention_class = chosen.key
        row.review_due_at = review_due(row.received_at, chosen.days)
        told = _values(by, role, said, row.review_due_at)
        values: Values = {**told, "retention_class": chosen.key}
        self._ledger.append(session, row.id, CLASSIFIED, values, at=at)
        session.flush()
        return row

    def keep(
        self,
        session: Session,
        name: str,
        *,
        until: date | None,
        by: Subject,
        at: datetime,
        reason: str,
    ) -> ExhibitRow:
        """Take down that an exhibit is needed yet, why, and on which day somebody looks again.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
            StateError: it was disposed of.
        """
        role = require(Action.REVIEW_EXHIBIT, by)
        due = next_review(until, at=at)
        said = check_words("reason", reason, most=_MOST, lines=True)
        row = self._lock(session, name)
        row.review_due_at = due
        self._ledger.append(session, row.id, REVIEWED, _values(by, role, said, due), at=at)
        session.flush()
        return row

    def _lock(self, session: Session, name: str) -> ExhibitRow:
        row = locked(session, self._exhibits.find(session, name).id)
        if row.state == ExhibitState.DISPOSED:
            raise StateError(f"{row.reference} was disposed of")
        return row


def _values(by: Subject, role: Role, reason: str, review: datetime) -> Values:
    return {
        "actor": as_person(by),
        "role": role.value,
        "reason": reason,
        "review": format_time(review),
    }
