"""Edge. Days as people type them into a search."""

import re
from datetime import date, datetime, timedelta

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON

_TYPED = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{4})", re.ASCII)


def parse_day(field: str, text: str) -> date | None:
    """Return a day from ``20/11/2026`` or ``2026-11-20``; nothing typed: None.

    Raises:
        InvalidError: it is no day.
    """
    text = text.strip()
    if not text:
        return None
    typed = _TYPED.fullmatch(text)
    try:
        if typed:
            return date(int(typed[3]), int(typed[2]), int(typed[1]))
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidError(field, "Enter a real date, such as 20/11/2026") from error


def begins(day: date | None) -> datetime | None:
    """Return when a day begins in England."""
    return None if day is None else datetime.combine(day, datetime.min.time(), LONDON)


def ends(day: date | None) -> datetime | None:
    """Return when the next day begins."""
    return begins(None if day is None else day + timedelta(days=1))
