"""Pure. From findings to a verdict, and to what must stand in the verdict line itself."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from custody.check.cms import parse_timestamp
from custody.check.finding import Finding, Outcome
from custody.check.log import LoggedEvent, SealedRelease, open_event
from custody.errors import CustodyError, FormatError
from custody.formats.approval import Approval
from custody.formats.canonical import format_time
from custody.formats.certificates import (
    is_demonstration,
    is_test_authority,
    parse_certificate,
    parse_chain,
)
from custody.formats.trust import Trust
from custody.printable import printable
from export.package.format.manifest import BagInfo
from export.package.verify.report import (
    EXIT_CODES,
    STRICT_EXIT_CODE,
    Report,
    Verdict,
)

DEMONSTRATION_KEYS: Final = "Demonstration keys: this is no evidence"
TEST_AUTHORITY: Final = "Test time authority: nobody outside vouches for the time"
NOT_WITNESSED: Final = "Not witnessed: the council alone vouches for completeness"
SELF_APPROVED: Final = "Self-approved: one person proposed and approved this release"

URGENT: Final = "Urgent, threat to life: one person approved this release before it was sealed"

MOST_FINDINGS: Final = 100
"""Of one step and outcome; how many more there are is said in one."""

LONGEST_TEXT: Final = 2_000

_STEPS: Final = ("V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8")
"""What must have passed; V9 may be left out."""


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What the verdict says beside pass and fail."""

    package: str
    info: BagInfo | None
    trust: Trust | None
    signing_chain: bytes
    timestamp: bytes
    stamped_at: datetime | None
    sealed: SealedRelease | None
    events: tuple[LoggedEvent, ...]


def not_checked(step: str, words: str) -> Finding:
    """Say that something was not checked, and why."""
    return Finding(step, Outcome.NOT_CHECKED, f"{words[:1].upper()}{words[1:]}.")


def stopped(words: str) -> Report:
    """Report on a check that did not come to its end; `words` say why, without a full stop."""
    return give_up(Verdict.UNREADABLE, not_checked("V1", words))


def give_up(verdict: Verdict, finding: Finding, *, package_format: int | None = None) -> Report:
    """Report on what is no package at all."""
    return Report(
        verdict=verdict,
        exit_code=EXIT_CODES[verdict],
        package="",
        council="",
        sealed_at="",
        notices=(),
        not_checked=(),
        findings=_shown((finding,)),
        package_format=package_format,
    )


def conclude(findings: Sequence[Finding], facts: PackageFacts, *, strict: bool) -> Report:
    """Come to the verdict: every step must have passed something and failed nothing."""
    decided = {
        finding.step for finding in findings if finding.outcome in {Outcome.PASS, Outcome.FAIL}
    }
    undecided = tuple(
        not_checked(step, "this step needs what a step before it did not find")
        for step in _STEPS
        if step not in decided
    )
    failed = undecided or any(finding.outcome is Outcome.FAIL for finding in findings)
    confirmed = Verdict.VERIFIED if facts.trust else Verdict.INTACT
    verdict = Verdict.FAILED if failed else confirmed
    left_out = tuple(
        f"{finding.step}: {finding.words}"
        for finding in _shown(one for one in findings if one.outcome is Outcome.NOT_CHECKED)
    )
    exit_code = EXIT_CODES[verdict]
    if strict and left_out and verdict is Verdict.VERIFIED:
        exit_code = STRICT_EXIT_CODE
    return Report(
        verdict=verdict,
        exit_code=exit_code,
        package=facts.package,
        council=_short(_council(facts)),
        sealed_at=_moment(facts.stamped_at),
        notices=tuple(_notices(facts)),
        not_checked=left_out,
        findings=_shown(sorted((*findings, *undecided), key=lambda finding: finding.step)),
        package_format=facts.info.custos_package if facts.info else None,
        trust=facts.trust.issue if facts.trust else None,
    )


def _shown(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Make findings fit to be shown: an enemy's names may be many, long, and no plain text."""
    shown: list[Finding] = []
    counts: Counter[tuple[str, Outcome]] = Counter()
    for finding in findings:
        kind = finding.step, finding.outcome
        counts[kind] += 1
        if counts[kind] <= MOST_FINDINGS:
            texts = (finding.words, finding.subject, finding.expected, finding.found)
            shown.append(Finding(finding.step, finding.outcome, *map(_short, texts)))
    for (step, outcome), count in counts.items():
        if count > MOST_FINDINGS:
            words = f"There are {count - MOST_FINDINGS:,} more findings of this kind."
            shown.append(Finding(step, outcome, words))
    return tuple(sorted(shown, key=lambda finding: finding.step))


def _short(text: str) -> str:
    return printable(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…")


def _council(facts: PackageFacts) -> str:
    if facts.trust:
        return facts.trust.council
    return facts.info.source_organization if facts.info else ""


def _moment(at: datetime | None) -> str:
    return format_time(at.replace(microsecond=0)) if at else ""


def _notices(facts: PackageFacts) -> Iterator[str]:
    said = facts.info is not None and facts.info.demonstration
    trusted = facts.trust is not None and facts.trust.demonstration
    if said or trusted or _has_demonstration_seal(facts.signing_chain):
        yield DEMONSTRATION_KEYS
    if _has_test_stamp(facts.timestamp):
        yield TEST_AUTHORITY
    if facts.sealed is not None and not facts.sealed.witnesses:
        yield NOT_WITNESSED
    approvals = {_approval(event) for event in facts.events}
    if Approval.ALONE in approvals:
        yield SELF_APPROVED
    if Approval.URGENT in approvals and Approval.CONFIRMED not in approvals:
        yield URGENT


def _has_demonstration_seal(signing_chain: bytes) -> bool:
    try:
        return is_demonstration(parse_chain(signing_chain)[0])
    except (FormatError, ValueError):
        return False  # V4 has said that it cannot be read


def _has_test_stamp(timestamp: bytes) -> bool:
    try:
        return is_test_authority(parse_certificate(parse_timestamp(timestamp).signer))
    except (FormatError, ValueError):
        return False  # V5 has said that it cannot be read


def _approval(event: LoggedEvent) -> str:
    """Return how a release was approved; empty for every other event."""
    try:
        if event.entry.event != "release.approved":
            return ""
        return str(open_event(event).get("how", ""))
    except CustodyError:
        return ""  # V7 has said that it does not open
