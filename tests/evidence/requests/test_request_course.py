"""What the steps of a request come to, as statistics count it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from evidence.requests.course.course import Course, course_of
from evidence.requests.states import Path

BEGIN = datetime(2026, 10, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Took:
    """A step some days after the request came."""

    event: str
    days: int
    told: dict[str, str] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return BEGIN + timedelta(days=self.days)


FOUND = Took("review.completed", 3, {"outcome": "found"})
MISSING = Took("review.completed", 3, {"outcome": "not_found"})


def day(days: int) -> date:
    return (BEGIN + timedelta(days=days)).date()


def test_nothing_was_decided() -> None:
    assert course_of(Path.INSURER, [Took("preservation.requested", 0)]) == Course()


@pytest.mark.parametrize(
    ("path", "answered"), [(Path.INSURER, day(1)), (Path.POLICE, day(4)), (Path.SUBJECT, day(4))]
)
def test_who_pays_is_answered_by_whether_cameras_cover_it(path: Path, answered: date) -> None:
    steps = [Took("request.covered", 1), FOUND, Took("request.approved", 4)]
    assert course_of(path, steps) == Course("found", FOUND.at, answered)


def test_that_nothing_was_found_is_an_answer_to_everybody() -> None:
    assert course_of(Path.CPS, [Took("request.covered", 1), MISSING]).answered_on == day(3)


def test_what_was_decided_last_counts_and_when_it_was_first() -> None:
    late = Took("request.expired", 40)
    found = course_of(Path.INSURER, [Took("request.covered", 1), FOUND, late])
    assert (found.outcome, found.settled_at) == ("expired", FOUND.at)


def test_a_refusal_is_counted_by_its_code() -> None:
    refused = Took("request.refused", 2, {"basis": "harm"})
    assert course_of(Path.COUNCIL, [refused]) == Course("refused_harm", refused.at, day(2))


def test_the_first_package_counts() -> None:
    steps = [Took("request.collected", 9), Took("request.collected", 12)]
    assert course_of(Path.INSURER, steps).left_at == steps[0].at


def test_days_for_which_the_clock_stood_end_with_the_answer() -> None:
    steps = [
        Took("request.paused", 1),
        Took("request.resumed", 3),
        Took("request.paused", 5),
        Took("request.not_covered", 9),
        Took("request.resumed", 30),
    ]
    assert course_of(Path.SUBJECT, steps).stood == 6


def test_a_day_is_one_in_london() -> None:
    summer = SimpleNamespace(
        event="request.not_covered", at=datetime(2026, 9, 20, 23, 30, tzinfo=UTC), told={}
    )
    assert course_of(Path.POLICE, [summer]).answered_on == date(2026, 9, 21)
