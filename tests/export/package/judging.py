"""Judges packages in tests."""

from custody.formats.trust import Trust
from export.package.verify.report import Report
from export.package.verify.verify import verify
from tests.export.package.memory import MemoryReader


def judge(package: bytes, trust: Trust | None, *, strict: bool = False) -> Report:
    return verify(MemoryReader(package), trust, strict=strict)


def failed_steps(report: Report) -> set[str]:
    return {finding.step for finding in report.findings if finding.outcome == "fail"}


def words(report: Report) -> str:
    return " ".join(f"{f.subject} {f.words} {f.expected} {f.found}" for f in report.findings)
