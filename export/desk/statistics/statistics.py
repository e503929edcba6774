"""Service. Figures for whoever asks how the council uses its cameras (Freedom of Information Act).

One statement counts everything, so that all figures are of one moment; what is small is hidden
before anybody sees it, staff included: what they look at is what they may give out.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

from custody.formats.canonical import format_time
from custody.formats.events import RecordKind
from custody.ledger.ledger import Ledger, Values
from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON
from evidence.people.access import Action, Subject
from evidence.people.people import as_person, require
from evidence.requests.clocks import DayKind
from export.desk.disclosures import Period
from export.desk.statistics import words
from export.desk.statistics.days import Answered
from export.desk.statistics.figures import Counted, Figures, Rules, answer_rows, table
from export.desk.statistics.periods import of_months

MOST_DAYS = 3660
"""Of one period."""
_COUNTS = text(Path(__file__).with_name("counts.sql").read_text(encoding="utf-8"))
_ANSWERED = "answered"


class Statistics:
    """Counts, and hides what is small."""

    def __init__(self, ledger: Ledger, rules: Rules) -> None:
        self._ledger = ledger
        self._rules = rules
        self._published: tuple[date, tuple[Figures, ...]] | None = None

    def figures(
        self, session: Session, period: Period, *, rough: bool = False, by: Subject, at: datetime
    ) -> Figures:
        """Return the figures of a period as of now; ``rough``: every one rounded.

        Raises:
            AccessRefusedError: ``by`` may not read them.
            InvalidError: the period has no first or last day, or too many.
        """
        require(Action.READ_STATISTICS, by)
        return self._count(session, period, rough=rough, behind=self._rules.least, at=at)

    def export(
        self, session: Session, period: Period, *, rough: bool = False, by: Subject, at: datetime
    ) -> Figures:
        """Return the figures of a period, to be taken out as a file: that is an event.

        Raises:
            AccessRefusedError, InvalidError: as `figures`; nothing was recorded.
        """
        found = self.figures(session, period, rough=rough, by=by, at=at)
        how = "rounded" if rough else "suppressed"
        values: Values = {
            "actor": as_person(by),
            "role": require(Action.READ_STATISTICS, by).value,
            "what": f"statistics, {found.first} to {found.last}, as of "
            f"{format_time(at.replace(microsecond=0))}, {how} below {found.least}",
        }
        record = self._ledger.open_record(session, RecordKind.STAFF_ACTION)
        self._ledger.append(session, record, "register.exported", values, at=at)
        return found

    def published(self, session: Session, *, at: datetime) -> tuple[Figures, ...]:
        """Return what everybody may read: of this year and the one before, the newer first.

        Of months that are over, and rounded: who comes back every day learns nothing of one day.
        Counted when somebody asks first in a month, and kept for the rest of it.
        """
        over = at.astimezone(LONDON).date().replace(day=1) - timedelta(days=1)
        if self._published is None or self._published[0] != over:
            first = over.replace(month=1, day=1)
            periods = Period(first, over), of_months(first - timedelta(days=1), 12)
            least = self._rules.behind_mean
            self._published = (
                over,
                tuple(
                    self._count(session, one, rough=True, behind=least, at=at) for one in periods
                ),
            )
        return self._published[1]

    def _count(
        self, session: Session, period: Period, *, rough: bool, behind: int, at: datetime
    ) -> Figures:
        first, last = _days(period)
        working = self._rules.answer.kind is DayKind.WORKING
        span = {"start": period.start, "end": period.end, "at": at, "working": working}
        counted: dict[str, dict[str, Counted]] = defaultdict(dict)
        answered: dict[str, list[Answered]] = defaultdict(list)
        for part, key, received, waited, count, more in session.execute(_COUNTS, span):
            if part == _ANSWERED:
                answered[key].append(Answered(waited, int(count), received, int(more)))
            else:
                counted[part][key] = Counted(int(count), int(more))
        # An amount is a number of fees times their price, and cannot be rounded like one; of
        # cameras nobody knows how many there were then.
        left_out = {words.Subject.FEES, words.Subject.CAMERAS} if rough else set()
        return Figures(
            first=first,
            last=last,
            at=at,
            least=self._rules.least,
            rounded=rough,
            tables=tuple(
                table(subject, counted[subject], self._rules, rough=rough)
                for subject in words.Subject
                if subject not in left_out
            ),
            answers=answer_rows(answered, self._rules, least=behind),
        )


def _days(period: Period) -> tuple[date, date]:
    """Return the first and the last day of a period.

    Raises:
        InvalidError: one of them is missing, or there are too many.
    """
    if period.first is None:
        raise InvalidError("first", "enter the first day")
    if period.last is None:
        raise InvalidError("last", "enter the last day")
    if (period.last - period.first).days >= MOST_DAYS:
        raise InvalidError("last", f"choose {MOST_DAYS // 366} years at the most")
    return period.first, period.last
