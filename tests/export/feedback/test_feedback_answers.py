"""What can be said of whether footage helped."""

import pytest

from evidence.errors import InvalidError
from export.feedback.answers import MOST_WORDS, Answer, Helped, read_answer, words_digest


@pytest.mark.parametrize("outcome", Helped)
def test_each_outcome_can_be_said_without_words(outcome: Helped) -> None:
    assert read_answer(outcome.value, "") == Answer(outcome)


@pytest.mark.parametrize(
    ("outcome", "words", "field"),
    [
        ("", "", "outcome"),
        ("certainly", "", "outcome"),
        ("identified", "x" * (MOST_WORDS + 1), "words"),
        ("identified", "a \u202e turn", "words"),
        ("identified", "\0", "words"),
    ],
    ids=["nothing", "no such thing", "too long", "turned", "control"],
)
def test_what_is_wrong_is_named(outcome: str, words: str, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_answer(outcome, words)
    assert refused.value.field == field


def test_lines_of_a_browser_are_lines() -> None:
    assert read_answer("identified", " one\r\ntwo ").words == "one\ntwo"


def test_the_digest_of_words_depends_on_their_salt() -> None:
    assert words_digest("no", "a") != words_digest("no", "b")
    assert words_digest("a", "b") != words_digest("b", "a")
