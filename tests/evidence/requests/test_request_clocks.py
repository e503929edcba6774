"""The clocks of a request: nights on which an hour happens twice, bank holidays, ends of months."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.cameras.retention import overwritten_at
from evidence.exhibits.clocks import LONDON
from evidence.requests.clocks import (
    DayKind,
    Pause,
    answer_due,
    days_left,
    is_late,
    is_working,
    month_due,
)


def london(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-20 14:03", "2026-12-21 14:03"),
        # Between 31 days by the clock and 31 times 24 hours lies a change of the clocks.
        ("2026-10-01 12:00", "2026-11-01 11:00"),
        ("2026-03-01 12:00", "2026-04-01 12:00"),
    ],
)
def test_what_is_said_of_a_recorder_is_never_too_late(start: str, due: str) -> None:
    assert overwritten_at(london(start), 31).astimezone(LONDON) == london(due)


def test_the_two_hours_of_that_night_are_overwritten_an_hour_apart() -> None:
    first, second = (overwritten_at(london("2026-10-25 01:30", fold), 31) for fold in (0, 1))
    assert second - first == timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "left"), [(0, 31), (1, 30), (29, 2), (30, 1), (31, 0), (32, -1), (33, -2)]
)
def test_days_30_31_and_32(day: int, left: int) -> None:
    start = utc("2026-10-10 09:00")
    assert days_left(overwritten_at(start, 31), start + timedelta(days=day)) == left


@pytest.mark.parametrize("kept", [30, 31, 32])
@pytest.mark.parametrize("fold", [0, 1], ids=["summer time", "winter time"])
def test_of_the_repeated_hour_each_day_is_counted_by_what_is_safe(kept: int, fold: int) -> None:
    moment = london("2026-10-25 01:30", fold)
    due = overwritten_at(moment, kept)
    assert due <= moment.astimezone(UTC) + timedelta(days=kept)
    assert due.astimezone(LONDON).replace(tzinfo=None, fold=0) <= (
        datetime.fromisoformat("2026-10-25 01:30") + timedelta(days=kept)
    )
    for day in (kept - 1, kept, kept + 1):
        assert days_left(due, due - timedelta(days=kept - day)) == kept - day


def test_the_last_second_is_still_there_and_the_next_is_past() -> None:
    due = overwritten_at(utc("2026-10-10 09:00"), 31)
    assert days_left(due, due - timedelta(seconds=1)) == 0
    assert days_left(due, due + timedelta(seconds=1)) == -1


@pytest.mark.parametrize(
    ("received", "kind", "due"),
    [
        ("2026-11-20 14:03", DayKind.CALENDAR, "2026-11-25"),
        ("2026-11-20 14:03", DayKind.WORKING, "2026-11-27"),  # a Friday
        ("2026-11-22 10:00", DayKind.WORKING, "2026-11-27"),  # a Sunday
        ("2026-12-24 10:00", DayKind.WORKING, "2027-01-05"),  # three holidays, one of them observed
        ("2026-12-24 10:00", DayKind.CALENDAR, "2026-12-29"),
        ("2026-04-02 10:00", DayKind.WORKING, "2026-04-13"),  # Good Friday, Easter Monday
    ],
)
def test_an_answer_is_due_within_five_days(received: str, kind: DayKind, due: str) -> None:
    assert answer_due(london(received), 5, kind) == date.fromisoformat(due)


def test_a_request_of_the_night_counts_from_its_day_in_london() -> None:
    # 23:30 UTC on the 1st of July is the 2nd in London.
    assert answer_due(utc("2026-07-01 23:30"), 5, DayKind.CALENDAR) == date(2026, 7, 7)
    assert answer_due(utc("2026-11-01 23:30"), 5, DayKind.CALENDAR) == date(2026, 11, 6)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-09-03 10:00", "2026-10-05"),  # the 3rd of October is a Saturday
        ("2026-01-30 10:00", "2026-03-02"),  # February has no 30th, and its 28th is a Saturday
        ("2024-01-31 10:00", "2024-02-29"),
        ("2026-08-31 10:00", "2026-09-30"),
        ("2026-11-25 10:00", "2026-12-29"),  # Christmas, and Boxing Day observed
        ("2026-12-10 10:00", "2027-01-11"),
    ],
)
def test_a_month_ends_on_the_corresponding_working_day(received: str, due: str) -> None:
    assert month_due(london(received)) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("received", "month", "answer"),
    [
        # Both are the same minute on the clock of that night, and one day in London.
        ("2026-10-25 00:30", "2026-11-25", "2026-10-30"),
        ("2026-10-25 01:30", "2026-11-25", "2026-10-30"),
        # The last minute of that day, which has 25 hours, and the first of the next.
        ("2026-10-25 23:59", "2026-11-25", "2026-10-30"),
        ("2026-10-26 00:00", "2026-11-26", "2026-10-31"),
        # And in the spring: 23:30 UTC of the day that begins summer time is the next day.
        ("2026-03-29 22:59", "2026-04-29", "2026-04-03"),
        ("2026-03-29 23:00", "2026-04-30", "2026-04-04"),
    ],
)
def test_days_are_those_of_london_when_the_clocks_change(
    received: str, month: str, answer: str
) -> None:
    assert month_due(utc(received)) == date.fromisoformat(month)
    assert answer_due(utc(received), 5, DayKind.CALENDAR) == date.fromisoformat(answer)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-04-03", False),  # Good Friday
        ("2026-04-06", False),  # Easter Monday
        ("2026-05-04", False),  # the first Monday of May
        ("2026-05-25", False),
        ("2026-08-31", False),  # of England, not of Scotland
        ("2026-08-03", True),  # of Scotland
        ("2026-03-17", True),  # of Northern Ireland
        ("2026-11-30", True),  # of Scotland
        ("2026-12-25", False),
        ("2026-12-28", False),  # Boxing Day is a Saturday: observed on the Monday
        ("2027-12-27", False),  # both are at the weekend
        ("2027-12-28", False),
        ("2027-12-29", True),
        ("2028-01-03", False),  # New Year's Day is a Saturday
        ("2028-02-29", True),
    ],
)
def test_people_work_on_the_days_of_england(day: str, works: bool) -> None:
    assert is_working(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-01-31 10:00", "2026-03-02"),  # no 31st of February; its 28th is a Saturday
        ("2026-03-31 10:00", "2026-04-30"),
        ("2026-04-30 10:00", "2026-06-01"),  # the 30th of May is a Saturday
        ("2026-05-31 10:00", "2026-06-30"),
        ("2026-12-31 10:00", "2027-02-01"),  # the 31st of January is a Sunday
    ],
)
def test_a_month_that_begins_on_its_last_day_ends_on_a_last_day(received: str, due: str) -> None:
    assert month_due(london(received)) == date.fromisoformat(due)


def test_a_pause_over_the_end_of_summer_time_counts_days_of_london() -> None:
    received = london("2026-10-01 10:00")
    assert month_due(received) == date(2026, 11, 2)  # the 1st is a Sunday
    pause = Pause(london("2026-10-24 23:30"), london("2026-10-26 00:30"))
    assert pause.until is not None
    assert pause.until - pause.since == timedelta(hours=25), "the hours on the clock; 26 went by"
    assert month_due(received, [pause]) == date(2026, 11, 3)


def test_a_pause_moves_the_day_and_stops_it_while_it_lasts() -> None:
    received, asked = london("2026-09-01 10:00"), london("2026-09-10 10:00")
    assert month_due(received) == date(2026, 10, 1)
    assert month_due(received, [Pause(asked, None)]) is None
    pause = Pause(asked, london("2026-09-17 09:00"))
    assert month_due(received, [pause]) == date(2026, 10, 8)


def test_late_is_when_the_day_is_over_in_london() -> None:
    due = date(2026, 7, 7)
    assert not is_late(due, utc("2026-07-07 22:59"))
    assert is_late(due, utc("2026-07-07 23:01"))
    assert not is_late(None, utc("2026-07-08 12:00"))
    last = date(2026, 10, 25)  # 25 hours long
    assert not is_late(last, utc("2026-10-25 23:59"))
    assert is_late(last, utc("2026-10-26 00:00"))


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - hypothesis adds it
    st.integers(1, 30),
)
def test_an_answer_is_due_on_a_working_day_and_never_too_early(at: datetime, days: int) -> None:
    received = at.replace(tzinfo=UTC)
    due = answer_due(received, days, DayKind.WORKING)
    assert is_working(due)
    assert due >= answer_due(received, days, DayKind.CALENDAR)
    month = month_due(received)
    assert month is not None
    assert is_working(month)
    assert month - received.astimezone(LONDON).date() >= timedelta(days=28)
