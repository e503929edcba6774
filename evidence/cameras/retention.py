"""Pure. Until when a recorder keeps what it recorded, across the changes of the clocks."""

import re
from datetime import UTC, date, datetime, time, timedelta

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON

_FIRST = date(2000, 1, 1)
"""Before this day nobody asks about."""
_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?::[0-5]\d)?", re.ASCII)
"""Some browsers send seconds, too."""


def overwritten_at(moment: datetime, days: int) -> datetime:
    """Return when a recorder that keeps footage so many days overwrites that of a moment.

    So many times 24 hours later, or at the same time on the clock so many days later: between the
    two lies a change of the clocks, and the earlier one is safe to say.
    """
    same_time = (moment.astimezone(LONDON) + timedelta(days=days)).replace(fold=0)
    return min(moment.astimezone(UTC) + timedelta(days=days), same_time.astimezone(UTC))


def read_day(text: str) -> date:
    """Read the day of an incident: ``2026-11-20``.

    Raises:
        InvalidError: it is none.
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.min
    if day < _FIRST:
        raise InvalidError("date", "enter the day, such as 2026-11-20")
    return day


def read_clock(text: str) -> time:
    """Read a time on the clock: ``14:03``.

    Raises:
        InvalidError: it is none.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise InvalidError("time", "enter the time on the 24-hour clock, such as 14:03")
    return time(int(match[1]), int(match[2]))


def incident_at(day: str, clock: str, *, now: datetime) -> datetime:
    """Return the moment of an incident, in UTC, of a day and a time on the clock in London.

    Of an hour that the clocks repeat, the first: what is kept of it is overwritten earlier.

    Raises:
        InvalidError: no such day or time, an hour that the clocks skip, or it is still to come.
    """
    shown = read_clock(clock)
    moment = datetime.combine(read_day(day), shown, LONDON).astimezone(UTC)
    if moment.astimezone(LONDON).time() != shown:
        words = "there was no such time that night: the clocks went forward by an hour"
        raise InvalidError("time", words)
    if moment > now:
        raise InvalidError("date", "this time is still to come: check the day and the time")
    return moment
