"""Pure. How the numbers of a council's incident system look."""

import re
from dataclasses import dataclass

from evidence.errors import InvalidError
from evidence.wording import check_words

FIELD = "incident"
MOST = 60
"""Characters."""


@dataclass(frozen=True, slots=True)
class IncidentNumbers:
    """What counts as a number, and one that shows people what is meant."""

    pattern: re.Pattern[str]
    example: str

    def holds(self, number: str) -> bool:
        """Tell whether this can be a number."""
        return len(number) <= MOST and self.pattern.fullmatch(number) is not None

    def checked(self, text: str) -> str:
        """Return a number as it was typed, in one line.

        Raises:
            InvalidError: it can be none; shows what one looks like.
        """
        number = check_words(FIELD, " ".join(text.split()), most=MOST)
        if not self.holds(number):
            raise InvalidError(FIELD, f"an incident number looks like {self.example}: check it")
        return number


ANY_NUMBER = IncidentNumbers(re.compile(r".+"), "")
"""What holds where the council says nothing of its numbers."""


def read_numbers(pattern: str, example: str) -> IncidentNumbers:
    """Return how numbers look, by a regular expression of a whole one, and one that it holds.

    Raises:
        ValueError: there is only one of the two, or they do not belong together.
    """
    if not pattern and not example:
        return ANY_NUMBER
    wrong = ValueError(
        "requests.incident_pattern is a regular expression, such as 'INC-[0-9]{6}', and "
        "requests.incident_example a number that it holds, such as 'INC-004512': give both"
    )
    try:
        numbers = IncidentNumbers(re.compile(pattern), example)
    except re.error:
        raise wrong from None
    if not pattern or not example or not numbers.holds(example):
        raise wrong
    return numbers
