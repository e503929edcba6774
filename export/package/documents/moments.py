"""Pure. Moments as a reader in England says them, with UTC beside, from what a record holds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from evidence.exhibits.clocks import LONDON

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment, in the words of a page."""

    local: str
    """On a right clock in England: `21 November 2026, 20:45:59 GMT`."""
    utc: str
    """`20:45:59 UTC`, with the date where it is another one there."""
    machine: str
    """As the record holds it, for programs that read the page."""


def moment(text: str) -> Moment:
    """Say a moment of a record (RFC 3339, with `Z` or an offset); one that cannot be, as it is."""
    try:
        at = datetime.fromisoformat(text)
        local, utc = at.astimezone(LONDON), at.astimezone(UTC)
    except (ValueError, OverflowError):
        return Moment(text, text, text)
    date = "" if local.date() == utc.date() else f"{_date(utc)}, "
    return Moment(f"{_date(local)}, {_time(local)} {local:%Z}", f"{date}{_time(utc)} UTC", text)


def as_shown(text: str) -> str:
    """Say a time as a system displayed it, right or wrong: no zone is added and none converted."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{_date(at)}, {_time(at)}"


def lasting(seconds: timedelta) -> str:
    """Say how long something took: `1 minute 13 seconds`, with thousandths where there are any."""
    whole, micros = divmod(seconds // timedelta(microseconds=1), 1_000_000)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{micros // 1000:03}" if micros // 1000 else ""
    parts = [_counted(hours, "hour"), _counted(minutes, "minute")]
    if fraction:
        parts.append(f"{rest}{fraction} seconds")
    elif rest or not whole:
        parts.append(_counted(rest, "second") or "0 seconds")
    return " ".join(filter(None, parts))


def _counted(number: int, unit: str) -> str:
    if number == 0:
        return ""
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _date(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S}" + (f".{at.microsecond // 1000:03}" if at.microsecond else "")
