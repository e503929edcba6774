"""Pure. What a check says: one sentence for a person, and both sides of the comparison."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - the word on the report, no password
    FAIL = "fail"
    NOTE = "note"
    """Worth reading, and no reason to doubt: a clock that ran backwards, a missing witness."""
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check on one subject."""

    step: str
    """"V1" to "V9" of design: docs/formats/package.md."""
    outcome: Outcome
    words: str
    """A full sentence that a reader without technical knowledge understands."""
    subject: str = ""
    """The file, event or certificate that was looked at, where it is one."""
    expected: str = ""
    found: str = ""
