"""Pure. Kinds of letters: each room that writes some owns theirs, and `api/outbound` words them."""

from enum import StrEnum


class LetterKind(StrEnum):
    """What the kinds of a room derive from; no two rooms use the same name.

    The name stands in the rows for good. Each kind says to whom it goes, and which keys its private
    part has: what no row may hold, and `Messages.open` gives to whoever sends it.
    """


class CodeLetter(LetterKind):
    """The letter that brings a code."""

    CODE = "code"
    """To whoever holds what the code opens. ``code`` (8 digits), ``expires`` (UTC, RFC 3339)."""
