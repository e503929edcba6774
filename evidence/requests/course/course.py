"""Pure. What the steps of a request come to: the outcome, the first answer, how long a clock stood.

It is kept in the request's row, so that statistics need not read every step of every request; the
audit works it out from the steps again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from evidence.exhibits.clocks import LONDON
from evidence.requests.states import CIVIL, Path, ReviewOutcome

_REVIEWED, _REFUSED = "review.completed", "request.refused"
_PLAIN = {
    "request.not_covered": "not_covered",
    "request.withdrawn": "withdrawn",
    "request.expired": "expired",
}
"""The events that are an outcome by themselves."""


class Step(Protocol):
    """A step of a request, as its row or its event tells it."""

    @property
    def event(self) -> str:
        """The name of its event."""

    @property
    def at(self) -> datetime:
        """When it was taken."""

    @property
    def told(self) -> Mapping[str, Any]:
        """What it says beside people."""


@dataclass(frozen=True, slots=True)
class Course:
    """What the steps come to."""

    outcome: str = ""
    """What was decided last: as a review says it, ``refused_`` with the code, or how it ended.
    Empty: nothing."""
    settled_at: datetime | None = None
    """When anything of that kind was decided first."""
    answered_on: date | None = None
    """The day in London on which whoever asked was first told what comes of it."""
    stood: int = 0
    """Days for which their clock stood until then."""
    left_at: datetime | None = None
    """When the first package under its number left the house."""


def course_of(path: Path, steps: Iterable[Step]) -> Course:
    """Return what steps come to, the first of them first."""
    outcome, settled, answered, stood = "", None, None, 0
    since: date | None = None
    left: datetime | None = None
    for step in steps:
        day = step.at.astimezone(LONDON).date()
        if found := _outcome(step):
            outcome, settled = found, settled or step.at
        if step.event == "request.paused":
            since = day
        goes_on = step.event == "request.resumed" or _answers(path, step)
        if since is not None and answered is None and goes_on:
            stood, since = stood + (day - since).days, None
        if answered is None and _answers(path, step):
            answered = day
        if step.event == "request.collected":
            left = left or step.at
    return Course(outcome, settled, answered, stood if answered is not None else 0, left)


def _outcome(step: Step) -> str:
    """Return which outcome a step is; empty: none."""
    if step.event == _REVIEWED:
        return str(step.told["outcome"])
    if step.event == _REFUSED:
        return f"refused_{step.told['basis']}"
    return _PLAIN.get(step.event, "")


def _answers(path: Path, step: Step) -> bool:
    """Tell whether whoever asked is told by a step what comes of their request.

    Who pays is told by a yes or no whether cameras may have captured it; everybody else, whether
    there is footage that they may have.
    """
    if step.event == "request.covered":
        return path in CIVIL
    if step.event == _REVIEWED:
        return bool(step.told["outcome"] == ReviewOutcome.NOT_FOUND)
    return step.event in {"request.not_covered", "request.approved", _REFUSED}
