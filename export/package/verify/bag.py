"""Pure. Steps V1 to V3: this is a package, it is complete, and every file is the listed one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from custody.check.finding import Finding, Outcome
from export.package.errors import FormatVersionError, ManifestError, PackageError
from export.package.format import layout
from export.package.format.archive import EntrySpan, Reader, read_archive
from export.package.format.manifest import (
    FORMAT_LABEL,
    PACKAGE_FORMAT,
    BagInfo,
    check_bagit,
    parse_bag_info,
    parse_manifest,
    payload_oxum,
    stated_format,
)
from export.package.verify.survey import Contents


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive that passed the structural part of V1."""

    package: str
    spans: tuple[EntrySpan, ...]
    paths: tuple[str, ...]
    """From inside the package's folder, in the order of `spans`."""


def open_package(reader: Reader) -> Opened:
    """Find the files of a package.

    Raises:
        UnreadableError: no archive, or a cut one.
        ArchiveError: an archive in another form than ours.
        NamingError: a name that a package must not hold.
    """
    spans = read_archive(reader)
    package, paths = layout.package_paths(span.path for span in spans)
    layout.check_paths(paths)
    return Opened(package, spans, paths)


def check_format(contents: Contents) -> None:
    """Demand that this program knows the rules by which the package was made.

    Only a bag-info.txt that the tag manifest lists is believed: one that was changed or left out is
    no other version, and fails with the words of V2 and V3.

    Raises:
        FormatVersionError: the package was made before the first format, or by a newer version.
    """
    text, tags = contents.kept.get(layout.BAG_INFO), _listed(layout.TAG_MANIFEST, contents) or {}
    if text is None or tags.get(layout.BAG_INFO) != contents.files[layout.BAG_INFO].sha256:
        return
    stated = stated_format(text)
    if stated == PACKAGE_FORMAT or (stated is None and FORMAT_LABEL.encode() in text):
        return
    words = (
        "this package was made by a version of Custos before the first format of packages: ask "
        "the council to release it again"
        if stated is None
        else "this package was made by a newer version of Custos: verify it with that version"
    )
    raise FormatVersionError(
        words, subject=layout.BAG_INFO, expected=f"{FORMAT_LABEL}: {PACKAGE_FORMAT}", stated=stated
    )


def check_form(opened: Opened) -> Finding:
    """Say that an archive could be opened: the part of V1 that needs no content."""
    words = f"The archive holds {len(opened.paths)} files and nothing else."
    return Finding("V1", Outcome.PASS, words)


def check_crc32(opened: Opened, contents: Contents) -> tuple[Finding, ...]:
    """Finish V1: the CRC-32 of every file that was read is the one in its header."""
    return tuple(
        _fail(
            "V1",
            "The archive's own check value of this file is wrong: it was damaged or changed.",
            subject=path,
            expected=f"{span.crc32:08x}",
            found=f"{contents.files[path].crc32:08x}",
        )
        for span, path in zip(opened.spans, opened.paths, strict=True)
        if path in contents.files and span.crc32 != contents.files[path].crc32
    )


def check_bag(opened: Opened, contents: Contents) -> tuple[tuple[Finding, ...], BagInfo | None]:
    """Do V2: each file listed, each listed file there, nothing extra; return what bag-info says.

    Asks the records alone: what is listed wrongly is refused before gigabytes of it are read.
    """
    findings = [*_check_names(opened.paths), *_check_lists(opened.paths, contents)]
    info = None
    try:
        check_bagit(contents.kept.get(layout.BAGIT, b""))
        info = parse_bag_info(contents.kept.get(layout.BAG_INFO, b""))
        findings += _check_info(info, opened)
    except ManifestError as error:
        findings.append(failure("V2", error))
    if not findings:
        words = "Every file is listed, every listed file is there, and there is no other."
        findings.append(Finding("V2", Outcome.PASS, words))
    return tuple(findings), info


def check_digests(contents: Contents) -> tuple[Finding, ...]:
    """Do V3: every listed SHA-256 is the one of the file."""
    findings = []
    for name in (layout.MANIFEST, layout.TAG_MANIFEST):
        listed = _listed(name, contents) or {}
        for path, expected in listed.items():
            file = contents.files.get(path)
            if file is not None and file.sha256 != expected:
                words = "This file is not the one that was listed: it was damaged or changed."
                findings.append(
                    _fail("V3", words, subject=path, expected=expected, found=file.sha256)
                )
    if not findings:
        words = "Every file has the SHA-256 under which it is listed."
        findings.append(Finding("V3", Outcome.PASS, words))
    return tuple(findings)


def failure(step: str, error: PackageError) -> Finding:
    """Say an error of ours as a finding that fails."""
    words = f"{error.words[:1].upper()}{error.words[1:]}."
    return _fail(step, words, subject=error.subject, expected=error.expected, found=error.found)


def _fail(
    step: str, words: str, *, subject: str = "", expected: str = "", found: str = ""
) -> Finding:
    return Finding(step, Outcome.FAIL, words, subject, expected, found)


def _check_names(paths: Sequence[str]) -> list[Finding]:
    findings = []
    for path in paths:
        try:
            layout.check_path(path)
        except PackageError as error:
            findings.append(failure("V2", error))
    findings += [
        _fail("V2", "This file must be in the package and is missing.", subject=path)
        for path in sorted(layout.required_paths(paths).difference(paths))
    ]
    return findings


def _check_lists(paths: Sequence[str], contents: Contents) -> list[Finding]:
    payload = {path for path in paths if layout.is_payload(path)}
    apart = {path for path in paths if layout.is_sealed_apart(path)}
    tags = set(paths) - payload - apart - {layout.TAG_MANIFEST}
    findings: list[Finding] = []
    for name, there in ((layout.MANIFEST, payload), (layout.TAG_MANIFEST, tags)):
        try:
            listed = parse_manifest(contents.kept.get(name, b"")).keys()
        except ManifestError as error:
            findings.append(failure("V2", error))
            continue
        findings += [
            _fail("V2", "This file is listed and missing.", subject=path)
            for path in sorted(listed - there)
        ]
        findings += [
            _fail("V2", "This file is not listed.", subject=path) for path in sorted(there - listed)
        ]
    return findings


def _listed(name: str, contents: Contents) -> Mapping[str, str] | None:
    try:
        return parse_manifest(contents.kept.get(name, b""))
    except ManifestError:
        return None  # V2 has said so


def _check_info(info: BagInfo, opened: Opened) -> list[Finding]:
    package = opened.package
    urn, _ = layout.parse_package_name(package)
    named = zip(opened.paths, opened.spans, strict=True)
    sizes = {path: span.size for path, span in named if layout.is_payload(path)}
    comparisons = (
        (
            "The package's folder has another name than was sealed.",
            info.internal_sender_identifier,
            package,
        ),
        ("The package has another reference than was sealed.", info.external_identifier, urn),
        (
            "The number or size of the files is not the stated one.",
            info.payload_oxum,
            payload_oxum(sizes),
        ),
    )
    return [
        _fail("V2", words, subject=layout.BAG_INFO, expected=expected, found=found)
        for words, expected, found in comparisons
        if expected != found
    ]
