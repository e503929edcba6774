"""Edge. How the findings of an audit are told: to a person in a table, and to a program."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol

from custody.check.finding import Finding, Outcome
from custody.formats.canonical import JSON
from custody.printable import printable, printable_json

_MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.NOTE: "·", Outcome.NOT_CHECKED: "?"}
_INDENT = 15
_UNREAD = "Its entries were not looked at."


class Report(Protocol):
    """What an audit found, of whatever it looked at."""

    @property
    def size(self) -> int:
        """Entries of the log."""
        ...

    @property
    def root(self) -> bytes:
        """What they make."""
        ...

    @property
    def findings(self) -> Sequence[Finding]:
        """In the order of the steps."""
        ...

    @property
    def failed(self) -> Sequence[Finding]:
        """Those that say that something is wrong."""
        ...


def audit_json(report: Report, **more: JSON) -> str:
    """Tell a report to a program."""
    whole = {
        "ok": not report.failed,
        **more,
        "size": report.size,
        "root": report.root.hex(),
        "findings": [asdict(finding) for finding in report.findings],
    }
    return as_json(whole)


def as_json(value: object) -> str:
    """Write JSON for a program, and nothing that would move a terminal's cursor."""
    return printable_json(json.dumps(value, indent=2, ensure_ascii=False))


def audit_table(report: Report, *, right: str, wrong: str) -> str:
    """Tell a report to a person; its last line begins with the verdict."""
    verdict = wrong if report.failed else right
    looked_at = f"Entries: {report.size}, root {report.root.hex()}" if report.root else _UNREAD
    last = f"{verdict} {looked_at}"
    return "\n".join([findings_table(report.findings), "", last])


def findings_table(findings: Sequence[Finding]) -> str:
    """Tell findings to a person."""
    return "\n".join(line for finding in findings for line in _lines(finding))


def _lines(finding: Finding) -> list[str]:
    subject = f" [{finding.subject}]" if finding.subject else ""
    lines = [f"{_MARKS[finding.outcome]} {finding.step:<{_INDENT - 2}}{finding.words}{subject}"]
    if finding.outcome is Outcome.FAIL and (finding.expected or finding.found):
        lines += [
            f"{'':{_INDENT}}expected {finding.expected}",
            f"{'':{_INDENT}}found    {finding.found}",
        ]
    return [printable(line) for line in lines]  # what a row says, somebody may have written past us
