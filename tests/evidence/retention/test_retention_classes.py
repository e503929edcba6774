"""The day of a review is counted in London, across the changes of the clocks."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from evidence.errors import InvalidError
from evidence.retention.classes import (
    MOST_DAYS,
    USUAL_RETENTION,
    came_before,
    next_review,
    review_due,
)

AT = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("came", "days", "due"),
    [
        # Summer time ends on 25 October 2026.
        ("2026-10-24T12:00", 1, "2026-10-24T23:00"),
        ("2026-10-24T12:00", 2, "2026-10-26T00:00"),
        ("2026-10-24T22:59", 31, "2026-11-24T00:00"),
        # Half past midnight in London, on the day after.
        ("2026-10-24T23:30", 31, "2026-11-25T00:00"),
        # The hour that comes twice.
        ("2026-10-25T00:30", 1, "2026-10-26T00:00"),
        ("2026-10-25T01:30", 1, "2026-10-26T00:00"),
        # It begins on 28 March 2027.
        ("2027-03-01T00:00", 31, "2027-03-31T23:00"),
        ("2027-03-27T12:00", 1, "2027-03-28T00:00"),
        ("2026-12-01T00:00", 1, "2026-12-02T00:00"),
    ],
)
def test_a_review_is_due_as_its_day_begins_in_london(came: str, days: int, due: str) -> None:
    at, then = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (came, due))
    assert review_due(at, days) == then
    # What a database asks by when things came is the same question.
    assert at < came_before(then, days)
    assert not at < came_before(then - timedelta(seconds=1), days)


def test_what_the_database_asks_is_what_the_day_says_in_every_hour_of_a_year() -> None:
    first = datetime(2026, 10, 1, tzinfo=UTC)
    for hour in range(0, 24 * 365, 5):
        came = first + timedelta(hours=hour, minutes=7)
        due = review_due(came, 31)
        assert came < came_before(due, 31)
        assert not came < came_before(due - timedelta(microseconds=1), 31)


def test_the_next_review_is_on_a_day_to_come() -> None:
    assert next_review(date(2026, 11, 23), at=AT) == datetime(2026, 11, 23, tzinfo=UTC)
    assert next_review(date(2027, 6, 1), at=AT) == datetime(2027, 5, 31, 23, tzinfo=UTC)
    for day in (None, date(2026, 11, 22), date(2026, 1, 1), AT.date() + timedelta(MOST_DAYS + 1)):
        with pytest.raises(InvalidError, match="next review"):
            next_review(day, at=AT)


def test_today_is_london_s() -> None:
    late = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # 2 July, half past midnight
    with pytest.raises(InvalidError, match="to come"):
        next_review(date(2026, 7, 2), at=late)


def test_the_usual_classes_are_those_of_the_documentation() -> None:
    words = (Path(__file__).parents[3] / "docs/configuration.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([a-z]+)` \| [^|]+ \| ([0-9]+) \|", words, re.MULTILINE)
    classes = USUAL_RETENTION.classes.values()
    assert told == [(one.key, str(one.days)) for one in classes]


def test_a_class_that_there_is_not_is_refused_and_one_that_is_gone_is_shown_as_it_was() -> None:
    with pytest.raises(InvalidError, match="unreleased, civil, police"):
        USUAL_RETENTION.named("nonsense")
    assert USUAL_RETENTION.named(" police ").days == 183
    assert USUAL_RETENTION.words("taxi") == "taxi"
    assert USUAL_RETENTION.words(None) == "Taken in and not released"
