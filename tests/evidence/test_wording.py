"""Text that people write is plain, bounded, and refused with a sentence otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import InvalidError
from evidence.wording import check_words


@pytest.mark.parametrize(
    "text",
    [
        "Ó Briain, Señora",
        "東京",
        "👮‍♀️ on duty",
        "\u0645\u06cc\u200c\u062e",
        "क्\u200dष",
        "a\N{NO-BREAK SPACE}b",
        "e\N{COMBINING ACUTE ACCENT}",
    ],
)
def test_the_names_of_the_world_are_plain_text(text: str) -> None:
    assert check_words("name", text, most=50) == text


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "a\nb",
        "a\r\nSet-Cookie: b",
        "a\tb",
        "a\x1b[2Jb",
        "a\x85b",
        "a\u2028b",
        "a\ud800b",
        "a\u202egpj.exe",
        "a\u200fb",
        "a\u200bb",
        "a\u200cb",
        "Jo\u200d",
        "\u200d",
        "a\u2060b",
        "a\ufeffb",
        "a\u00adb",
        "a\U000e0041b",
        "a\U000e0100b",
        "\u3164",
        "a\u2800b",
        "\u115f\u1160",
        "a\u034fb",
        "a\u180eb",
        "a\ufff9b",
    ],
)
def test_what_is_no_plain_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match=r"holds the character U\+") as refused:
        check_words("title", text, most=50, needed=False)
    assert refused.value.field == "title"
    str(refused.value).encode()


def test_a_reason_may_have_lines() -> None:
    assert check_words("reason", "one\n\ttwo", most=50, lines=True) == "one\n\ttwo"
    with pytest.raises(InvalidError):
        check_words("reason", "one\rtwo", most=50, lines=True)


def test_too_long_and_missing_are_told_apart() -> None:
    with pytest.raises(InvalidError, match="has 51 characters; 50 are allowed"):
        check_words("title", "x" * 51, most=50)
    with pytest.raises(InvalidError, match="clock reference is missing"):
        check_words("clock_reference", " \n ", most=50)
    assert check_words("title", " \n ", most=50, needed=False) == ""


@given(st.text(max_size=60))
def test_what_is_accepted_can_be_stored_and_is_accepted_again(text: str) -> None:
    try:
        words = check_words("title", text, most=50, needed=False)
    except InvalidError:
        return
    assert "\x00" not in words
    assert words.encode().decode() == words
    assert check_words("title", words, most=50, needed=False) == words
