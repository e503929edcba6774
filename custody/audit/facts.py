"""Pure. What an audit compares the ledger with, and what it reports."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from custody.canonical import JSON
from custody.check.finding import Finding, Outcome
from custody.events import RecordKind

MOST_SHOWN = 20
"""Findings kept of one step: a changed entry spoils every hash above it."""


class Step(StrEnum):
    """What is looked at, in this order."""

    TREE = "tree"
    CHECKPOINTS = "checkpoints"
    STAMPS = "timestamps"
    EVENTS = "events"
    RECORDS = "records"
    OPENINGS = "openings"
    CLAIMS = "database"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Expected:
    """One event that must be there: some of its values, and its identifier where it is known.

    The order inside a list does not count.
    """

    values: Mapping[str, JSON]
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What the database outside the ledger says of one record, by the name of the event.

    Exactly these events must be there, in any order; an event that is not named may be there.
    """

    record: UUID
    name: str
    """How people call it: JS/1."""
    kind: RecordKind
    events: Mapping[str, Sequence[Expected]]


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event that a claim names, with those of its values that opened."""

    id: UUID
    values: Mapping[str, str]
    """In their canonical form."""


CLAIMED = frozenset({RecordKind.EXHIBIT, RecordKind.RELEASE})
"""Kinds of record of which each must have a claim."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found. ``findings`` stand in the order of the steps."""

    size: int
    """Entries in the tree."""
    root: bytes
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that say that something is wrong; empty if all is well."""
        return tuple(one for one in self.findings if one.outcome is Outcome.FAIL)


@dataclass(slots=True)
class Tally:
    """Counts what was looked at, and keeps the first findings of each step."""

    counts: Counter[str] = field(default_factory=Counter)
    _failures: Counter[Step] = field(default_factory=Counter)
    _notes: Counter[Step] = field(default_factory=Counter)
    _findings: dict[Step, list[Finding]] = field(default_factory=dict)

    def fail(
        self, step: Step, words: str, subject: str = "", *, expected: str = "", found: str = ""
    ) -> None:
        """Say that something is wrong."""
        self._failures[step] += 1
        if self._failures[step] <= MOST_SHOWN:
            self._add(Finding(step, Outcome.FAIL, f"{words}.", subject, expected, found))

    def note(self, step: Step, words: str, subject: str = "") -> None:
        """Say what is worth reading, and no reason to doubt."""
        self._notes[step] += 1
        if self._notes[step] <= MOST_SHOWN:
            self._add(Finding(step, Outcome.NOTE, f"{words}.", subject))

    def _add(self, finding: Finding) -> None:
        self._findings.setdefault(Step(finding.step), []).append(finding)

    def close(self) -> tuple[Finding, ...]:
        """Return the findings, with a good word for each step in which nothing is wrong."""
        closed: list[Finding] = []
        for step in Step:
            if not self._failures[step] and step in _GOOD:
                words = _GOOD[step].format_map(self.counts)
                closed.append(Finding(step, Outcome.PASS, words))
            closed += self._findings.get(step, [])
            for outcome, counted in ((Outcome.FAIL, self._failures), (Outcome.NOTE, self._notes)):
                if counted[step] > MOST_SHOWN:
                    words = f"And {counted[step] - MOST_SHOWN} more like these."
                    closed.append(Finding(step, outcome, words))
        return tuple(closed)


_GOOD = {
    Step.TREE: "{entries} entries, computed anew, give every stored hash and all {roots} roots.",
    Step.CHECKPOINTS: "{checkpoints} checkpoints are signed by the log, each over its root.",
    Step.STAMPS: "{stamps} timestamps hold, each over its checkpoint.",
    Step.EVENTS: "{events} events were written by this service, and stand in the tree as written.",
    Step.RECORDS: "{records} records: no event is missing, changed or out of order.",
    Step.OPENINGS: "{openings} values are what their events committed to; {erased} were erased.",
    Step.CLAIMS: "{claims} exhibits and releases are as their events say.",
}
