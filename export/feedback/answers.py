"""Pure. What can be said of how footage helped, and what the ledger commits to of it.

`feedback.given` commits to the digest of the words with a random salt: once both are erased, the
digest tells nobody what they were.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from custody.formats.canonical import canonical_json
from evidence.errors import InvalidError
from evidence.wording import check_words
from export.release.proposals import ReleaseKind

MOST_WORDS = 2000
ASKED = frozenset({ReleaseKind.POLICE, ReleaseKind.CPS, ReleaseKind.COUNCIL})
"""The kinds of release whose recipients are asked."""


class Helped(StrEnum):
    """Whether footage helped."""

    IDENTIFIED = "identified"
    """A person was identified."""
    CHARGED = "supported_charge"
    RULED_OUT = "ruled_out"
    """Something or somebody was ruled out."""
    NOT_USEFUL = "not_useful"
    TOO_EARLY = "too_early"
    DECLINED = "declined"
    """They want no letter that asks this."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says of it."""

    outcome: Helped
    words: str = ""
    """As they please; they may name people."""


def read_answer(outcome: str, words: str) -> Answer:
    """Return what a form says.

    Raises:
        InvalidError: nothing was chosen, or the words are too long or no plain text.
    """
    if outcome not in tuple(Helped):
        raise InvalidError("outcome", "Select whether the footage helped")
    said = words.replace("\r\n", "\n")
    return Answer(
        Helped(outcome), check_words("words", said, most=MOST_WORDS, needed=False, lines=True)
    )


def words_digest(words: str, salt: str) -> str:
    """Return what the ledger commits to of the words."""
    return sha256(canonical_json({"salt": salt, "words": words})).hexdigest()
