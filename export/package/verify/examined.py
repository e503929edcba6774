"""Pure. What V8 knows of an exhibit while it looks at it, and the findings that it collects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from custody.check.finding import Finding, Outcome
from custody.check.log import LoggedEvent, SealedRelease, open_event
from custody.errors import CustodyError
from custody.formats.canonical import JSON
from custody.formats.policy import LogPolicy
from custody.formats.trust import Trust
from export.package.format.records import ExhibitRecord
from export.package.verify.survey import Contents

STEP: Final = "V8"

Disclosed: TypeAlias = tuple[LoggedEvent, Mapping[str, JSON]]
"""An event, and the values that the package opens, by field."""


@dataclass(frozen=True, slots=True)
class ExhibitChecks:
    """What the steps before found out, and V8 builds on."""

    urn: str
    contents: Contents
    opened: Mapping[str, tuple[Disclosed, ...]]
    """What each record's events disclose: see `open_events`."""
    policy: LogPolicy
    sealed: SealedRelease
    stamped_at: datetime
    trust: Trust | None

    @property
    def kind(self) -> str:
        """Who gets the package, as its proposal says; empty where it says nothing."""
        for event, values in self.opened.get(self.sealed.record, ()):
            if event.entry.event == "release.proposed":
                return str(values.get("kind", ""))
        return ""


@dataclass(slots=True)
class Exhibit:
    """One exhibit while it is looked at."""

    reference: str
    record: ExhibitRecord
    checks: ExhibitChecks
    events: tuple[Disclosed, ...]
    findings: list[Finding] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether any check of this exhibit has failed."""
        return any(finding.outcome is Outcome.FAIL for finding in self.findings)

    def fail(self, words: str, subject: str, *, expected: str = "", found: str = "") -> None:
        """Add a finding that fails."""
        self.findings.append(Finding(STEP, Outcome.FAIL, words, subject, expected, found))

    def compare(self, words: str, subject: str, *, expected: str, found: str) -> None:
        """Add a finding that fails where the two differ."""
        if expected != found:
            self.fail(words, subject, expected=expected, found=found)

    def check_file(self, path: str, sha256: str, size: int) -> None:
        """Compare a file of the package with what the exhibit's record says of it."""
        file = self.checks.contents.files.get(path)
        if file is None:
            self.fail("The exhibit's record names this file, and it is missing.", path)
            return
        words = "This file is not the one that the exhibit's record names."
        expected, found = spelled([(sha256, size)]), spelled([(file.sha256, file.size)])
        self.compare(words, path, expected=expected, found=found)

    def text(self, path: str) -> bytes:
        """Return a record of the package; empty where it is missing."""
        return self.checks.contents.kept.get(path, b"")

    def disclosed(self, name: str) -> list[Disclosed]:
        """Return the exhibit's events of this name, with what they disclose."""
        return [(event, values) for event, values in self.events if event.entry.event == name]


def open_events(events: Sequence[LoggedEvent]) -> Mapping[str, tuple[Disclosed, ...]]:
    """Return the events by record, each opened once; what does not open is left out, says V7."""
    found: dict[str, list[Disclosed]] = {}
    for event in events:
        try:
            values = open_event(event)
        except CustodyError:
            continue
        found.setdefault(str(values.get("record")), []).append((event, values))
    return {record: tuple(own) for record, own in found.items()}


def spelled(files: Sequence[tuple[str, int]]) -> str:
    """Say digests and sizes on one line of the report."""
    return ", ".join(f"{digest} ({size} bytes)" for digest, size in files) or "none"
