"""How far a clock is from what is known of the time."""

from datetime import UTC, datetime, timedelta

import pytest

from custody.stamping.clock import Known, Passed, Standing, judge, lasting

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EVENT, STAMP = "the last event of the record", "the last timestamp of the time authority"


def at(**span: float) -> datetime:
    return NOW + timedelta(**span)


@pytest.mark.parametrize(
    ("known", "standing", "against"),
    [
        (Known(), Standing.RIGHT, ""),
        (Known((Passed(EVENT, at(days=-700)),)), Standing.RIGHT, ""),
        (Known((Passed(EVENT, at(seconds=119)),)), Standing.RIGHT, ""),
        (Known((Passed(EVENT, at(seconds=121)),)), Standing.APART, EVENT),
        (Known((Passed(EVENT, at(hours=23.9)),)), Standing.APART, EVENT),
        (Known((Passed(EVENT, at(days=730)),)), Standing.STOPPED, EVENT),
        (Known((Passed(STAMP, at(days=1)),)), Standing.STOPPED, STAMP),
        (Known((Passed(EVENT, at(hours=1)), Passed(STAMP, at(days=3)))), Standing.STOPPED, STAMP),
        (Known(seen=at(days=-6.9)), Standing.RIGHT, ""),
        (Known(seen=at(days=-730)), Standing.STOPPED, "when Custos last ran here"),
        (Known(leapt=timedelta(minutes=3)), Standing.APART, "its own course"),
        (Known(leapt=timedelta(days=-2)), Standing.STOPPED, "its own course"),
        (Known(offset=timedelta(minutes=-3)), Standing.APART, "the time server"),
        (Known(offset=timedelta(days=2)), Standing.STOPPED, "the time server"),
        # A server that agrees explains a pause and a leap, and says that the events were wrong.
        (
            Known(seen=at(days=-90), offset=timedelta(0), leapt=timedelta(days=90)),
            Standing.RIGHT,
            "",
        ),
        (Known((Passed(EVENT, at(days=730)),), offset=timedelta(0)), Standing.APART, EVENT),
    ],
)
def test_the_largest_difference_decides(known: Known, standing: Standing, against: str) -> None:
    found = judge(NOW, known)
    assert (found.standing, found.against) == (standing, against)
    assert bool(found.words) is (standing is not Standing.RIGHT)
    assert ("custos clock confirm" in found.words) is (standing is Standing.STOPPED)


def test_words_say_how_far_and_on_which_side() -> None:
    behind = judge(NOW, Known((Passed(EVENT, at(days=730)),)))
    assert "730 days behind the last event of the record" in behind.words
    ahead = judge(NOW, Known(offset=timedelta(minutes=14)))
    assert "14 minutes ahead of the time server" in ahead.words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=119), "119 seconds"),
        (timedelta(minutes=2), "2 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=730), "730 days"),
    ],
)
def test_spans_are_said_in_a_unit_that_tells(span: timedelta, words: str) -> None:
    assert lasting(span) == words
