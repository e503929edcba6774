"""What a package discloses is read within limits, and plain text never meets one."""

import time
from datetime import UTC, datetime
from uuid import UUID

import pytest

from custody.errors import FormatError
from custody.formats.canonical import JSON
from custody.formats.disclosure import (
    MAX_EVENTS_BYTES,
    MAX_LINE_BYTES,
    LoggedEvent,
    format_events,
    format_openings,
    parse_events,
    parse_openings,
)
from custody.formats.entry import Opening, write_entry
from custody.formats.events import MAX_TEXT

AT = datetime(2026, 11, 21, tzinfo=UTC)
RECORD = UUID("00000000-0000-4000-8000-000000000001")


def event(reason: str) -> LoggedEvent:
    values: dict[str, JSON] = {
        "record": str(RECORD),
        "n": 0,
        "prev": "",
        "actor": "J. Smith",
        "role": "operator",
        "reason": reason,
    }
    data, openings = write_entry("exhibit.set_aside", AT, RECORD, values, lambda _: bytes(32))
    return LoggedEvent(0, data, openings)


@pytest.mark.parametrize("letter", [",", "[", "{", '"', "\\", "\u20ac", "\x1f"])
def test_a_reason_of_any_letters_is_read(letter: str) -> None:
    whole = (event(letter * MAX_TEXT),)
    assert parse_events(format_events(whole)) == whole


def test_more_values_than_the_length_is_the_reason_for_are_refused_unread() -> None:
    openings = [Opening("facts", [[]] * 20_000, bytes(32))]
    with pytest.raises(FormatError, match="more than"):
        parse_openings(format_openings(openings))
    few = format_openings([Opening("facts", [[]] * 40, bytes(32))])
    assert format_openings(parse_openings(few)) == few


@pytest.mark.parametrize("part", [b'\\"', b'"', b"\\", b'"\\', b"[", b'",', b'{"":'])
def test_no_line_takes_long(part: bytes) -> None:
    """A pattern that began anew at each quote would take minutes for some of these."""
    line = part * (MAX_LINE_BYTES // len(part))
    before = time.process_time()
    with pytest.raises(FormatError):
        parse_openings(line)
    assert time.process_time() - before < 1


def test_longer_files_are_refused_unread() -> None:
    for parse, most in ((parse_events, MAX_EVENTS_BYTES), (parse_openings, MAX_LINE_BYTES)):
        with pytest.raises(FormatError, match=f"at most {most}"):
            parse(b"\n" * (most + 1))
