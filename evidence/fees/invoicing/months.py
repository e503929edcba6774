"""Pure. The months of statements: each begins and ends at midnight in London."""

from datetime import UTC, date, datetime, time, timedelta

from evidence.exhibits.clocks import LONDON


def month_over(at: datetime) -> date:
    """Return the first day of the last month that is over at a moment, in London."""
    first = at.astimezone(LONDON).date().replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)


def month_end(month: date) -> datetime:
    """Return the moment at which a month is over, in UTC: in summer an hour before UTC's own."""
    following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return datetime.combine(following, time(), LONDON).astimezone(UTC)


def due_on(made: datetime, days: int) -> date:
    """Return the day by whose end a statement must be settled, in London."""
    return made.astimezone(LONDON).date() + timedelta(days=days)
