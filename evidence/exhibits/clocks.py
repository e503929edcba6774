"""Pure. Times as a recorder displayed them, and what they were in truth.

Times are entered as the system displayed them, Europe/London. Actual time = displayed - offset,
where a positive offset means that the system was fast.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from evidence.errors import InvalidError

LONDON = ZoneInfo("Europe/London")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_YEARS = range(1970, 2200)
"""A recorder with a dead battery shows 1970; outside of this nobody meant what they typed."""
_OFFSET = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<h>\d{1,5})h)?(?:(?P<m>\d{1,5})m)?"
    r"(?:(?P<s>\d{1,8})(?:\.(?P<ms>\d{1,3}))?s?)?",
    re.ASCII,
)


def parse_local(field: str, text: str) -> datetime:
    """Return a time on a clock, with its offset from UTC, from ``2026-11-20 14:03:00``.

    Europe/London unless it says its offset itself: ``2026-11-20 14:03:00+00:00``.

    Raises:
        InvalidError: no date and time; or an hour that the clocks skip or repeat, given without
            an offset from UTC.
    """
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or moment.year not in _YEARS:
        raise InvalidError(
            field, f"{text[:80]!r} is no date and time: write it like 2026-11-20 14:03:00"
        )
    if moment.tzinfo is not None:
        return moment
    early, late = (moment.replace(tzinfo=LONDON, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early
    exists = early.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) == moment
    which = "happens twice that night" if exists else "does not exist: the clocks go forward"
    raise InvalidError(
        field,
        f"{text!r} {which}. Say which one is meant: {moment.isoformat(sep=' ')}+01:00 "
        f"for summer time, {moment.isoformat(sep=' ')}+00:00 for winter time",
    )


def parse_offset(text: str) -> int:
    """Return a clock offset in milliseconds from ``+2m13s``, ``-4.5s``, ``1h``, ``0``.

    Raises:
        InvalidError: it is none of these.
    """
    match = _OFFSET.fullmatch(text.strip())
    if match is None or not any(match[part] for part in ("h", "m", "s")):
        raise InvalidError(
            "clock_offset",
            f"{text[:80]!r} is no clock offset: write how far the system was fast, such as +2m13s, "
            "or slow, such as -4.5s, or 0 if it was right",
        )
    hours, minutes, seconds = (int(match[part] or 0) for part in ("h", "m", "s"))
    milliseconds = int((match["ms"] or "").ljust(3, "0") or 0)
    total = ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
    return -total if match["sign"] == "-" else total
