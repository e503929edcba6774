"""What is hidden cannot be told from what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.desk.statistics.suppression import hidden, rounded, shown

LEAST = 5


@pytest.mark.parametrize(
    ("counts", "hide"),
    [
        ([], set()),
        ([0, 0], set()),
        ([5, 0, 80], set()),
        # Alone it would be the total without the others.
        ([1, 7, 30], {0, 1}),
        ([1, 0, 30], {0, 2}),
        # Together they are one less than they look: both would be one.
        ([1, 1, 9, 30], {0, 1, 2}),
        ([1, 4, 9, 30], {0, 1, 2}),
        ([2, 4, 9, 30], {0, 1}),
        # Of two alike, the first.
        ([4, 6, 6], {0, 1}),
        # Nothing else can hide them: the zeros do.
        ([1, 1, 1, 1, 1], {0, 1, 2, 3, 4}),
        ([2, 3, 0, 0, 0], {0, 1, 2, 3, 4}),
        # The whole is small.
        ([1, 2, 0], {0, 1, 2}),
        ([4, 0], {0, 1}),
    ],
    ids=str,
)
def test_small_numbers_are_hidden_and_what_would_tell_them(
    counts: list[int], hide: set[int]
) -> None:
    assert hidden(counts, LEAST) == hide


@given(st.lists(st.integers(0, 40), max_size=9), st.integers(3, 9))
def test_the_total_leaves_every_hidden_figure_open(counts: list[int], least: int) -> None:
    hide = hidden(counts, least)
    assert all(place in hide for place, count in enumerate(counts) if 0 < count < least)
    if not hide or sum(counts) < least:
        return
    # What whoever reads the table can work out: how much the hidden ones are together.
    told = sum(counts) - sum(count for place, count in enumerate(counts) if place not in hide)
    if len(hide) < len(counts):
        # None of them is zero, since zeros are shown: each may be anything from one to this.
        assert len(hide) > 1
        assert told - (len(hide) - 1) >= least
    else:
        assert told >= least


@given(st.integers(0, 300), st.integers(3, 20))
def test_a_rounded_figure_is_near_and_says_nothing_of_one_person(count: int, base: int) -> None:
    said = rounded(count, base)
    if count < base:
        assert said is None
        return
    assert said is not None
    assert said % base == 0
    assert abs(said - count) * 2 <= base
    # One more or less is nearly always the same figure, and otherwise a whole step.
    assert (rounded(count + 1, base) or 0) - said in {0, base}


def test_a_figure_without_a_total_is_hidden_by_itself() -> None:
    assert [shown(count, LEAST) for count in (0, 1, 4, 5)] == [0, None, None, 5]
