"""Pure. How long answers took: in days as the council counts them, from the day after receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from evidence.requests.clocks import DayKind, Pause, answer_due, is_working, month_due

_DAY = timedelta(days=1)
_TENTH = Decimal("0.1")
_KEPT = 1 << 14
"""Days that are worked out once: one comes with many requests, and comes again."""
_NOON = time(12, tzinfo=UTC)
"""The same day in London, all the year."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How many requests were first answered so many days of the calendar after they came."""

    waited: int
    count: int
    received: date | None = None
    """The day in London on which they came; None: it is no matter, since every day counts."""
    paused: int = 0
    """Days for which the clock of each stood; of a subject access request alone."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Within which time an answer is due, and which days are counted."""

    kind: DayKind
    days: int | None
    """None: a calendar month, as of a subject access request."""


@dataclass(frozen=True, slots=True)
class Took:
    """How long answers took, of so many requests."""

    count: int
    mean: Decimal
    median: Decimal
    within: int
    """Of a hundred, how many were answered within the clock."""


def took(answers: Sequence[Answered], clock: Clock) -> Took | None:
    """Return how long answers took; None: there are none."""
    spread: dict[int, int] = {}
    for one in answers:
        days = one.waited
        if clock.kind is DayKind.WORKING and one.received is not None:
            days = _working(one.received, one.waited)
        spread[days] = spread.get(days, 0) + one.count
    count = sum(spread.values())
    if not count:
        return None
    whole = sum(days * times for days, times in spread.items())
    within = sum(one.count for one in answers if _is_in_time(one, clock))
    return Took(
        count=count,
        mean=_tenths(Decimal(whole) / count),
        median=_tenths(_median(spread, count)),
        within=int((Decimal(100 * within) / count).quantize(Decimal(1), ROUND_HALF_UP)),
    )


def _median(spread: dict[int, int], count: int) -> Decimal:
    """Return the middle of so many numbers; of an even count, the mean of the two in the middle."""
    middle, seen = [(count - 1) // 2, count // 2], 0
    found: list[int] = []
    for days in sorted(spread):
        seen += spread[days]
        found += [days for place in middle[len(found) :] if place < seen]
    return Decimal(sum(found)) / 2


def _tenths(number: Decimal) -> Decimal:
    return number.quantize(_TENTH, ROUND_HALF_UP)


def _is_in_time(one: Answered, clock: Clock) -> bool:
    if one.received is None:
        return clock.days is not None and one.waited <= clock.days
    return one.received + _DAY * one.waited <= _due(one.received, one.paused, clock)


@lru_cache(maxsize=_KEPT)
def _working(received: date, waited: int) -> int:
    """Return how many of the days after ``received`` people work on."""
    return sum(is_working(received + _DAY * one) for one in range(1, waited + 1))


@lru_cache(maxsize=_KEPT)
def _due(day: date, paused: int, clock: Clock) -> date:
    received = datetime.combine(day, _NOON)
    if clock.days is not None:
        return answer_due(received, clock.days, clock.kind)
    stood = (Pause(received, received + _DAY * paused),) if paused else ()
    due = month_due(received, stood)
    assert due is not None  # a pause that has ended leaves a day
    return due
