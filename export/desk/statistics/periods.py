"""Pure. The periods that people ask for by name: a month, a quarter, a year of the calendar."""

from collections.abc import Sequence
from datetime import date, timedelta

from export.desk.disclosures import Period

_DAY = timedelta(days=1)
_QUARTER = 3


def of_months(day: date, months: int) -> Period:
    """Return the period of so many months, of which a whole number make a year, around a day."""
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    year, month = divmod(first.month - 1 + months, 12)
    return Period(first, date(first.year + year, month + 1, 1) - _DAY)


def named_periods(today: date) -> Sequence[tuple[str, Period]]:
    """Return the periods that are offered, each that holds today and the one before it."""
    found = []
    for words, months in (("month", 1), ("quarter", _QUARTER), ("year", 12)):
        now = of_months(today, months)
        assert now.first is not None
        found += [(f"This {words}", now), (f"Last {words}", of_months(now.first - _DAY, months))]
    return found
