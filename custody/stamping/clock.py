"""Pure. How far the clock of this machine is from what is known of the time.

What has passed, has passed: a clock that stands before the last event or the last timestamp is
behind. That it is ahead, only a time server, or its own course while the service runs, can show;
without them a gap since it was last seen is taken for a pause, as long as that is a short one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

APART = timedelta(minutes=2)
"""From here on it is an alarm. Entries tell the time to the second, and machines drift."""
FAR_APART = timedelta(days=1)
"""From here on nothing is acknowledged with that time."""
PAUSE = timedelta(days=7)
"""For so long a house may have been off before somebody must say that the clock is right."""


class Standing(StrEnum):
    """What a clock is good for."""

    RIGHT = "right"
    APART = "apart"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Passed:
    """A moment that has passed: nothing may happen before it."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the time without asking this clock."""

    passed: Sequence[Passed] = ()
    seen: datetime | None = None
    """When this clock was last found right."""
    offset: timedelta | None = None
    """How far the clock is ahead of a time server; None: none was asked, or none answered."""
    leapt: timedelta = timedelta(0)
    """How much further than time itself the clock went on while this process ran."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a clock is good for, against what it was held, and how far it is ahead of that."""

    standing: Standing
    against: str = ""
    ahead: timedelta = timedelta(0)

    @property
    def words(self) -> str:
        """What is wrong, and what to do; empty if nothing is."""
        if self.standing is Standing.RIGHT:
            return ""
        side = "behind" if self.ahead < timedelta(0) else "ahead of"
        words = f"the clock of this machine is {lasting(abs(self.ahead))} {side} {self.against}"
        if self.standing is Standing.APART:
            return f"{words}: set it right, or let it be set by a time server"
        return (
            f"{words}, and nothing is recorded with such a time: set the clock right. If it is "
            "right, an administrator says so with `custos clock confirm`"
        )


def judge(now: datetime, known: Known) -> Judgement:
    """Hold the clock against what is known; the largest difference decides.

    A time server is believed before anything else: where it agrees with the clock, events of a time
    to come are wrong, and not the clock.
    """
    if known.offset is not None and abs(known.offset) >= APART:
        return _judgement("the time server", known.offset)
    ahead = {one.what: now - one.at for one in known.passed if one.at - now >= APART}
    if known.offset is None:
        if abs(known.leapt) >= APART:
            ahead["its own course"] = known.leapt
        if known.seen is not None and now - known.seen >= PAUSE:
            ahead["when Custos last ran here"] = now - known.seen
    if not ahead:
        return Judgement(Standing.RIGHT)
    worst = max(ahead, key=lambda what: abs(ahead[what]))
    if known.offset is None:
        return _judgement(worst, ahead[worst])
    return Judgement(Standing.APART, worst, ahead[worst])


def _judgement(against: str, ahead: timedelta) -> Judgement:
    standing = Standing.STOPPED if abs(ahead) >= FAR_APART else Standing.APART
    return Judgement(standing, against, ahead)


def lasting(span: timedelta) -> str:
    """Return a span in words, in the largest unit that it holds twice: "3 days", "47 hours"."""
    seconds = int(span.total_seconds())
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:,} {name}"
    return f"{seconds} seconds"
