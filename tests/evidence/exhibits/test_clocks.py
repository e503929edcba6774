"""Times as a recorder displayed them: summer time, clocks that are off, and what is neither."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON, parse_local, parse_offset
from evidence.exhibits.description import ClockCheck, corrected_time, utc_text

YEARS = st.integers(1996, 2037)
"""Since 1996 the clocks change on the last Sundays of March and October."""
MINUTES = st.integers(0, 59)
MOMENTS = st.datetimes(datetime(1971, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001 - as displayed


def last_sunday(year: int, month: int) -> datetime:
    day = datetime(year, month, 31, tzinfo=UTC)
    return day - timedelta(days=(day.weekday() + 1) % 7)


@given(YEARS, MINUTES)
def test_the_hour_that_happens_twice_needs_its_offset(year: int, minute: int) -> None:
    typed = f"{last_sunday(year, 10):%Y-%m-%d} 01:{minute:02}:00"
    with pytest.raises(InvalidError, match="happens twice") as refused:
        parse_local("displayed_start", typed)
    assert f"{typed}+01:00" in str(refused.value)
    assert f"{typed}+00:00" in str(refused.value)
    summer, winter = (parse_local("x", typed + offset) for offset in ("+01:00", "+00:00"))
    assert winter - summer == timedelta(hours=1)


@given(YEARS, MINUTES)
def test_the_hour_that_is_skipped_does_not_exist(year: int, minute: int) -> None:
    typed = f"{last_sunday(year, 3):%Y-%m-%d} 01:{minute:02}:00"
    with pytest.raises(InvalidError, match="does not exist"):
        parse_local("displayed_start", typed)


@given(YEARS, st.sampled_from([3, 10]), st.sampled_from([0, 2]), MINUTES)
def test_the_hours_beside_a_change_are_plain(year: int, month: int, hour: int, minute: int) -> None:
    moment = parse_local("x", f"{last_sunday(year, month):%Y-%m-%d} {hour:02}:{minute:02}")
    expected = 1 if (month == 10) == (hour == 0) else 0
    assert moment.utcoffset() == timedelta(hours=expected)


@given(MOMENTS)
def test_a_time_is_read_as_it_was_displayed_and_its_offset_is_london_s(moment: datetime) -> None:
    try:
        read = parse_local("x", moment.isoformat(sep=" "))
    except InvalidError:
        assert (
            moment.replace(tzinfo=LONDON, fold=0).utcoffset()
            != moment.replace(tzinfo=LONDON, fold=1).utcoffset()
        )
        return
    assert read.replace(tzinfo=None) == moment
    assert read.astimezone(LONDON).replace(tzinfo=None) == moment
    assert parse_local("x", read.isoformat()) == read


@given(MOMENTS, st.integers(-(10**12), 10**12))
def test_actual_time_is_displayed_minus_offset(moment: datetime, offset: int) -> None:
    displayed = moment.replace(tzinfo=UTC)
    text = corrected_time(displayed.isoformat(), compared(offset))
    assert text is not None
    assert text.endswith("Z")
    actual = datetime.fromisoformat(text)
    # A record tells milliseconds: less is cut off.
    assert abs(displayed - actual - timedelta(milliseconds=offset)) < timedelta(milliseconds=1)


def compared(offset_ms: int) -> ClockCheck:
    at = "2026-11-20T14:03:13Z"
    return ClockCheck(at, at, "speaking clock", at, offset_ms, dst_in_force=False)


def test_where_nobody_compared_the_clock_the_actual_time_is_not_known() -> None:
    assert corrected_time("2026-11-20T14:03:13+00:00", None) is None


def test_a_fast_clock_showed_too_late_a_time() -> None:
    displayed = parse_local("x", "2026-11-20 14:03:13")
    check = compared(parse_offset("+2m13s"))
    assert corrected_time(displayed.isoformat(), check) == "2026-11-20T14:01:00Z"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "yesterday",
        "2026-11-20",
        "14:03",
        "20.11.2026 14:03",
        "20261120T140300",
        "2026-W47-5",
        "2026-11-31 14:03:00",
        "2026-11-20 24:00:00",
        "2026-11-20 14:03:60",
        "2026-11-20 14:03:00 GMT",
        "0001-01-01 00:00:00",
        "1969-12-31 23:59:59",
        "9999-12-31 23:59:59",
        "2026-11-20 14:03:00+24:00",
        "٢٠٢٦-11-20 14:03:00",
        "2026-11-20\x0014:03:00",
    ],
)
def test_what_is_no_moment_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError, match="no date and time") as refused:
        parse_local("displayed_end", typed)
    assert refused.value.field == "displayed_end"


@pytest.mark.parametrize(
    ("typed", "milliseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("-0", 0),
        ("73", 73_000),
        ("+2m13s", 133_000),
        ("2m13", 133_000),
        ("-4.5s", -4_500),
        ("1h", 3_600_000),
        ("-1h0m0.001s", -3_600_001),
        ("0.25", 250),
        (" +1m ", 60_000),
        ("90m", 5_400_000),
    ],
)
def test_an_offset_is_read_as_people_write_it(typed: str, milliseconds: int) -> None:
    assert parse_offset(typed) == milliseconds


@pytest.mark.parametrize(
    "typed",
    ["", "+", "-", "fast", "1d", "1m 3s", "3s1m", "1.5m", "1.2345s", "--1", "1e3", "٣", "∞"],
)
def test_what_is_no_offset_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError, match="no clock offset"):
        parse_offset(typed)


@given(st.integers(0, 99_999), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_an_offset_and_its_opposite_are_as_far_from_zero(h: int, m: int, s: int, ms: int) -> None:
    words = f"{h}h{m}m{s}.{ms:03}s"
    total = ((h * 60 + m) * 60 + s) * 1000 + ms
    assert parse_offset(words) == parse_offset(f"+{words}") == total
    assert parse_offset(f"-{words}") == -total


@given(st.datetimes(datetime(1971, 1, 1), timezones=st.just(LONDON)))  # noqa: DTZ001 - bounds
def test_a_moment_in_utc_is_written_to_the_millisecond_where_it_has_any(moment: datetime) -> None:
    text = utc_text(moment)
    assert text.endswith("Z")
    read = datetime.fromisoformat(text)
    assert abs(read - moment.astimezone(UTC)) < timedelta(milliseconds=1)
    assert ("." in text) == bool(moment.microsecond)
