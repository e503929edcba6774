"""Pure. What the audit of a published log reports: step by step, and the first faults of each."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from custody.check.finding import Finding, Outcome
from custody.errors import CustodyError, LogAwayError, ProofError

MOST_SHOWN = 20
"""Findings kept of one step."""


class Step(StrEnum):
    """What is looked at, in this order."""

    CHECKPOINT = "checkpoint"
    ENTRIES = "entries"
    TREE = "tree"
    FILES = "files"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """What an audit found. ``findings`` stand in the order of the steps."""

    size: int
    root: bytes
    """What the entries make; where some could not be read, the hashes of the tiles."""
    findings: tuple[Finding, ...]
    signed: bool
    """Whether somebody said by whose key the checkpoint counts."""

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that say that something is wrong; empty if all is well."""
        return tuple(one for one in self.findings if one.outcome is Outcome.FAIL)


@dataclass(slots=True)
class Findings:
    """The first findings of each step, and how many there were."""

    kept: dict[Step, list[Finding]] = field(default_factory=dict)
    count: Counter[Step] = field(default_factory=Counter)
    wrong: Counter[Step] = field(default_factory=Counter)
    """How many of them say that something is wrong."""

    def say(
        self,
        step: Step,
        outcome: Outcome,
        words: str,
        subject: str = "",
        *,
        expected: str = "",
        found: str = "",
    ) -> None:
        """Add a finding."""
        self.count[step] += 1
        self.wrong[step] += outcome is Outcome.FAIL
        if self.count[step] <= MOST_SHOWN:
            sentence = f"{words.removesuffix('.')}."
            finding = Finding(step, outcome, sentence, subject, expected, found)
            self.kept.setdefault(step, []).append(finding)

    def fail(
        self, step: Step, words: str, subject: str = "", *, expected: str = "", found: str = ""
    ) -> None:
        """Say that something is wrong."""
        self.say(step, Outcome.FAIL, words, subject, expected=expected, found=found)

    def failed(self, step: Step, error: CustodyError, subject: str) -> None:
        """Say what an error of ours says; that a log does not answer is no fault of it.

        Raises:
            LogAwayError: passed on.
        """
        if isinstance(error, LogAwayError):
            raise error
        if isinstance(error, ProofError):
            self.fail(step, error.words, subject, expected=error.expected, found=error.found)
        else:
            self.fail(step, str(error), subject)

    def close(self) -> tuple[Finding, ...]:
        """Return them in the order of the steps."""
        closed: list[Finding] = []
        for step in Step:
            closed += self.kept.get(step, [])
            if (more := self.count[step] - MOST_SHOWN) > 0:
                closed.append(Finding(step, Outcome.FAIL, f"And {more} more like these."))
        return tuple(closed)
