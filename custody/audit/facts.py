"""Pure. What an audit compares the ledger with, and what it reports."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from custody.check.finding import Finding, Outcome
from custody.formats.canonical import JSON
from custody.formats.events import RecordKind

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
class Span:
    """Records from one identifier to another, both included."""

    first: UUID
    last: UUID


WHOLE = Span(UUID(int=0), UUID(int=2**128 - 1))


def spans(count: int) -> tuple[Span, ...]:
    """Cut all records into so many spans; as their identifiers are drawn, of about one length."""
    cuts = [(number << 128) // count for number in range(count + 1)]
    return tuple(Span(UUID(int=first), UUID(int=after - 1)) for first, after in pairwise(cuts))


class Expected(NamedTuple):
    """One event that must be there: some of its values, and its identifier where it is known.

    The order inside a list does not count. Of ``actor`` only the identifier of the person is said;
    ``at``, which is no field, is when the event is dated, to the second.
    """

    values: Mapping[str, JSON]
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Latest:
    """What the last event must say of several that each say the same anew."""

    names: tuple[str, ...]
    values: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a record stands: the last of these events must be one of ``by``, and say this.

    ``names`` are all events that move such a record from one state to another.
    """

    state: str
    """What the database says, in words."""
    names: frozenset[str]
    by: Mapping[str, Mapping[str, JSON]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Objects that the events of one name list in ``field``; the latest word for a ``key`` counts.

    Exactly these ``items`` must have come together.
    """

    name: str
    field: str
    key: str
    items: tuple[Mapping[str, JSON], ...]


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
    latest: tuple[Latest, ...] = ()
    flaws: tuple[str, ...] = ()
    """What the database says that cannot be, whatever the ledger says: each a sentence's end."""
    standing: Standing | None = None
    gathered: Gathered | None = None
    among: Mapping[str, Sequence[Expected]] = field(default_factory=dict)
    """Events that must be there, beside others of their name that nothing speaks of."""

    @property
    def names(self) -> frozenset[str]:
        """The events that it speaks of."""
        return frozenset(self.events).union(
            self.among,
            *(one.names for one in self.latest),
            self.standing.names if self.standing else (),
            (self.gathered.name,) if self.gathered else (),
        )


class KeptEvent(NamedTuple):
    """An event that a claim names, with those of its values that opened."""

    id: str
    name: str
    n: int
    at: datetime
    values: Mapping[str, str]
    """In their canonical form, which whoever made this has seen to."""


CLAIMED = frozenset({RecordKind.EXHIBIT, RecordKind.REQUEST, RecordKind.RELEASE})
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
    found: Counter[tuple[Step, Outcome]] = field(default_factory=Counter)
    findings: dict[Step, list[Finding]] = field(default_factory=dict)
    once: set[tuple[Step, str, str]] = field(default_factory=set)

    def fail(
        self, step: Step, words: str, subject: str = "", *, expected: str = "", found: str = ""
    ) -> None:
        """Say that something is wrong."""
        self._add(step, Finding(step, Outcome.FAIL, f"{words}.", subject, expected, found))

    def fail_once(self, step: Step, words: str, subject: str) -> None:
        """Say what is met in many places, and is wrong in one; it comes after the others."""
        self.once.add((step, words, subject))

    def note(self, step: Step, words: str, subject: str = "") -> None:
        """Say what is worth reading, and no reason to doubt."""
        self._add(step, Finding(step, Outcome.NOTE, f"{words}.", subject))

    def _add(self, step: Step, finding: Finding) -> None:
        self.found[step, finding.outcome] += 1
        if self.found[step, finding.outcome] <= MOST_SHOWN:
            self.findings.setdefault(step, []).append(finding)

    def add(self, later: "Tally") -> None:
        """Add what was found in what comes after."""
        self.counts.update(later.counts)
        self.found.update(later.found)
        for step, findings in later.findings.items():
            self.findings.setdefault(step, []).extend(findings)
        self.once |= later.once

    def close(self) -> tuple[Finding, ...]:
        """Return the findings, with a good word for each step in which nothing is wrong."""
        for step, words, subject in sorted(self.once):
            self.fail(step, words, subject)
        self.once.clear()
        if lost := self.counts.pop("lost", 0):
            self.note(Step.OPENINGS, f"{lost} values were lost when a backup was restored")
        closed: list[Finding] = []
        for step in Step:
            if not self.found[step, Outcome.FAIL] and step in _GOOD:
                words = _GOOD[step].format_map(self.counts)
                closed.append(Finding(step, Outcome.PASS, words))
            closed += self._shown(step)
            for outcome in (Outcome.FAIL, Outcome.NOTE):
                if self.found[step, outcome] > MOST_SHOWN:
                    words = f"And {self.found[step, outcome] - MOST_SHOWN} more like these."
                    closed.append(Finding(step, outcome, words))
        return tuple(closed)

    def _shown(self, step: Step) -> Iterator[Finding]:
        shown: Counter[Outcome] = Counter()
        for finding in self.findings.get(step, ()):
            shown[finding.outcome] += 1
            if shown[finding.outcome] <= MOST_SHOWN:
                yield finding


_GOOD = {
    Step.TREE: "{entries} entries, computed anew, give every stored hash and all {roots} roots.",
    Step.CHECKPOINTS: "{checkpoints} checkpoints are signed by the log, each over its root.",
    Step.STAMPS: "{stamps} timestamps hold, each over its checkpoint.",
    Step.EVENTS: "{events} events were written by this service, and stand in the tree as written.",
    Step.RECORDS: "{records} records: no event is missing, changed or out of order.",
    Step.OPENINGS: "{openings} values are what their events committed to; {erased} were erased.",
    Step.CLAIMS: "{claims} exhibits, releases, requests, fees, holds, people and registers are as "
    "their events say.",
}
