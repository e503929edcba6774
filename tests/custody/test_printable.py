"""What nobody sees, or what moves and turns the writing, is shown as an escape, and no other."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.printable import BLANK, printable, printable_json, printable_lines

HIDDEN = [
    letter
    for letter in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or letter in BLANK
]
KEPT = "\n\r\t"


def test_every_control_mark_and_blank_is_escaped() -> None:
    assert len(HIDDEN) > 2000
    for letter in HIDDEN:
        if letter not in KEPT:
            assert printable_lines(f"a{letter}b") != f"a{letter}b", hex(ord(letter))
        assert printable(f"a{letter}b").isprintable(), hex(ord(letter))
        assert letter not in printable(f"a{letter}b")
    for number in (0xE0001, 0xE0020, 0xE007F, 0xE0100, 0xE01EF):
        assert printable(chr(number)) == printable_lines(chr(number)) == f"\\U{number:08x}"


@pytest.mark.parametrize(
    "text",
    ["Ó Briain", "東京", "א", "سلام", "हिन्दी", "👮", "a\tb\r\nc", "a\u00a0\u2009b", "❤️", "\\u202e"],
)
def test_what_the_world_writes_stays_as_it_is(text: str) -> None:
    assert printable_lines(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip\u202egpj.exe", r"clip\u202egpj.exe"),
        ("\x1b[2Jx", r"\x1b[2Jx"),
        ("a\u200bb", r"a\u200bb"),
        ("\u2066a\u2069", r"\u2066a\u2069"),
        ("\u3164", r"\u3164"),
    ],
)
def test_an_escape_says_which_it_was(text: str, said: str) -> None:
    assert printable(text) == printable_lines(text) == said


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3))
def test_json_says_the_same_after_it(value: dict[str, str]) -> None:
    text = printable_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(text) == value
    assert not set(text) & set(HIDDEN) - set(KEPT)


def test_json_names_tags_by_their_halves() -> None:
    assert printable_json('"\U000e0041\x7f"') == '"\\udb40\\udc41\\u007f"'
