"""What can go wrong in the domain.

* EvidenceError
  - UnknownError: there is no such exhibit, release, upload or person; refuse
  - AccessRefusedError: this person may not do this; refuse, the reason is an event
  - StateError: not now, or not any more; refuse, the message says what comes first
  - TokenEndedError: a token that was good once; refuse, the message says how to get another
  - InvalidError: a value that cannot be right; refuse, the message says which and why
    - UnlikelyError: a value that is hardly right; ask, and take it once it is confirmed
    - AnswersError: answers of a form that cannot be right; refuse, each names its field
    - BrokenListError: a list with faults; refuse, each fault says what to do
"""

from collections.abc import Mapping, Sequence


class EvidenceError(Exception):
    """Base of all errors of the domain."""


class UnknownError(EvidenceError):
    """There is no such thing."""


class AccessRefusedError(EvidenceError):
    """This person may not do this; carries what the event `access.refused` records."""

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(reason)
        self.action = action
        self.reason = reason


class StateError(EvidenceError):
    """The thing is not in a state in which this can be done."""


class TokenEndedError(EvidenceError):
    """Somebody holds a token of ours that ended, by itself or by hand."""


class InvalidError(EvidenceError):
    """A value that was given cannot be right; names the field."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


class UnlikelyError(InvalidError):
    """Values that are hardly right, and are taken once whoever gave them confirms each by name."""

    def __init__(self, doubts: Mapping[str, str]) -> None:
        names = " ".join(sorted(doubts))
        words = "; ".join(doubts[name] for name in sorted(doubts))
        super().__init__("confirmed", f"{words}. If this is right, confirm it: {names}")
        self.doubts = dict(doubts)
        """Why each is asked, by its name."""


class AnswersError(InvalidError):
    """Answers of a form that cannot be right; names each field, the first one first."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(next(iter(errors)), "; ".join(f"{n}: {w}" for n, w in errors.items()))
        self.errors = dict(errors)
        """What is wrong, by the field's name."""


class BrokenListError(InvalidError):
    """A list of cameras or requests that is broken, of which nothing was taken over."""

    def __init__(self, faults: Sequence[str], *, most: int) -> None:
        more = f"; and more: mend these {most} first" if len(faults) > most else ""
        super().__init__("list", "; ".join(faults[:most]) + more)
        self.faults = tuple(faults[:most])
        """Each names line and column, and what to do."""
        self.more = len(faults) > most
        """Whether there are others besides."""
