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
