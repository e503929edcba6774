"""Pure. What people write into a record: plain text of a bounded length, and nothing else.

Text ends in databases, packages, headers and on screens. Control characters and lone surrogates
cannot be stored or shown; marks that turn the direction of writing, and what nobody sees, can make
a text look like another one.
"""

import unicodedata

from custody.printable import BLANK
from evidence.errors import InvalidError

_JOINERS = frozenset("\u200c\u200d")
"""They join or part letters of some scripts, and make one picture of several."""
_LATIN = 0x24F
_BREAKS = frozenset("\n\t")


def check_words(
    field: str, text: str, *, most: int, needed: bool = True, lines: bool = False
) -> str:
    """Return a text without the spaces around it.

    ``most`` counts characters; ``lines`` says whether it may have more than one line.

    Raises:
        InvalidError: it is too long, empty though it is needed, or no plain text.
    """
    words = text.strip()
    what = field.replace("_", " ")
    if needed and not words:
        raise InvalidError(field, f"{what} is missing")
    if len(words) > most:
        raise InvalidError(field, f"{what} has {len(words)} characters; {most} are allowed")
    for place, letter in enumerate(words):
        if lines and letter in _BREAKS:
            continue
        if letter in _JOINERS and _joins(words, place):
            continue
        if _is_hidden(letter):
            raise InvalidError(
                field, f"{what} holds the character U+{ord(letter):04X}, which is no plain text"
            )
    return words


def _is_hidden(letter: str) -> bool:
    """Tell whether a character is a control, turns the writing, or is seen by nobody."""
    if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or letter in BLANK:
        return True
    return "\U000e0000" <= letter <= "\U000e0fff"  # tags, and variations of single characters


def _joins(words: str, place: int) -> bool:
    """Tell whether a joiner stands between two letters of a script, or pictures, that have any."""
    beside = words[max(place - 1, 0) : place] + words[place + 1 : place + 2]
    return len(beside) == 2 and all(ord(one) > _LATIN for one in beside)  # noqa: PLR2004 - both sides
