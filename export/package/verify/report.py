"""Pure. What a verification says: to a program as JSON, to a person as a table.

The verdict line is one sentence, and whatever must not be overlooked stands in that sentence: that
the keys are demonstration keys, that the time is a test authority's, that nobody witnessed the log.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from textwrap import wrap
from typing import Final

from custody.check.finding import Finding, Outcome
from custody.formats.canonical import JSON, canonical_json, format_time
from custody.formats.trust import Issue
from custody.printable import printable

REPORT_VERSION: Final = 1

STEPS: Final = {
    "V1": "The archive",
    "V2": "The list of files",
    "V3": "The digest of every file",
    "V4": "The council's signature",
    "V5": "The timestamp",
    "V6": "The sealing in the ledger",
    "V7": "The custody events",
    "V8": "Originals and copies",
    "V9": "Content credentials (C2PA)",
}
"""The steps of docs/formats/package.md, in a reader's words."""

_WIDTH: Final = 100


class Verdict(StrEnum):
    """How a verification ended."""

    VERIFIED = "verified"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    INTACT = "intact"


EXIT_CODES: Final = {
    Verdict.VERIFIED: 0,
    Verdict.FAILED: 1,
    Verdict.UNREADABLE: 2,
    Verdict.INTACT: 3,
}
"""What `custos verify` exits with; an incomplete check under `--strict` is 3 too."""

STRICT_EXIT_CODE: Final = 3

_SENTENCES: Final = {
    Verdict.VERIFIED: "VERIFIED: this package is the one that {council} sealed at {sealed_at}",
    Verdict.INTACT: (
        "INTACT: this package agrees with itself, and who made it is not confirmed: no trust file "
        "was given"
    ),
    Verdict.FAILED: "FAILED: do not rely on this package",
    Verdict.UNREADABLE: "UNREADABLE: this file could not be checked",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification."""

    verdict: Verdict
    exit_code: int
    package: str
    """Its name, once it is known; else empty."""
    council: str
    """Who made it, by the trust file, or by the package's own word where none was given."""
    sealed_at: str
    """The stamped time, once it is known; else empty."""
    notices: tuple[str, ...]
    """What stands in the verdict line itself."""
    not_checked: tuple[str, ...]
    """What could not be checked here, and stands under the verdict."""
    findings: tuple[Finding, ...]
    package_format: int | None = None
    """The version of the format that the package names; None where that is not known."""
    trust: Issue | None = None
    """Which trust file it was judged by; None where there was none."""

    @property
    def verdict_line(self) -> str:
        """The verdict as one sentence."""
        sentence = _SENTENCES[self.verdict].format(
            council=self.council or "the council", sealed_at=self.sealed_at or "an unknown time"
        )
        return ". ".join((sentence, *self.notices)) + "."


def report_json(report: Report) -> bytes:
    """Write the report for a program: canonical JSON."""
    return canonical_json(
        {
            "v": REPORT_VERSION,
            "verdict": report.verdict.value,
            "verdict_line": report.verdict_line,
            "exit_code": report.exit_code,
            "package": report.package,
            "package_format": report.package_format,
            "trust": _trust_json(report.trust),
            "council": report.council,
            "sealed_at": report.sealed_at,
            "notices": report.notices,
            "not_checked": report.not_checked,
            "findings": tuple(_finding_json(finding) for finding in report.findings),
        }
    )


def _trust_json(trust: Issue | None) -> JSON:
    return None if trust is None else {"number": trust.number, "issued": format_time(trust.at)}


def _finding_json(finding: Finding) -> dict[str, JSON]:
    return {
        "step": finding.step,
        "outcome": finding.outcome.value,
        "words": finding.words,
        "subject": finding.subject,
        "expected": finding.expected,
        "found": finding.found,
    }


def report_table(report: Report) -> str:
    """Write the report for a person: one line a step, what failed under it, the verdict last."""
    lines: list[str] = []
    for step, title in STEPS.items():
        findings = [finding for finding in report.findings if finding.step == step]
        lines.append(f"{step}  {title:<32}{_outcome(findings)}")
        for finding in _worth_reading(findings):
            lines += _explain(finding)
    lines += ["", *wrap(printable(report.verdict_line), _WIDTH)]
    lines += [f"Package format: {report.package_format}."] if report.package_format else []
    if report.trust is not None:
        issued = format_time(report.trust.at)
        lines.append(f"Trust file: number {report.trust.number}, issued {issued}.")
    for words in report.not_checked:
        lines += wrap(printable(f"Not checked: {words}"), _WIDTH)
    return "\n".join(lines) + "\n"


def _outcome(findings: Sequence[Finding]) -> str:
    outcomes = {finding.outcome for finding in findings}
    if Outcome.FAIL in outcomes:
        return "FAIL"
    if Outcome.NOT_CHECKED in outcomes and Outcome.PASS in outcomes:
        return "pass, in part not checked"
    if Outcome.PASS in outcomes:
        return "pass"
    return "not checked"


def _worth_reading(findings: Iterable[Finding]) -> Iterable[Finding]:
    ranks = {Outcome.FAIL: 0, Outcome.NOT_CHECKED: 1, Outcome.NOTE: 2, Outcome.PASS: 3}
    return sorted(findings, key=lambda finding: ranks[finding.outcome])


def _explain(finding: Finding) -> list[str]:
    named = finding.subject and finding.outcome is not Outcome.PASS
    subject = f"{finding.subject}: " if named else ""
    lines = wrap(
        printable(f"{finding.outcome.value}: {subject}{finding.words}"),
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="        ",
    )
    for name, value in (("expected", finding.expected), ("found", finding.found)):
        if value and finding.outcome is not Outcome.PASS:
            lines.append(f"        {name:<8}  {printable(value)}")
    return lines
