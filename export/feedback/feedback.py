"""Service. Answers about releases: given by whoever has the footage, changed by another answer.

Whoever calls has seen to it that the person is who they say: past the code of the release's link,
or of the request's page.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from custody.ledger.ledger import Ledger, Person, Values
from evidence.errors import StateError
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.requests.erasure.erasures import BEGUN
from evidence.requests.tables import RequestRow, RequestStepRow
from evidence.secrets import make_secret
from export.feedback.answers import ASKED, Answer, words_digest
from export.feedback.tables import FeedbackRow
from export.release.releases import Releases, label
from export.release.steps import needed_reason
from export.release.tables import ReleaseRow

GIVEN, ERASED = "feedback.given", "feedback.erased"
MOST_ANSWERS = 20
"""About one release: nobody outside writes into the ledger at will."""


class Feedback:
    """Keeps what is said of releases."""

    def __init__(
        self, ledger: Ledger, releases: Releases, *, random: Callable[[int], bytes]
    ) -> None:
        self._ledger = ledger
        self._releases = releases
        self._random = random

    def answer(
        self,
        session: Session,
        release: UUID,
        answer: Answer,
        *,
        by: Person,
        role: str,
        at: datetime,
    ) -> FeedbackRow:
        """Record an answer; the same one again changes nothing.

        Raises:
            StateError: nobody asks about this release, it has not left, its request is erased, or
            it has enough answers.
        """
        row = session.get_one(ReleaseRow, release, with_for_update=True)
        # Looked for under the lock: whoever erases has said so before, and locks it after.
        if _is_erased(session, row.urn):
            raise StateError(
                f"request {row.urn} is erased: nothing is asked about release {label(row)} any more"
            )
        if not asks_about(row):
            raise StateError(f"nobody asks yet whether release {label(row)} helped")
        last = latest_answer(session, release)
        if last is not None and (last.outcome, last.words) == (answer.outcome, answer.words):
            return last
        number = 1 if last is None else last.number + 1
        if number > MOST_ANSWERS:
            raise StateError(
                f"{MOST_ANSWERS} answers were given about release {label(row)}: telephone us"
            )
        given = FeedbackRow(
            release=release,
            number=number,
            person=by.record,
            role=role,
            outcome=answer.outcome.value,
            words=answer.words,
            salt=make_secret(self._random),
            at=at.replace(microsecond=0),  # events tell the time to the second
        )
        session.add(given)
        values: Values = {
            "actor": by,
            "role": role,
            "outcome": given.outcome,
            "facts": words_digest(given.words, given.salt),
        }
        self._ledger.append(session, release, GIVEN, values, at=at)
        session.flush()
        return given

    def of_request(self, session: Session, urn: str) -> ReleaseRow | None:
        """Return the last release under a number that left, if somebody is asked about it."""
        rows = select(ReleaseRow).where(
            ReleaseRow.urn == urn, col(ReleaseRow.collected_at).is_not(None)
        )
        row = session.exec(rows.order_by(col(ReleaseRow.number).desc()).limit(1)).first()
        return row if row is not None and asks_about(row) else None

    def erase(self, session: Session, name: str, *, by: Subject, at: datetime, reason: str) -> int:
        """Erase the words of every answer about a release; return of how many there were any.

        Raises:
            AccessRefusedError, InvalidError, UnknownError: nothing was recorded.
        """
        role = require(Action.ERASE_PAPERS, by)
        said = needed_reason(reason)
        release = self._releases.find(session, name, lock=True)
        return self._erase(session, release, said, by=by, role=role.value, at=at)

    def erase_under(
        self, session: Session, urn: str, *, by: Subject, role: str, at: datetime, reason: str
    ) -> int:
        """Erase them of every release under a number, as its request is; return how many.

        Done again, nothing is left to do.
        """
        releases = select(ReleaseRow).where(ReleaseRow.urn == urn).order_by(col(ReleaseRow.number))
        rows = session.exec(releases.with_for_update()).all()
        return sum(self._erase(session, row, reason, by=by, role=role, at=at) for row in rows)

    def erase_again(
        self, session: Session, release: UUID, *, by: Subject, role: str, at: datetime, reason: str
    ) -> int:
        """Erase the words that a backup brought back; done again, nothing is left to do."""
        row = self._releases.find(session, str(release), lock=True)
        return self._erase(session, row, reason, by=by, role=role, at=at)

    def _erase(
        self,
        session: Session,
        release: ReleaseRow,
        reason: str,
        *,
        by: Subject,
        role: str,
        at: datetime,
    ) -> int:
        """Erase the words about a release that is locked."""
        statement = select(FeedbackRow).where(
            FeedbackRow.release == release.id, col(FeedbackRow.erased_at).is_(None)
        )
        rows = session.exec(statement.order_by(col(FeedbackRow.number))).all()
        for row in rows:
            row.words = row.salt = ""
            row.erased_by, row.erased_reason = by.person, reason
            row.erased_at = at.replace(microsecond=0)
            said: Values = {"actor": as_person(by), "role": role, "reason": reason}
            self._ledger.append(session, release.id, ERASED, said, at=at)
        session.flush()
        return len(rows)


def asks_about(row: ReleaseRow) -> bool:
    """Tell whether somebody is asked if a release helped: it left, and it is of such a kind."""
    return row.kind in ASKED and row.collected_at is not None


def latest_answer(session: Session, release: UUID) -> FeedbackRow | None:
    """Return the answer about a release that counts; None: none was given."""
    rows = select(FeedbackRow).where(FeedbackRow.release == release)
    return session.exec(rows.order_by(col(FeedbackRow.number).desc()).limit(1)).first()


def _is_erased(session: Session, urn: str) -> bool:
    """Tell whether the request under a number is erased, or is about to be."""
    begun = (
        select(RequestStepRow.number)
        .join(RequestRow, col(RequestRow.id) == RequestStepRow.request)
        .where(RequestRow.urn == urn, RequestStepRow.event == BEGUN)
    )
    return session.exec(begun.limit(1)).first() is not None
