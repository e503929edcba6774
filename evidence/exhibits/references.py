"""Pure. References: exhibits (JS/1), their copies (JS-1-CP1), URNs and their releases (-R1).

Design: docs/formats/references.md.
"""

import re
from collections.abc import Callable

from evidence.errors import InvalidError

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""The 32 symbols of a URN, values 0 to 31: digits 2-9 and the letters without I and O."""

MOST_NUMBER = 9_999_999
"""The highest number of an exhibit."""
MOST_SKIPPED = 10_000
"""How many numbers a reference may skip: more is a slip, and would use up what is there."""

_URN_SYMBOLS = 8
_BASE = len(ALPHABET)
_REFERENCE = re.compile(r"([A-Z]{2,4})/([1-9][0-9]{0,6})")
_FILE_SAFE = re.compile(r"([A-Z]{2,4})-([1-9][0-9]{0,6})")
_PREFIX = re.compile(r"[A-Z]{2,5}")
_RELEASE = re.compile(r"([A-Z0-9-]+)-R([1-9][0-9]{0,5})")


def parse_reference(reference: str) -> tuple[str, int]:
    """Return the initials and the number of an exhibit reference such as ``JS/1``.

    Raises:
        InvalidError: it is none.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise InvalidError(
            "ref",
            f"{reference!r} is no exhibit reference: give the initials of the person who "
            "produces it and a number, such as JS/1",
        )
    return match[1], int(match[2])


def file_safe(reference: str) -> str:
    """Return the reference as it stands in file names: ``JS/1`` becomes ``JS-1``."""
    return reference.replace("/", "-")


def as_reference(name: str) -> str:
    """Return ``JS/1`` for ``JS-1``, as it stands in addresses; anything else as it is."""
    match = _FILE_SAFE.fullmatch(name)
    return f"{match[1]}/{match[2]}" if match else name


def copy_name(reference: str, number: int) -> str:
    """Return the name of the n-th working copy: ``JS-1-CP1``."""
    return f"{file_safe(reference)}-CP{number}"


def sheet_name(number: int) -> str:
    """Return the name of the stills of the n-th working copy: ``contact-sheet-2``.

    The first one has no number: most exhibits have one file.
    """
    return "contact-sheet" if number == 1 else f"contact-sheet-{number}"


def check_symbol(symbols: str) -> str:
    """Return the Luhn mod 32 check symbol of eight URN symbols, the rightmost doubled."""
    total = 0
    for position, symbol in enumerate(reversed(symbols)):
        value = ALPHABET.index(symbol) * (2 if position % 2 == 0 else 1)
        total += value // _BASE + value % _BASE
    return ALPHABET[-total % _BASE]


def make_urn(prefix: str, choose: Callable[[str], str]) -> str:
    """Draw a URN for a council: random symbols without meaning, and a check symbol."""
    symbols = "".join(choose(ALPHABET) for _ in range(_URN_SYMBOLS))
    return f"{prefix}-{symbols[:4]}-{symbols[4:]}-{check_symbol(symbols)}"


def parse_urn(urn: str) -> str:
    """Return the canonical form of a URN as a person typed it: case, spaces and dashes forgiven.

    Raises:
        InvalidError: it is none, or its check symbol is wrong (a typing error).
    """
    bare = re.sub(r"[\s-]", "", urn.upper())
    prefix, rest = bare[: -_URN_SYMBOLS - 1], bare[-_URN_SYMBOLS - 1 :]
    if not _PREFIX.fullmatch(prefix) or any(symbol not in ALPHABET for symbol in rest):
        raise InvalidError("urn", f"{urn!r} is no reference number: they look like BAR-7K4M-2XQ9-J")
    symbols, check = rest[:-1], rest[-1]
    if check_symbol(symbols) != check:
        raise InvalidError("urn", f"{urn!r} has a typing error: its last symbol does not fit")
    return f"{prefix}-{symbols[:4]}-{symbols[4:]}-{check}"


def format_release(urn: str, number: int) -> str:
    """Return how people call the n-th release under a URN: ``BAR-7K4M-2XQ9-J-R1``."""
    return f"{urn}-R{number}"


def parse_release(text: str) -> tuple[str, int] | None:
    """Return the URN and the number of a release as a person typed it; None: it is no such name."""
    match = _RELEASE.fullmatch(text.upper())
    return None if match is None else (match[1], int(match[2]))
