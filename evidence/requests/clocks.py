"""Pure. The clocks of a request: until the recorder overwrites, and until an answer is due.

When a recorder overwrites, `evidence/cameras/retention` knows. An answer is due on a day, in
London, counted from the day after the request came. A subject access request is due on the
corresponding day of the next month, or the last day of a month that has none; where that is no
working day, on the next one (ICO, "right of access").
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache

import holidays

from evidence.exhibits.clocks import LONDON

_DAY = timedelta(days=1)
_SATURDAY = 5
_DECEMBER = 12


class DayKind(StrEnum):
    """Which days the time for an answer counts."""

    CALENDAR = "calendar"
    WORKING = "working"
    """Monday to Friday, without the bank holidays of England."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a clock stood, because something is asked of the person."""

    since: datetime
    until: datetime | None
    """None: it stands now."""


def days_left(due: datetime, now: datetime) -> int:
    """Return the whole days until ``due``; below zero: it is past."""
    return (due - now) // _DAY


def answer_due(received: datetime, days: int, kind: DayKind) -> date:
    """Return the day by whose end an answer is due, in London."""
    due = received.astimezone(LONDON).date()
    if kind is DayKind.CALENDAR:
        return due + timedelta(days=days)
    for _ in range(days):
        due = _next_working(due + _DAY)
    return due


def month_due(received: datetime, pauses: Sequence[Pause] = ()) -> date | None:
    """Return the day by whose end a subject access request is due; None: its clock stands.

    Each pause moves the day by as many days as it lasted, those begun counted as whole ones of the
    person's time.
    """
    day = received.astimezone(LONDON).date()
    year, month = (day.year + 1, 1) if day.month == _DECEMBER else (day.year, day.month + 1)
    due = date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    for pause in pauses:
        if pause.until is None:
            return None
        due += _date(pause.until) - _date(pause.since)
    return _next_working(due)


def is_late(due: date | None, now: datetime) -> bool:
    """Tell whether the day by whose end something was due is over, in London."""
    return due is not None and _date(now) > due


def is_working(day: date) -> bool:
    """Tell whether people work on a day in England."""
    return day.weekday() < _SATURDAY and day not in _bank_holidays(day.year)


def _next_working(day: date) -> date:
    while not is_working(day):
        day += _DAY
    return day


def _date(moment: datetime) -> date:
    return moment.astimezone(LONDON).date()


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))
