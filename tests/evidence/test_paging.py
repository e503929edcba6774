"""Cursors: a page begins where another one ended, whatever is added meanwhile."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import InvalidError
from evidence.paging import Cursor, Page, every, format_cursor, page_of, parse_cursor

START = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Shelf:
    """A list in memory that is asked as `beyond` asks PostgreSQL."""

    rows: list[tuple[datetime, UUID]]

    def add(self, minutes: int) -> None:
        self.rows.append((START + timedelta(minutes=minutes), uuid4()))

    def page(self, cursor: Cursor | None, most: int) -> Page[tuple[datetime, UUID]]:
        def read(at: Cursor | None) -> list[tuple[datetime, UUID]]:
            rows = sorted(self.rows, reverse=True)
            if at is not None and at.newer:
                rows = [row for row in reversed(rows) if row > (at.at, at.id)]
            elif at is not None:
                rows = [row for row in rows if row < (at.at, at.id)]
            return rows[: most + 1]

        return page_of(read, lambda row: row, cursor, most=most)


def shelf(count: int) -> Shelf:
    made = Shelf([])
    for number in range(count):
        made.add(number // 2)  # of the same moment in pairs
    return made


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7, 30])
@pytest.mark.parametrize("most", [1, 2, 3, 10])
def test_walking_down_shows_every_row_once_and_walking_up_again_too(count: int, most: int) -> None:
    made = shelf(count)
    down = list(every(lambda cursor: made.page(cursor, most)))
    assert down == sorted(made.rows, reverse=True)
    page = made.page(None, most)
    while page.older:
        page = made.page(page.older, most)
    up = list(page.rows)
    while page.newer:
        page = made.page(page.newer, most)
        up = [*(row for row in page.rows if row not in up), *up]
    assert up == down
    assert page == made.page(None, most), "the way up ends at the first page as it is"


def test_what_is_added_at_the_top_moves_no_page() -> None:
    made = shelf(10)
    first = made.page(None, 3)
    assert first.older
    before = made.page(first.older, 3)
    made.add(100)
    assert made.page(first.older, 3) == before
    assert not set(before.rows) & set(first.rows)


def test_a_row_that_goes_leaves_its_page_where_it_was() -> None:
    made = shelf(10)
    first = made.page(None, 3)
    assert first.older
    before = made.page(first.older, 3)
    made.rows.remove((first.older.at, first.older.id))
    assert made.page(first.older, 3) == before


def test_beyond_the_end_a_page_is_empty_and_leads_back() -> None:
    made = shelf(2)
    last = min(made.rows)
    page = made.page(Cursor(*last), 3)
    assert page.rows == ()
    assert page.newer
    assert made.page(page.newer, 3) == made.page(None, 3)


@given(
    st.builds(
        Cursor,
        st.datetimes(datetime(1970, 1, 1), datetime(3000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
        st.uuids(),
        newer=st.booleans(),
    )
)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert parse_cursor(format_cursor(cursor)) == cursor


def test_no_cursor_is_the_empty_text() -> None:
    assert format_cursor(None) == ""
    assert parse_cursor("") is None


GOOD = format_cursor(Cursor(START, UUID(int=7)))


@pytest.mark.parametrize(
    "text",
    [
        "2",
        GOOD[1:],
        GOOD[:-1],
        GOOD + "0",
        GOOD.upper(),
        GOOD.replace("older", "other"),
        GOOD.replace("-1", "--1", 1),
        "older-" + "9" * 18 + GOOD[GOOD.rindex("-") :],
        "older-\u0661" + GOOD[GOOD.rindex("-") :],
        GOOD + "\n",
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_cursor(text)
    assert refused.value.field == "cursor"


def test_the_last_moment_that_can_be_written_can_be_read() -> None:
    assert parse_cursor("older-" + "9" * 17 + "-" + "f" * 32) is not None
