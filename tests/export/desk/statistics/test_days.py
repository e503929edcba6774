"""How long answers took: the clock that the house promises is the one that is measured."""

from datetime import date
from decimal import Decimal

import pytest

from evidence.requests.clocks import DayKind
from export.desk.statistics.days import Answered, Clock, Took, took

FIVE = Clock(DayKind.CALENDAR, 5)
MONTH = Clock(DayKind.CALENDAR, None)
FRIDAY, LAST = date(2026, 11, 20), date(2026, 1, 31)


def test_nothing_was_answered() -> None:
    assert took([], FIVE) is None


def test_mean_median_and_share_are_of_all() -> None:
    answers = [
        Answered(0, 1),
        Answered(3, 2),
        Answered(11, 1),
    ]
    assert took(answers, FIVE) == Took(4, Decimal("4.3"), Decimal("3.0"), 75)


@pytest.mark.parametrize(
    ("counts", "median"),
    [([1, 1], "0.5"), ([2, 1], "0.0"), ([1, 2], "1.0"), ([2, 2], "0.5"), ([1, 0, 1], "1.0")],
    ids=str,
)
def test_the_median_is_the_middle(counts: list[int], median: str) -> None:
    answers = [Answered(days, count) for days, count in enumerate(counts)]
    found = took([one for one in answers if one.count], FIVE)
    assert found is not None
    assert found.median == Decimal(median)


def test_working_days_leave_out_the_weekend_and_bank_holidays() -> None:
    working = Clock(DayKind.WORKING, 1)
    found = took([Answered(3, 1, FRIDAY)], working)
    assert found == Took(1, Decimal("1.0"), Decimal("1.0"), 100)
    christmas = took([Answered(5, 1, date(2026, 12, 24))], working)
    assert christmas == Took(1, Decimal("1.0"), Decimal("1.0"), 100)


@pytest.mark.parametrize(
    ("answered", "paused", "within"),
    [(date(2026, 3, 2), 0, 100), (date(2026, 3, 3), 0, 0), (date(2026, 3, 9), 9, 100)],
    ids=["on the next working day", "a day later", "it stood"],
)
def test_a_month_is_the_laws_month(answered: date, paused: int, within: int) -> None:
    # The month of 31 January ends on Saturday, 28 February: the next working day is Monday.
    found = took([Answered((answered - LAST).days, 1, LAST, paused)], MONTH)
    assert found is not None
    assert found.within == within


@pytest.mark.parametrize(("waited", "within"), [(5, 100), (6, 0)])
def test_five_days_are_five_days(waited: int, within: int) -> None:
    for received in (None, FRIDAY):
        found = took([Answered(waited, 1, received)], FIVE)
        assert found is not None
        assert found.within == within
