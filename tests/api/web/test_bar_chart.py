"""Bars are drawn to their numbers, and a hidden one has no length that tells anything."""

from decimal import Decimal

from api.web.bar_chart import WIDTH, draw_bars


def test_bars_are_as_long_as_their_numbers() -> None:
    half, whole, none = draw_bars([("a", 20, "20"), ("b", Decimal(40), "40"), ("c", 0, "0")]).bars
    assert (half.length * 2, none.length) == (whole.length, 0)
    assert whole.length < WIDTH


def test_hidden_bars_are_alike() -> None:
    first, second, _ = draw_bars([("a", None, "?"), ("b", None, "?"), ("c", 3, "3")]).bars
    assert first.is_hidden
    assert first.length == second.length


def test_a_long_name_stands_in_more_lines_above_its_own_bar() -> None:
    long, short = draw_bars([("word " * 20, 1, "1"), ("b", 1, "1")]).bars
    assert len(long.lines) > 1
    assert max(map(len, long.lines)) <= 44
    assert short.y > long.top + 16


def test_no_rows_are_a_picture_all_the_same() -> None:
    assert draw_bars([]).height > 0
