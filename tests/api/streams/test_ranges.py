"""What a request for a part of a file asks for (RFC 9110, sections 13 and 14)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.streams.ranges import (
    Asked,
    Changed,
    Outside,
    Representation,
    Span,
    Unchanged,
    Whole,
    asked_for,
    parse_range,
)

HELD = Representation('"ab"', datetime(2026, 11, 20, 14, 3, 0, 500_000, UTC), 100)
THEN = "Fri, 20 Nov 2026 14:03:00 GMT"
BEFORE = "Fri, 20 Nov 2026 14:02:59 GMT"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-99", Span(0, 100)),
        ("bytes=0-", Span(0, 100)),
        ("bytes=40-", Span(40, 60)),
        ("bytes=40-1000", Span(40, 60)),
        ("bytes=99-99", Span(99, 1)),
        ("bytes=-1", Span(99, 1)),
        ("bytes=-1000", Span(0, 100)),
        ("Bytes= 1-2 ", Span(1, 2)),
        ("bytes=100-", Outside()),
        ("bytes=100-200", Outside()),
        ("bytes=-0", Outside()),
        ("bytes=5-4", Whole()),
        ("bytes=0-1,5-6", Whole()),
        ("bytes=-", Whole()),
        ("bytes=", Whole()),
        ("bytes", Whole()),
        ("", Whole()),
        ("items=0-1", Whole()),
        ("bytes=a-b", Whole()),
        ("bytes=-1-2", Whole()),
        ("bytes=1--2", Whole()),
        ("bytes=+1-2", Whole()),
        ("bytes=٣-٤", Whole()),
        (f"bytes={'9' * 5000}-", Whole()),
    ],
)
def test_one_range_is_read_and_everything_else_is_the_whole(text: str, expected: Asked) -> None:
    assert parse_range(text, 100) == expected


def test_an_empty_file_has_no_range() -> None:
    assert parse_range("bytes=0-", 0) == Outside()
    assert parse_range("bytes=-5", 0) == Outside()


@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(r"bytes=[0-9]{0,5}-[0-9]{0,5}(,[0-9]{0,3}-[0-9]{0,3})?", fullmatch=True),
    ),
    st.integers(0, 5000),
)
def test_whatever_is_sent_no_byte_outside_the_file_is_promised(text: str, size: int) -> None:
    found = parse_range(text, size)
    if isinstance(found, Span):
        assert found.length > 0
        assert found.start >= 0
        assert found.start + found.length <= size


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Whole()),
        ({"range": "bytes=1-2"}, Span(1, 2)),
        ({"range": "bytes=1-2", "if-range": '"ab"'}, Span(1, 2)),
        ({"range": "bytes=1-2", "if-range": THEN}, Span(1, 2)),
        ({"range": "bytes=1-2", "if-range": '"cd"'}, Whole()),
        ({"range": "bytes=1-2", "if-range": 'W/"ab"'}, Whole()),
        ({"range": "bytes=1-2", "if-range": BEFORE}, Whole()),
        ({"range": "bytes=900-", "if-range": '"cd"'}, Whole()),
        ({"range": "bytes=1-2", "if-match": '"ab"'}, Span(1, 2)),
        ({"range": "bytes=1-2", "if-match": "*"}, Span(1, 2)),
        ({"range": "bytes=1-2", "if-match": '"cd", "ab"'}, Span(1, 2)),
        ({"range": "bytes=1-2", "if-match": '"cd"'}, Changed()),
        ({"range": "bytes=1-2", "if-match": 'W/"ab"'}, Changed()),
        ({"range": "bytes=1-2", "if-unmodified-since": THEN}, Span(1, 2)),
        ({"range": "bytes=1-2", "if-unmodified-since": BEFORE}, Changed()),
        ({"if-match": '"ab"', "if-unmodified-since": BEFORE}, Whole()),
        ({"if-unmodified-since": "yesterday"}, Whole()),
        ({"if-none-match": '"ab"'}, Unchanged()),
        ({"if-none-match": 'W/"ab"'}, Unchanged()),
        ({"if-none-match": "*"}, Unchanged()),
        ({"if-none-match": '"cd"', "if-modified-since": THEN}, Whole()),
        ({"if-modified-since": THEN}, Unchanged()),
        ({"if-modified-since": BEFORE}, Whole()),
        ({"if-modified-since": "Fri, 20 Nov 2026 14:03:00"}, Whole()),
    ],
)
def test_conditions_come_in_the_order_of_the_standard(
    headers: dict[str, str], expected: Asked
) -> None:
    assert asked_for("GET", headers, HELD) == expected


def test_a_head_asks_for_no_range() -> None:
    assert asked_for("HEAD", {"range": "bytes=900-"}, HELD) == Whole()


def test_the_time_is_written_as_http_writes_it() -> None:
    assert HELD.last_modified == THEN
