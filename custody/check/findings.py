"""Pure. Collects the findings of one step; the one place where an error becomes a finding."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from custody.check.finding import Finding, Outcome
from custody.errors import FormatError, ProofError

_T = TypeVar("_T")


@dataclass(slots=True)
class Findings:
    """The findings of one step, in the order in which its checks were made."""

    step: str
    _findings: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything said so far."""
        return tuple(self._findings)

    @property
    def failed(self) -> bool:
        """Whether any check has failed."""
        return any(finding.outcome is Outcome.FAIL for finding in self._findings)

    def ask(self, subject: str, check: Callable[[], _T], words: str = "") -> _T | None:
        """Run a check that raises; `words` are what it means that it passed.

        Returns what the check returned, or None where it failed.
        """
        try:
            result = check()
        except FormatError as error:
            self.say(Outcome.FAIL, str(error), subject)
            return None
        except ProofError as error:
            self.say(Outcome.FAIL, error.words, subject, expected=error.expected, found=error.found)
            return None
        if words:
            self.say(Outcome.PASS, words, subject)
        return result

    def say(
        self, outcome: Outcome, words: str, subject: str, *, expected: str = "", found: str = ""
    ) -> None:
        """Add a finding, as a full sentence."""
        sentence = words if words.endswith(".") else f"{words}."
        self._findings.append(Finding(self.step, outcome, sentence, subject, expected, found))
