"""Pure. Verifies a package: steps V1 to V9 of docs/formats/package.md, on whatever a reader reads.

Every byte is read once, front to back, while it is hashed; what the checks say comes afterwards,
from digests and from the records that were kept. Nothing here opens a file or a socket, and the
modules that check are the ones that the service itself runs before it lets a package go.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from custody.check.finding import Finding, Outcome
from custody.check.log import LoggedEvent, SealedRelease, check_custody, check_sealed, parse_events
from custody.check.seal import check_signature, check_timestamp
from custody.errors import FormatError
from custody.note import parse_verifier_key
from custody.policy import LogPolicy, Witness, WitnessGroup, parse_policy
from custody.trust import Trust
from export.package.errors import FormatVersionError, PackageError, UnreadableError
from export.package.format import layout
from export.package.format.archive import EntrySpan, Reader
from export.package.verify.bag import (
    Opened,
    check_archive,
    check_bag,
    check_digests,
    check_format,
    failure,
    open_package,
)
from export.package.verify.carried import check_carried
from export.package.verify.conclusion import PackageFacts, conclude, give_up, not_checked
from export.package.verify.examined import ExhibitChecks
from export.package.verify.exhibits import check_exhibits
from export.package.verify.report import Report, Verdict, report_json, report_table
from export.package.verify.survey import Contents, Progress, read_contents

__all__ = ["PictureCheck", "Report", "Verdict", "report_json", "report_table", "verify"]

PictureCheck = Callable[[Reader, EntrySpan, EntrySpan], tuple[Finding, ...]]
"""Decodes a copy (the first span) and compares it with its frame list (the second): findings of V8.
Needs PyAV, so whoever has it passes it in."""

NO_PICTURES: Final = (
    "the copies were not decoded and compared with their frame lists: this needs the extra [media]"
)
NO_CREDENTIALS: Final = "content credentials (C2PA): this version neither makes nor checks them"


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
    here costs the exit code 0. Raises nothing of ours: what is wrong is in the report.
    """
    try:
        opened = open_package(reader)
        contents = read_contents(reader, opened.spans, opened.paths, progress)
        check_format(contents)
    except FormatVersionError as error:
        return give_up(Verdict.UNREADABLE, failure("V1", error), package_format=error.stated)
    except UnreadableError as error:
        return give_up(Verdict.UNREADABLE, failure("V1", error))
    except PackageError as error:
        return give_up(Verdict.FAILED, failure("V1", error))
    findings, info = check_bag(opened, contents)
    checked = _Checked(opened, contents, trust)
    checked.findings += [*check_archive(opened, contents), *findings, *check_digests(contents)]
    for step, check in _STEPS:
        _run(checked, step, check)
    _run(checked, "V8", lambda checked: _check_pictures(checked, reader, pictures))
    checked.findings.append(not_checked("V9", NO_CREDENTIALS))
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

    opened: Opened
    contents: Contents
    trust: Trust | None
    findings: list[Finding] = field(default_factory=list)
    stamped_at: datetime | None = None
    policy: LogPolicy | None = None
    sealed: SealedRelease | None = None
    events: tuple[LoggedEvent, ...] = ()

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
        words = "This check broke off on what it read: do not rely on the package."
        found = f"{type(error).__name__}: {error}"[:200]
        checked.findings.append(Finding(step, Outcome.FAIL, words, found=found))


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
    checked.sealed, findings = check_sealed(
        checked.text(layout.RELEASE_ENTRY),
        checked.text(layout.RELEASE_OPENINGS),
        checked.text(layout.RELEASE_PROOF),
        checked.policy,
        seal=checked.digest(layout.TAG_MANIFEST),
        signature=checked.digest(layout.SIGNATURE),
        timestamp=checked.digest(layout.TIMESTAMP),
        policy_digest=checked.digest(layout.POLICY),
        trust=_trusted_policy(checked.policy, checked),
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
            events=checked.events,
            policy=checked.policy,
            sealed=checked.sealed,
            stamped_at=checked.stamped_at or checked.sealed.at,
            trust=checked.trust,
        )
    )


def _trusted_policy(policy: LogPolicy, checked: _Checked) -> LogPolicy | None:
    """Make a policy of the trust file: the ledger must be one of its, and so the witnesses."""
    trust = checked.trust
    if trust is None:
        return None
    logs = [parse_verifier_key(text) for text in trust.logs]
    if policy.log not in logs:
        words = f"The ledger is not one that {trust.council} names in the trust file."
        expected = ", ".join(key.name for key in logs)
        checked.findings.append(
            Finding("V6", Outcome.FAIL, words, layout.POLICY, expected, policy.log.name)
        )
    witnesses = tuple(
        Witness(f"{key.name}+{key.keyid.hex()}", key)
        for key in (parse_verifier_key(text) for text in trust.witnesses)
    )
    if trust.quorum == 0:
        return LogPolicy(policy.log, witnesses)
    members = tuple(witness.name for witness in witnesses)
    group = WitnessGroup("trusted", str(trust.quorum), members)
    return LogPolicy(policy.log, witnesses, (group,), group.name)


def _check_pictures(checked: _Checked, reader: Reader, pictures: PictureCheck | None) -> None:
    if pictures is None:
        checked.findings.append(not_checked("V8", NO_PICTURES))
        return
    spans = dict(zip(checked.opened.paths, checked.opened.spans, strict=True))
    for path in checked.opened.paths:
        copy = layout.copy_of_frame_list(path)
        if copy in spans:
            checked.findings += pictures(reader, spans[copy], spans[path])


_STEPS: Final[tuple[tuple[str, Callable[[_Checked], None]], ...]] = (
    ("V5", _check_timestamp),
    ("V4", _check_signature),
    ("V6", _check_sealing),
    ("V7", _check_events),
    ("V8", _check_originals),
)
"""In the order in which each finds what the next one needs."""
