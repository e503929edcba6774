"""The quick question of the one form of an entry, held to the slow one that explains."""

import pytest

from custody.errors import FormatError
from custody.formats.entry import parse_entry
from custody.formats.events import EVENTS
from custody.published.forms import first_odd
from tests.custody.published.files import event


def is_odd(entry: bytes) -> bool:
    try:
        parse_entry(entry)
    except FormatError:
        return True
    return False


def test_an_entry_of_every_event_is_in_its_form() -> None:
    assert first_odd([event(n, name) for n, name in enumerate(EVENTS)]) is None


def test_each_byte_that_is_changed_is_judged_as_by_the_parser() -> None:
    entry = event(7)
    for at in range(len(entry)):
        for other in b'0af9gA"-:TZ \xff':
            changed = entry[:at] + bytes([other]) + entry[at + 1 :]
            assert (first_odd([changed]) is not None) == is_odd(changed), changed


@pytest.mark.parametrize(
    "at",
    [
        b"2026-02-30T12:00:00Z",
        b"2026-W11-1T12:00:00",
        b"2026-11-21T24:00:00Z",
        b"2026-11-21 12:00:00Z",
        b"2026-11-21T12:60:00Z",
        b"0000-11-21T12:00:00Z",
    ],
    ids=["no day", "a week", "no hour", "a space", "no minute", "no year"],
)
def test_a_moment_that_does_not_exist_is_odd(at: bytes) -> None:
    entry = event(7).replace(b"2026-11-21T12:00:07Z", at)
    assert entry != event(7)
    assert is_odd(entry)
    assert first_odd([entry]) is not None


@pytest.mark.parametrize("entry", [b"", b"{}", b'"', b"x" * 52, b"x" * 400], ids=len)
def test_what_is_no_entry_is_odd_and_told_why(entry: bytes) -> None:
    found = first_odd([event(1), entry, event(2)])
    assert found is not None
    assert found[0] == 1
    assert found[1]


def test_a_digit_that_is_none_is_found_among_many() -> None:
    entries = [event(n) for n in range(50)]
    wrong = bytearray(event(31))
    wrong[wrong.index(b'"n":"') + 5] = ord("A")
    found = first_odd([*entries[:31], bytes(wrong), *entries[32:]])
    assert found is not None
    assert found[0] == 31
