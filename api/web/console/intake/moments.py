"""Pure. Dates, times and clock offsets as people type them into a form.

Taken is what people write: ``Nov`` for a month, ``26`` for a year, ``2.03pm``, ``1403``,
``01:30 BST``. Given on is what `evidence.exhibits.clocks` reads: there is one rule of what a time
is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON, parse_local

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = re.compile(
    r"(?P<h>\d{1,2})"
    r"(?:[:.]?(?P<m>\d{2})(?:[:.]?(?P<s>\d{2})(?:[.,](?P<f>\d{1,6}))?)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>bst|gmt|utc|z)?",
    re.ASCII | re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,8}", re.ASCII)
_SECONDS = re.compile(r"(\d{1,8})(?:[.,](\d{1,3}))?", re.ASCII)
_HALF = 12
_CENTURY = 2000
_ZONES = {"bst": "+01:00", "gmt": "+00:00", "utc": "+00:00", "z": "+00:00"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a time as they were typed: four texts."""

    day: str = ""
    month: str = ""
    year: str = ""
    time: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was typed at all."""
        return not (self.day or self.month or self.year or self.time)

    @property
    def undated(self) -> bool:
        """Whether there is no date."""
        return not (self.day or self.month or self.year)


def moment_in(typed: Mapping[str, str], field: str) -> Moment:
    """Return what was typed into the four inputs of a moment."""
    day, month, year, time = (
        typed.get(f"{field}{part}", "").strip() for part in ("-day", "-month", "-year", "_time")
    )
    return Moment(day, month, year, time)


def parse_moment(field: str, moment: Moment, *, what: str) -> str:
    """Return a moment as ``2026-11-20 14:03:00``, with an offset from UTC if a zone was typed.

    ``what`` is its name in a sentence: "the recording starts".

    Raises:
        InvalidError: it is no date (for ``field``), or no time (for ``field`` and ``_time``).
    """
    day = _parse_date(field, moment, what)
    clock, zone = _parse_time(f"{field}_time", moment.time, what)
    text = f"{day.isoformat()} {clock}{zone}"
    try:
        parse_local(field, text)
    except InvalidError as error:
        raise _plainly(field, moment, error) from error
    return text


def _plainly(field: str, moment: Moment, error: InvalidError) -> InvalidError:
    """Return what is wrong with a time that the clocks repeat or skip, without a format."""
    if "twice" in str(error):
        words = (
            f"The clocks went back that night, and {moment.time} came twice. Write BST after it "
            "for summer time, which came first, or GMT for winter time"
        )
        return InvalidError(f"{field}_time", words)
    if "forward" in str(error):
        words = (
            f"The clocks went forward that night, and there was no {moment.time}. If the system "
            "showed it, write GMT after it"
        )
        return InvalidError(f"{field}_time", words)
    return InvalidError(field, "Enter a year from 1970 on")


def _parse_date(field: str, moment: Moment, what: str) -> date:
    if moment.undated:
        raise InvalidError(field, f"Enter the date when {what}")
    month = _month(moment.month)
    year = int(moment.year) if _NUMBER.fullmatch(moment.year) else 0
    try:
        if not _NUMBER.fullmatch(moment.day) or not month:
            raise ValueError  # noqa: TRY301 - the same answer for whatever is wrong
        return date(year + _CENTURY if len(moment.year) == 2 else year, month, int(moment.day))  # noqa: PLR2004 - two digits of a year
    except ValueError:
        raise InvalidError(
            field, f"The date when {what} must be a real date, such as 20 11 2026"
        ) from None


def _month(text: str) -> int:
    if _NUMBER.fullmatch(text):
        return int(text)
    name = text.lower().rstrip(".")
    found = [number for number, short in enumerate(_MONTHS, 1) if name[:3] == short]
    return found[0] if found else 0


def _parse_time(field: str, text: str, what: str) -> tuple[str, str]:
    if not text:
        raise InvalidError(field, f"Enter the time when {what}, as it was shown")
    match = _TIME.fullmatch(text)
    wrong = InvalidError(
        field, f"The time when {what} must be a real time, such as 14:03:00 or 2:03pm"
    )
    if match is None or (match["m"] is None and match["half"] is None):
        raise wrong
    hour, minute, second = (int(match[part] or 0) for part in ("h", "m", "s"))
    if match["half"]:
        if not 1 <= hour <= _HALF:
            raise wrong
        hour = hour % _HALF + (_HALF if match["half"][0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - what clocks show
        raise wrong
    fraction = f".{match['f']}" if match["f"] else ""
    return f"{hour:02}:{minute:02}:{second:02}{fraction}", _ZONES.get(
        (match["zone"] or "").lower(), ""
    )


def parse_clock(typed: Mapping[str, str]) -> int | None:
    """Return a clock offset in milliseconds (positive: the system was fast) from four inputs.

    None: nobody checked it. ``clock`` says that, or correct, fast or slow; ``clock_hours``,
    ``clock_minutes`` and ``clock_seconds`` say how much.

    Raises:
        InvalidError: nothing was chosen, or no amount that could be one.
    """
    way = typed.get("clock", "")
    if way == "correct":
        return 0
    if way == "unchecked":
        return None
    if way not in ("fast", "slow"):
        raise InvalidError(
            "clock", "Select whether the clock was correct, fast, slow or not checked"
        )
    hours, minutes = (typed.get(f"clock_{unit}", "").strip() for unit in ("hours", "minutes"))
    seconds = _SECONDS.fullmatch(typed.get("clock_seconds", "").strip() or "0")
    if seconds is None or not all(_NUMBER.fullmatch(part or "0") for part in (hours, minutes)):
        raise InvalidError("clock_minutes", f"Enter how {way} the clock was, in numbers")
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds[1])
    offset = whole * 1000 + int((seconds[2] or "").ljust(3, "0"))
    if not offset:
        raise InvalidError("clock_minutes", f"Enter how {way} the clock was")
    return offset if way == "fast" else -offset


def typed_moment(field: str, text: str) -> dict[str, str]:
    """Return what is typed into the four inputs of a moment to say this one; empty: nothing."""
    if not text:
        return {}
    moment = parse_local(field, text).astimezone(LONDON)
    zone = "BST" if moment.utcoffset() else "GMT"
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    return {
        f"{field}-day": str(moment.day),
        f"{field}-month": str(moment.month),
        f"{field}-year": str(moment.year),
        f"{field}_time": f"{moment:%H:%M:%S}{fraction} {zone}",
    }


def typed_clock(offset_ms: int | None) -> dict[str, str]:
    """Return what is typed to say a clock's offset, in milliseconds; None: nobody checked it."""
    if not offset_ms:
        return {"clock": "unchecked" if offset_ms is None else "correct"}
    seconds, thousandths = divmod(abs(offset_ms), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return {
        "clock": "fast" if offset_ms > 0 else "slow",
        "clock_hours": str(hours or ""),
        "clock_minutes": str(minutes or ""),
        "clock_seconds": f"{seconds}.{thousandths:03}" if thousandths else str(seconds or ""),
    }
