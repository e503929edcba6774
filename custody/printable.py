"""Pure. Text of strangers, shown: what would move the cursor or turn the writing is escaped."""

import json
import re

BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Signs and letters, by their class, of which nobody sees anything."""
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff" + "".join(sorted(BLANK)) + "]"
)
"""Controls but line breaks and tabs, marks of direction and of nothing (Cf), halves of characters,
separators of lines, tags, variation selectors of the second kind, and blanks."""


def printable(text: str) -> str:
    r"""Return a text in which each character that cannot be printed stands as "\x1b" or "\u202e".

    It may come from a clip, a package or a name that somebody made to deceive whoever reads it.
    """
    if text.isprintable() and not _HIDDEN.search(text):  # nearly all is
        return text
    return "".join(
        letter if letter.isprintable() and not _HIDDEN.match(letter) else _escape(letter)
        for letter in text
    )


def printable_lines(text: str) -> str:
    """Return the same for a text of several lines: breaks, tabs and spaces of any width stay."""
    return _HIDDEN.sub(lambda found: _escape(found[0]), text)


def printable_json(text: str) -> str:
    """Return JSON in which such characters are escaped as JSON does it: it says the same."""
    return _HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
