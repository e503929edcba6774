"""What is said of a clip: what cannot be is refused, what is unlikely is asked and on record."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import ShapeError
from custody.formats.canonical import JSON, canonical_json, parse_canonical
from custody.formats.shapes import Difference, differences
from evidence.errors import InvalidError, UnlikelyError
from evidence.exhibits.description import (
    Description,
    description_json,
    flaws,
    parse_description,
    sequence,
)
from evidence.exhibits.doubts import Doubt
from evidence.exhibits.particulars import MasterDigest, NewExhibit, NewFile, describe, restated
from tests.houses import NEW

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ONE, TWO, NONE = (MasterDigest(f"{n}" * 64, n) for n in (1, 2, 0))
UNCHECKED = replace(NEW, clock_offset_ms=None)
EACH = (
    NewFile("2026-11-20 14:03:00", "2026-11-20 14:05:00"),
    NewFile("2026-11-20 14:05:00", "2026-11-20 14:07:00", "BAR-0018"),
)
SEVERAL = replace(NEW, displayed_start="", displayed_end="", files=EACH)


def said(new: NewExhibit, *files: MasterDigest) -> Description:
    return describe(new, files or (ONE,), role="operator", at=NOON)


UNLIKELY: list[tuple[NewExhibit, tuple[MasterDigest, ...], Doubt]] = [
    (replace(NEW, clock_offset_ms=86_400_000), (ONE,), Doubt.CLOCK_OFFSET),
    (replace(NEW, clock_offset_ms=-900 * 86_400_000), (ONE,), Doubt.CLOCK_OFFSET),
    (replace(NEW, displayed_start="2026-11-19 14:00:00"), (ONE,), Doubt.LONG_RECORDING),
    (replace(UNCHECKED, displayed_end="2026-11-21 12:06:00"), (ONE,), Doubt.AHEAD),
    (replace(UNCHECKED, exported_at="2026-11-20 13:00:00"), (ONE,), Doubt.EXPORTED_EARLY),
    (NEW, (NONE,), Doubt.EMPTY_FILE),
    (replace(SEVERAL, displayed_end="2026-11-20 14:09:00"), (ONE, TWO), Doubt.UNFILLED),
    (replace(SEVERAL, displayed_start="2026-11-20 14:02:59"), (ONE, TWO), Doubt.UNFILLED),
]


@pytest.mark.parametrize(("new", "files", "doubt"), UNLIKELY)
def test_what_is_unlikely_is_asked_and_taken_once_it_is_confirmed(
    new: NewExhibit, files: tuple[MasterDigest, ...], doubt: Doubt
) -> None:
    at = datetime(2029, 11, 21, 12, 0, tzinfo=UTC) if new.clock_offset_ms else NOON
    with pytest.raises(UnlikelyError, match=f"confirm it: .*{doubt}") as asked:
        describe(new, files, role="operator", at=at)
    assert doubt in asked.value.doubts
    assert asked.value.field == "confirmed"
    sure = replace(new, confirmed=tuple(asked.value.doubts))
    stated = describe(sure, files, role="operator", at=at)
    assert stated.confirmed == tuple(sorted(asked.value.doubts))
    assert not flaws(stated)


def test_every_doubt_has_its_case() -> None:
    assert {doubt for *_, doubt in UNLIKELY} == set(Doubt)


def test_several_doubts_are_asked_at_once_and_each_is_confirmed_by_name() -> None:
    new = replace(NEW, clock_offset_ms=86_400_000)
    with pytest.raises(UnlikelyError) as asked:
        said(new, NONE)
    assert set(asked.value.doubts) == {Doubt.CLOCK_OFFSET, Doubt.EMPTY_FILE}
    with pytest.raises(UnlikelyError) as asked:
        said(replace(new, confirmed=(Doubt.EMPTY_FILE,)), NONE)
    assert set(asked.value.doubts) == {Doubt.CLOCK_OFFSET}


def test_what_nobody_asked_stands_on_no_record() -> None:
    assert said(replace(NEW, confirmed=(Doubt.EMPTY_FILE, Doubt.AHEAD))).confirmed == ()


@pytest.mark.parametrize(
    ("new", "files", "field"),
    [
        (NEW, (), "files"),
        (NEW, (ONE, TWO), "files"),
        (SEVERAL, (ONE,), "files"),
        (SEVERAL, (ONE, ONE), "files"),
        (replace(NEW, displayed_start=""), (ONE,), "displayed_start"),
        (replace(NEW, displayed_end="2026-11-20 14:03:00"), (ONE,), "displayed_end"),
        (replace(NEW, displayed_end="2026-11-31 14:03:00"), (ONE,), "displayed_end"),
        (replace(NEW, displayed_end="2026-11-21 12:07:00"), (ONE,), "displayed_end"),
        (replace(NEW, exported_at="2026-11-20 13:50:00"), (ONE,), "exported_at"),
        (replace(NEW, camera="\N{SMILING FACE WITH OPEN MOUTH}"), (ONE,), "camera"),
        (replace(NEW, camera="\u202e17"), (ONE,), "camera"),
        (replace(NEW, camera="-- / --"), (ONE,), "camera"),
        (replace(NEW, confirmed=("yes",)), (ONE,), "confirmed"),
        (replace(SEVERAL, displayed_end="2026-11-20 14:06:00"), (ONE, TWO), "displayed_end"),
        (replace(SEVERAL, displayed_start="2026-11-20 14:04:00"), (ONE, TWO), "displayed_start"),
        (replace(SEVERAL, files=(EACH[0], NewFile("", ""))), (ONE, TWO), "files.2.displayed_start"),
        (
            replace(SEVERAL, files=(EACH[0], replace(EACH[1], camera="!"))),
            (ONE, TWO),
            "files.2.camera",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_named(
    new: NewExhibit, files: tuple[MasterDigest, ...], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        describe(new, files, role="operator", at=NOON)
    assert not isinstance(refused.value, UnlikelyError)
    assert refused.value.field == field


def test_each_file_has_its_own_times_and_the_exhibit_spans_them() -> None:
    stated = said(SEVERAL, ONE, TWO)
    assert stated.displayed_start == "2026-11-20T14:03:00+00:00"
    assert stated.displayed_end == "2026-11-20T14:07:00+00:00"
    first, second = stated.files
    assert (first.sha256, first.camera.id) == (ONE.sha256, "BAR-0017")
    assert (second.sha256, second.camera.id) == (TWO.sha256, "BAR-0018")
    assert second.corrected_start == "2026-11-20T14:03:47Z"
    assert sequence(stated.files) == ()


@pytest.mark.parametrize(
    ("starts", "words"), [("14:05:02.5", "2.500 seconds are missing"), ("14:04:50", "there twice")]
)
def test_a_sequence_shows_its_gaps_and_overlaps(starts: str, words: str) -> None:
    second = NewFile(f"2026-11-20 {starts}", "2026-11-20 14:07:00")
    (told,) = sequence(said(replace(SEVERAL, files=(EACH[0], second)), ONE, TWO).files)
    assert words in told


@pytest.mark.parametrize("new", [NEW, UNCHECKED, replace(NEW, title="", method="USB")])
def test_a_correction_begins_with_what_was_said(new: NewExhibit) -> None:
    stated = said(new)
    assert describe(restated(stated), (ONE,), role="operator", at=NOON) == stated
    both = said(SEVERAL, ONE, TWO)
    assert describe(restated(both), (ONE, TWO), role="operator", at=NOON) == both


def test_a_description_round_trips_and_no_other_shape_is_read() -> None:
    stated = said(SEVERAL, ONE, TWO)
    text = canonical_json(description_json(stated))
    assert parse_description(parse_canonical(text)) == stated
    value: Any = parse_canonical(text)
    for key in value:
        with pytest.raises(ShapeError):
            parse_description({name: one for name, one in value.items() if name != key})
        odds: tuple[JSON, ...] = (7, True, {"a": 1}, [7])
        for odd in odds:
            with pytest.raises(ShapeError):
                parse_description({**value, key: odd})
    with pytest.raises(ShapeError):
        parse_description({**value, "more": None})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_two_values_differ_somewhere_unless_they_are_one(old: Any, new: Any) -> None:  # noqa: ANN401 - any JSON
    found = list(differences(old, new))
    assert bool(found) == (canonical_json(old) != canonical_json(new))


def test_a_difference_is_named_by_its_place() -> None:
    old: JSON = {"a": {"b": [1, {"c": "x"}]}, "d": 1}
    new: JSON = {"a": {"b": [1, {"c": "y"}]}, "d": True}
    assert list(differences(old, new)) == [
        Difference("a.b.2.c", "x", "y"),
        Difference("d", 1, True),
    ]
