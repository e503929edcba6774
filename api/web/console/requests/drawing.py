"""Edge. The two clocks of a request as bars: how much is over, how much is left, when it stood.

What a bar shows, the words beside it say: whoever does not see it misses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from evidence.exhibits.clocks import LONDON
from evidence.requests.clocks import Pause, month_due
from export.desk.requests import ListedRequest

WIDTH = 480
"""Of the picture, in its own units; it is as wide as its column."""
_SOON, _NEAR = timedelta(days=3), timedelta(days=7)
_DAY = timedelta(days=1)
_MOST_TICKS = 45


class Tone(StrEnum):
    """How a clock stands; its colour."""

    CALM = "#12403c"
    NEAR = "#b3841c"
    SOON = "#d4351c"
    DONE = "#00703c"
    STILL = "#505a5f"


@dataclass(frozen=True, slots=True)
class ClockBar:
    """A clock, from when it began to run to when it runs out."""

    begins: datetime
    ends: datetime
    gone: float
    """How far the bar is filled."""
    tone: Tone
    ticks: tuple[float, ...] = ()
    """Where days begin, in London."""
    pauses: tuple[tuple[float, float], ...] = ()
    """Where it stood: from, and how wide."""
    stopped: bool = False
    """Whether it is stopped for good, and in time."""
    width: int = WIDTH


def footage_clock(one: ListedRequest, now: datetime, days: int) -> ClockBar | None:
    """Return the clock until the recorder overwrites; ``days``: how long it keeps footage.

    None: the footage is not kept for it, and so there is nothing that runs.
    """
    ends = one.row.overwrite_due_at
    begins = ends - timedelta(days=days)
    kept = one.row.preserved_at
    if kept is not None:
        return _bar(begins, ends, kept, Tone.DONE, stopped=True)
    if one.left is None:
        return None
    return _bar(begins, ends, now, _tone(ends - now))


def answer_clock(one: ListedRequest, now: datetime) -> ClockBar | None:
    """Return the clock until an answer is due; None: it was given, or it is another's turn.

    A clock that stands is drawn as if it went on now.
    """
    due = one.due
    if one.stands:
        closed = [Pause(pause.since, pause.until or now) for pause in one.pauses]
        due = month_due(one.row.submitted_at, closed)
    if due is None:
        return None
    ends = datetime.combine(due + _DAY, time(), LONDON)
    tone = Tone.STILL if one.stands else _tone(ends - now)
    return _bar(one.since, ends, now, tone, pauses=one.pauses)


def _tone(left: timedelta) -> Tone:
    return Tone.SOON if left <= _SOON else Tone.NEAR if left <= _NEAR else Tone.CALM


def _bar(
    begins: datetime,
    ends: datetime,
    now: datetime,
    tone: Tone,
    *,
    pauses: Sequence[Pause] = (),
    stopped: bool = False,
) -> ClockBar:
    whole = max(ends - begins, _DAY)

    def place(moment: datetime) -> float:
        return round(min(max((moment - begins) / whole, 0.0), 1.0) * WIDTH, 1)

    stood = [(place(one.since), place(one.until or now)) for one in pauses]
    return ClockBar(
        begins,
        ends,
        gone=place(now),
        tone=tone,
        ticks=tuple(map(place, _midnights(begins, ends))),
        pauses=tuple((first, round(last - first, 1)) for first, last in stood),
        stopped=stopped,
    )


def _midnights(begins: datetime, ends: datetime) -> list[datetime]:
    """Return when days begin between two moments; too many to be seen: none."""
    first = begins.astimezone(LONDON).date()
    count = (ends.astimezone(LONDON).date() - first).days
    if count > _MOST_TICKS:
        return []
    days = (first + timedelta(days=number) for number in range(1, count + 1))
    return [moment for day in days if (moment := datetime.combine(day, time(), LONDON)) < ends]
