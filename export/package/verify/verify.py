"""Pure. Verifies a package: steps V1 to V9 of docs/formats/package.md, on whatever a reader reads.

What costs little comes first: the archive's form and the records, then all other bytes, read once
while they are hashed, and the pictures last, if nothing has failed by then. Nothing here opens a
file or a socket, and the modules that check are the ones that the service itself runs before it
lets a package go.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from custody.check.finding import Finding, Outcome
from custody.check.log import LoggedEvent, SealedRelease, check_custody, check_sealed, parse_events
from custody.check.seal import check_signature, check_timestamp
from custody.errors import FormatError
from custody.formats.policy import LogPolicy, parse_policy
from custody.formats.trust import Trust
from export.package.errors import FormatVersionError, PackageError, UnreadableError
from export.package.format import layout
from export.package.format.archive import Reader
from export.package.format.manifest import BagInfo
from export.package.verify.bag import (
    Opened,
    check_bag,
    check_crc32,
    check_digests,
    check_form,
    check_format,
    failure,
    open_package,
)
from export.package.verify.carried import check_carried
from export.package.verify.conclusion import PackageFacts, conclude, give_up, not_checked
from export.package.verify.credentials import check_credentials
from export.package.verify.derived import CopyFiles, copies_of
from export.package.verify.examined import ExhibitChecks, open_events
from export.package.verify.exhibits import check_exhibits
from export.package.verify.report import Report, Verdict, report_json, report_table
from export.package.verify.survey import Contents, Progress, read_contents, read_records
from export.package.verify.trusted import trusted_policy

__all__ = ["PictureCheck", "Report", "Verdict", "report_json", "report_table", "verify"]

PictureCheck = Callable[[Reader, Sequence[CopyFiles]], Iterable[Finding]]
"""Decodes the copies, compares them with their frame lists and originals: findings of V8.
Needs PyAV, so whoever has it passes it in."""

SMALL_PACKAGE: Final = 4 << 20
"""A package that is refused early and has at most this many bytes is looked through all the same,
so that the report names whatever else is wrong; it takes no time."""

NO_PICTURES: Final = (
    "the copies were not decoded and compared with their frame lists: this needs the extra [media]"
)
REFUSED_BEFORE: Final = "the copies are decoded only once everything else holds"
STUMBLED: Final = "This check broke off on what it read: do not rely on the package."


def verify(
    reader: Reader,
    trust: Trust | None,
    *,
    strict: bool = False,
    progress: Progress | None = None,
    pictures: PictureCheck | None = None,
) -> Report:
    """Verify a package against what the verifier got from the council by another road.

    Without `trust` the best verdict is `intact`. With `strict`, a check that could not be made
    here costs the exit code 0. Whatever is wrong, with the package or with reading it, is in the
    report.
    """
    try:
        return _verify(reader, trust, strict=strict, progress=progress, pictures=pictures)
    except FormatVersionError as error:
        return give_up(Verdict.UNREADABLE, failure("V1", error), package_format=error.stated)
    except UnreadableError as error:
        return give_up(Verdict.UNREADABLE, failure("V1", error))
    except PackageError as error:
        return give_up(Verdict.FAILED, failure("V1", error))
    except OSError as error:
        words = f"This file could not be read to its end: {error.strerror or error}."
        return give_up(Verdict.UNREADABLE, Finding("V1", Outcome.FAIL, words))
    except Exception as error:  # noqa: BLE001 - as in `_run`
        return give_up(Verdict.FAILED, _stumbled("V1", error))


def _verify(
    reader: Reader,
    trust: Trust | None,
    *,
    strict: bool,
    progress: Progress | None,
    pictures: PictureCheck | None,
) -> Report:
    opened = open_package(reader)
    records = read_records(reader, opened.spans, opened.paths)
    check_format(records)
    checked = _Checked(reader, opened, records, trust)
    listed, info = check_bag(opened, records)
    checked.findings += [check_form(opened), *check_crc32(opened, records), *listed]
    if not checked.failed or reader.size <= SMALL_PACKAGE:
        _check_all(checked, progress, pictures)
    return _conclude(checked, info, strict=strict)


def _check_all(
    checked: "_Checked", progress: Progress | None, pictures: PictureCheck | None
) -> None:
    """Do what follows V2: the seal, soon read; all content; then what builds on both."""
    for step, check in _SEAL_STEPS:
        _run(checked, step, check)
    opened, records = checked.opened, checked.contents
    checked.contents = read_contents(checked.reader, opened.spans, opened.paths, records, progress)
    damaged = check_crc32(opened, checked.contents)
    checked.findings += [finding for finding in damaged if finding not in checked.findings]
    checked.findings += check_digests(checked.contents)
    for step, check in _CONTENT_STEPS:
        _run(checked, step, check)
    _run(checked, "V8", lambda checked: _check_pictures(checked, pictures))


def _conclude(checked: "_Checked", info: BagInfo | None, *, strict: bool) -> Report:
    opened, trust = checked.opened, checked.trust
    facts = PackageFacts(
        package=opened.package,
        info=info,
        trust=trust,
        signing_chain=checked.text(layout.SIGNING_CHAIN),
        timestamp=checked.text(layout.TIMESTAMP),
        stamped_at=checked.stamped_at,
        sealed=checked.sealed,
        events=checked.events,
    )
    return conclude(checked.findings, facts, strict=strict)


@dataclass(slots=True)
class _Checked:
    """What is known so far."""

    reader: Reader
    opened: Opened
    contents: Contents
    trust: Trust | None
    findings: list[Finding] = field(default_factory=list)
    stamped_at: datetime | None = None
    policy: LogPolicy | None = None
    sealed: SealedRelease | None = None
    events: tuple[LoggedEvent, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any check has failed."""
        return any(finding.outcome is Outcome.FAIL for finding in self.findings)

    def text(self, path: str) -> bytes:
        """Return a record of the package; empty where it is missing, which V2 has said."""
        return self.contents.kept.get(path, b"")

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a record, in hexadecimal."""
        return sha256(self.text(path)).hexdigest()


def _run(checked: _Checked, step: str, check: Callable[[_Checked], None]) -> None:
    try:
        check(checked)
    except Exception as error:  # noqa: BLE001 - an enemy made these bytes: to stumble is to fail
        checked.findings.append(_stumbled(step, error))


def _stumbled(step: str, error: Exception) -> Finding:
    return Finding(step, Outcome.FAIL, STUMBLED, found=f"{type(error).__name__}: {error}"[:200])


def _check_timestamp(checked: _Checked) -> None:
    """V5. It comes before V4: the certificate is judged at the stamped time."""
    checked.stamped_at, findings = check_timestamp(
        checked.text(layout.TIMESTAMP),
        checked.text(layout.SIGNATURE),
        trust=checked.trust,
        tsa_chain_pem=checked.text(layout.TSA_CHAIN),
    )
    checked.findings += findings


def _check_signature(checked: _Checked) -> None:
    checked.findings += check_signature(
        checked.text(layout.SIGNATURE),
        checked.text(layout.TAG_MANIFEST),
        trust=checked.trust,
        stamped_at=checked.stamped_at,
        chain_pem=checked.text(layout.SIGNING_CHAIN),
        root_pem=checked.text(layout.COUNCIL_ROOT),
    )


def _check_sealing(checked: _Checked) -> None:
    try:
        checked.policy = parse_policy(checked.text(layout.POLICY))
    except FormatError as error:
        words = f"Whose signatures the ledger carries cannot be read: {error}."
        checked.findings.append(Finding("V6", Outcome.FAIL, words, layout.POLICY))
        return
    asked, foreign = trusted_policy(checked.policy, checked.trust, checked.stamped_at)
    checked.findings += foreign
    checked.sealed, findings = check_sealed(
        checked.text(layout.RELEASE_ENTRY),
        checked.text(layout.RELEASE_OPENINGS),
        checked.text(layout.RELEASE_PROOF),
        checked.policy,
        seal=checked.digest(layout.TAG_MANIFEST),
        signature=checked.digest(layout.SIGNATURE),
        timestamp=checked.digest(layout.TIMESTAMP),
        policy_digest=checked.digest(layout.POLICY),
        trust=asked,
    )
    checked.findings += findings


def _check_events(checked: _Checked) -> None:
    if checked.sealed is None:
        return
    events = checked.text(layout.EVENTS)
    proofs = {
        index: checked.text(path)
        for path in checked.opened.paths
        if (index := layout.event_proof_index(path)) is not None
    }
    stamped_at = checked.stamped_at or checked.sealed.at
    checked.findings += check_custody(events, proofs, checked.sealed, stamped_at=stamped_at)
    with suppress(FormatError):  # V7 has just said so
        checked.events = parse_events(events)
    checked.findings += check_carried(checked.contents, checked.events, checked.sealed)


def _check_originals(checked: _Checked) -> None:
    if checked.sealed is None or checked.policy is None:
        return
    checked.findings += check_exhibits(
        ExhibitChecks(
            urn=layout.parse_package_name(checked.opened.package)[0],
            contents=checked.contents,
            opened=open_events(checked.events),
            policy=checked.policy,
            sealed=checked.sealed,
            stamped_at=checked.stamped_at or checked.sealed.at,
            trust=checked.trust,
        )
    )


def _check_credentials(checked: _Checked) -> None:
    checked.findings += check_credentials(checked.reader, checked.opened)


def _check_pictures(checked: _Checked, pictures: PictureCheck | None) -> None:
    copies = copies_of(checked.opened, checked.contents)
    if not copies:
        return
    if pictures is None:
        checked.findings.append(not_checked("V8", NO_PICTURES))
    elif checked.failed:
        checked.findings.append(not_checked("V8", REFUSED_BEFORE))
    else:
        checked.findings += pictures(checked.reader, copies)


_Step = tuple[str, Callable[[_Checked], None]]

_SEAL_STEPS: Final[tuple[_Step, ...]] = (
    ("V5", _check_timestamp),
    ("V4", _check_signature),
    ("V6", _check_sealing),
)
_CONTENT_STEPS: Final[tuple[_Step, ...]] = (
    ("V7", _check_events),
    ("V8", _check_originals),
    ("V9", _check_credentials),
)
"""Both in the order in which each finds what the next one needs."""
