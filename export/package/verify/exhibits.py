"""Pure. Step V8: each original is the one that was received, and each copy leads back to it.

For each exhibit: its record is one of this release; its originals have the digests that the ledger
took down at intake; that entry stood under a checkpoint that a time authority stamped, and the
sealed ledger grew out of that checkpoint. `derived` looks at the copies.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from custody.check.audience import COURTS
from custody.check.finding import Finding, Outcome
from custody.check.log import (
    RECEIPTS,
    LoggedEvent,
    ReceivedCheckpoint,
    check_held_since,
    check_received,
)
from custody.check.seal import check_timestamp
from custody.formats.canonical import JSON, format_time
from evidence.exhibits.description import clock_picture
from export.package.errors import PackageError
from export.package.format import layout
from export.package.format.records import (
    CopyType,
    ExhibitRecord,
    FileRole,
    MasterFile,
    Withheld,
    parse_exhibit,
)
from export.package.verify.derived import check_copy, copy_paths
from export.package.verify.examined import STEP, Disclosed, Exhibit, ExhibitChecks, spelled
from export.package.verify.stated import check_stated
from export.package.verify.survey import Contents


def check_exhibits(checks: ExhibitChecks) -> tuple[Finding, ...]:
    """Do V8 but for its pictures."""
    findings: list[Finding] = []
    records: list[str] = []
    for reference in _references(checks.contents):
        record, found = _check_exhibit(reference, checks)
        findings += found
        records += [record.record] if record else []
    covered = sorted(head.record for head in checks.sealed.exhibits)
    if sorted(records) != covered or not covered:
        words = "The exhibits in the package are not the ones that were sealed."
        expected, there = ", ".join(covered), ", ".join(sorted(records))
        findings.append(Finding(STEP, Outcome.FAIL, words, "data/exhibits", expected, there))
    return tuple(findings)


def _references(contents: Contents) -> list[str]:
    names = set()
    for path in contents.files:
        if path.startswith("data/exhibits/"):
            names.add(path.split("/")[2])
        elif receipt := layout.receipt_of(path):
            # A receipt without an exhibit is looked at too, and then found to have none.
            names.add(receipt)
    return sorted(names)


def _check_exhibit(
    reference: str, checks: ExhibitChecks
) -> tuple[ExhibitRecord | None, list[Finding]]:
    path = layout.record_path(reference)
    try:
        record = parse_exhibit(checks.contents.kept.get(path, b""))
        named = layout.file_reference(record.exhibit_ref)
    except PackageError as error:
        words = f"The exhibit's record cannot be read: {error.words}."
        failed = Finding(STEP, Outcome.FAIL, words, path, error.expected, error.found)
        return None, [failed]
    exhibit = Exhibit(reference, record, checks, checks.opened.get(record.record, ()))
    exhibit.compare("The record is of another exhibit.", path, expected=reference, found=named)
    exhibit.compare(
        "The record is of another request.", path, expected=checks.urn, found=record.urn
    )
    _check_masters(exhibit, path)
    check_stated(exhibit, path)
    _check_held(exhibit)
    for copy in record.copies:
        check_copy(exhibit, copy)
    _check_nothing_else(exhibit)
    if not exhibit.failed:
        exhibit.findings.append(Finding(STEP, Outcome.PASS, _sentence(record), path))
    return record, exhibit.findings


def _sentence(record: ExhibitRecord) -> str:
    copies = sum(copy.type is not CopyType.STILL for copy in record.copies)
    original = "The original is the one that was received"
    if isinstance(record.master, Withheld):
        original = "The original is not in this package; its digest is the one that was received"
    elif left_out := sum(file.stored_name is None for file in record.files):
        original = (
            f"{left_out} of the {len(record.files)} files of the original are not in this package; "
            "the digests of all are those that were received"
        )
    if copies == 0:
        return f"{original}. The record says of it what the ledger does."
    made = "the copy was made from it" if copies == 1 else f"all {copies} copies were made from it"
    return f"{original}, and {made}. The record says of it what the ledger does."


def _check_masters(exhibit: Exhibit, path: str) -> None:
    stated = sorted((file.sha256, file.size) for file in exhibit.record.files)
    first = len(exhibit.disclosed(RECEIPTS[0]))
    exhibit.compare(
        "The ledger must take down the receipt of an exhibit once.",
        path,
        expected=f"{RECEIPTS[0]} once",
        found=f"{RECEIPTS[0]} {'once' if first == 1 else f'{first} times'}",
    )
    received = [
        file for _, (_, values) in _receipts(exhibit) for file in _files(values.get("files"))
    ]
    if sorted(received) != stated:
        exhibit.fail(
            "The originals are not the files that the ledger took down when they were received.",
            path,
            expected=spelled(sorted(received)),
            found=spelled(stated),
        )
    for file, place in _originals(exhibit):
        exhibit.check_file(place, file.sha256, file.size)


def _originals(exhibit: Exhibit) -> list[tuple[MasterFile, str]]:
    """Return the files of the original that are in the package, and where."""
    places = {FileRole.MASTER: layout.master_path, FileRole.PLAYER: layout.player_path}
    return [
        (file, places[file.role](exhibit.reference, file.stored_name))
        for file in exhibit.record.files
        if file.stored_name is not None
    ]


def _files(value: JSON) -> list[tuple[str, int]]:
    """Return digests and sizes of an opened list of files; `open_event` has checked its type."""
    files = []
    for item in value if isinstance(value, Sequence) else ():
        assert isinstance(item, Mapping)
        digest, size = item["sha256"], item["size"]
        assert isinstance(digest, str)
        assert isinstance(size, int)
        files.append((digest, size))
    return sorted(files)


def _receipts(exhibit: Exhibit) -> list[tuple[str, Disclosed]]:
    """Return the events that took down which files came, by the names of their receipts."""
    events = [one for name in RECEIPTS for one in exhibit.disclosed(name)]
    return list(zip(layout.receipt_names(exhibit.reference, len(events)), events, strict=True))


def _check_held(exhibit: Exhibit) -> None:
    if len(exhibit.disclosed(RECEIPTS[0])) != 1:
        return  # _check_masters has said so
    for name, (event, _) in _receipts(exhibit):
        _check_held_since(exhibit, name, event)


def _check_held_since(exhibit: Exhibit, name: str, event: LoggedEvent) -> None:
    checkpoint = _check_receipt(exhibit, name, event)
    if checkpoint is None:
        return
    held_since = _check_stamp(exhibit, name, checkpoint)
    consistency = layout.consistency_path(name)
    exhibit.findings += check_held_since(
        checkpoint.checkpoint,
        exhibit.checks.sealed.checkpoint,
        exhibit.text(consistency),
        subject=consistency,
    )
    if held_since is not None:
        _say_since(exhibit, name, held_since)


def _check_receipt(exhibit: Exhibit, name: str, event: LoggedEvent) -> ReceivedCheckpoint | None:
    path = layout.received_proof_path(name)
    policy = exhibit.checks.policy
    checkpoint, findings = check_received(exhibit.text(path), event, policy, subject=path)
    exhibit.findings += findings
    return checkpoint


def _check_stamp(exhibit: Exhibit, name: str, checkpoint: ReceivedCheckpoint) -> datetime | None:
    path = layout.received_timestamp_path(name)
    held_since, findings = check_timestamp(
        exhibit.text(path),
        checkpoint.note,
        trust=exhibit.checks.trust,
        tsa_chain_pem=exhibit.text(layout.TSA_CHAIN),
        step=STEP,
        subject=path,
    )
    # What there is to say about the authority itself stands once, under V5.
    said = {Outcome.PASS, Outcome.FAIL}
    exhibit.findings += [finding for finding in findings if finding.outcome in said]
    return held_since


def _say_since(exhibit: Exhibit, name: str, held_since: datetime) -> None:
    path = layout.received_timestamp_path(name)
    at, sealed = (
        format_time(moment.replace(microsecond=0))
        for moment in (held_since, exhibit.checks.stamped_at)
    )
    if held_since > exhibit.checks.stamped_at:
        words = "The receipt of the exhibit was stamped after the package."
        exhibit.findings.append(
            Finding(STEP, Outcome.NOTE, words, path, f"{sealed} or earlier", at)
        )
        return
    what = "this original" if name == exhibit.reference else "what was added to this original"
    words = f"The council has held {what} unchanged since {at} at the latest."
    exhibit.findings.append(Finding(STEP, Outcome.PASS, words, path))


def _clock_pictures(exhibit: Exhibit) -> list[str]:
    """Return where the photograph of the clock's comparison lies, after a look at it.

    Whether it goes is decided like that of any file; that it may, by the kind of the release.
    """
    folder, files = layout.exhibit_folder(exhibit.reference), exhibit.checks.contents.files
    there = [p for p in files if p.startswith(folder) and layout.is_clock_picture(p)]
    stated = clock_picture(exhibit.record.clock_check)
    for path in there:
        words = "The picture of the clock is not the one that is stated."
        exhibit.compare(words, path, expected=stated or "none", found=files[path].sha256)
        kind = exhibit.checks.kind
        if kind not in COURTS:
            words = "A picture of the clock goes to police, CPS and council prosecutions only."
            exhibit.fail(words, path, expected=", ".join(sorted(COURTS)), found=kind or "none")
    return there


def _check_nothing_else(exhibit: Exhibit) -> None:
    """Demand that the exhibit's folder holds what its record names, and nothing else."""
    reference = exhibit.reference
    named = {layout.record_path(reference), *(path for _, path in _originals(exhibit))}
    named.update(_clock_pictures(exhibit))
    for copy in exhibit.record.copies:
        named.update(copy_paths(reference, copy))
    folder = layout.exhibit_folder(reference)
    there = [path for path in exhibit.checks.contents.files if path.startswith(folder)]
    for path in sorted(there):
        if path not in named:
            exhibit.fail("The exhibit's record does not name this file.", path)
    receipts = {
        path
        for name, _ in _receipts(exhibit)
        for path in (
            layout.received_proof_path(name),
            layout.received_timestamp_path(name),
            layout.consistency_path(name),
        )
    }
    for path in sorted(exhibit.checks.contents.files):
        if layout.receipt_of(path) == reference and path not in receipts:
            exhibit.fail("The ledger knows of no receipt that this file would be of.", path)
