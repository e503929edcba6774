"""Pure. What people write into a record: plain text of a bounded length, and nothing else.

Text ends in databases, packages, headers and on screens. Control characters and lone surrogates
cannot be stored or shown; marks that turn the direction of writing can make a text look like
another one.
"""

import unicodedata

from evidence.errors import InvalidError

_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
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
    for letter in words:
        if lines and letter in _BREAKS:
            continue
        if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} or letter in _TURNS:
            raise InvalidError(
                field, f"{what} holds the character U+{ord(letter):04X}, which is no plain text"
            )
    return words
