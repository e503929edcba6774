"""Pure. Until when a recorder keeps what it recorded, across the changes of the clocks."""

from datetime import UTC, date, datetime, timedelta

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON

_FIRST = date(2000, 1, 1)
"""Before this day nobody asks about."""


def overwritten_at(moment: datetime, days: int) -> datetime:
    """Return when a recorder that keeps footage so many days overwrites that of a moment.

    So many times 24 hours later, or at the same time on the clock so many days later: between the
    two lies a change of the clocks, and the earlier one is safe to say.
    """
    same_time = (moment.astimezone(LONDON) + timedelta(days=days)).replace(fold=0)
    return min(moment.astimezone(UTC) + timedelta(days=days), same_time.astimezone(UTC))


def incident_at(day: str, time: str, *, now: datetime) -> datetime:
    """Return the moment of an incident, in UTC, from ``2026-11-20`` and ``14:03``, London time.

    Of an hour that the clocks repeat, the first: what is kept of it is overwritten earlier.

    Raises:
        InvalidError: no such day or time, an hour that the clocks skip, or it is still to come.
    """
    try:
        on = date.fromisoformat(day.strip())
    except ValueError:
        on = date.min
    if on < _FIRST:
        raise InvalidError("date", "enter the day, such as 2026-11-20")
    try:
        clock = datetime.strptime(time.strip().replace(".", ":"), "%H:%M").time()  # noqa: DTZ007 - a clock's time
    except ValueError:
        raise InvalidError("time", "enter the time on the 24-hour clock, such as 14:03") from None
    moment = datetime.combine(on, clock, LONDON).astimezone(UTC)
    if moment.astimezone(LONDON).time() != clock:
        words = "there was no such time that night: the clocks went forward by an hour"
        raise InvalidError("time", words)
    if moment > now:
        raise InvalidError("date", "this time is still to come: check the day and the time")
    return moment
