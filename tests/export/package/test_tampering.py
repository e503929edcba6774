"""Whatever is done to a package, it is never called verified, and never intact."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import pytest

from custody.check.finding import Outcome
from custody.formats.certificates import format_chain
from custody.stamping.timestamp import stamp
from export.package.errors import PackageError
from export.package.format import layout
from export.package.verify import conclusion, exhibits, verify
from export.package.verify.bag import Opened, check_crc32, check_digests, open_package
from export.package.verify.report import Verdict
from export.package.verify.survey import Contents, read_contents, read_records
from tests.export.package.judging import failed_steps, judge, words
from tests.export.package.memory import MemoryReader
from tests.export.package.paper import (
    Paper,
    Signatory,
    Wishes,
    archive,
    archive_of,
    digest,
    make_signatory,
    seal,
)

PATHS = sorted(
    {
        *layout.TAG_FILES,
        *layout.SEAL_FILES,
        layout.TAG_MANIFEST,
        layout.record_path("JS-1"),
        layout.master_path("JS-1", "Cam_1.mp4"),
        layout.copy_path("JS-1", "JS-1-CP1"),
        layout.derivation_path("JS-1", "JS-1-CP1"),
        layout.frames_path("JS-1", "JS-1-CP1"),
        layout.contact_sheet_path("JS-1"),
        layout.received_proof_path("JS-1"),
        layout.received_timestamp_path("JS-1"),
        layout.consistency_path("JS-1"),
        *(layout.event_proof_path(index) for index in (1, 2, 3, 5, 6, 7, 8)),
    }
)
"""Every file of the package of `paper`."""


def is_listed(path: str) -> bool:
    """Say whether a file's digest stands in a list that the seal is over; else it is the seal."""
    return not layout.is_sealed_apart(path) and path != layout.TAG_MANIFEST


@pytest.fixture(scope="module", autouse=True)
def _judged_once() -> Iterator[None]:
    """Judge the same bytes once: these checks are pure, and what changes is one file of many."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (verify, "check_timestamp"),
            (verify, "check_signature"),
            (exhibits, "check_timestamp"),
            (conclusion, "parse_timestamp"),
        ):
            patch.setattr(module, name, cache(getattr(module, name)))
        yield


@pytest.fixture(scope="module")
def other(council: Signatory) -> Paper:
    """Return another package of the same council: other footage, other copy, other release."""
    return seal(
        council,
        Wishes(number=2, footage=b"other footage", copy=b"other copy", pictures=4),
    )


def refuse(package: bytes, council: Signatory, what: str) -> None:
    for trust in (council.trust, None):
        report = judge(package, trust)
        assert report.verdict in {Verdict.FAILED, Verdict.UNREADABLE}, what
        assert report.exit_code in {1, 2}, what


def flipped(content: bytes, at: int, bit: int = 1) -> bytes:
    return content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]


# One byte.


def test_no_single_changed_byte_anywhere_passes_the_first_step(paper: Paper) -> None:
    """To open a package reads no content: so content is changed and read file by file."""
    data, asked = paper.zip, NotingReader(paper.zip)
    opened = open_package(asked)
    inside = bytearray(len(data))
    for span, path in zip(opened.spans, opened.paths, strict=True):
        content = range(span.offset, span.offset + span.size)
        inside[content.start : content.stop] = b"\1" * span.size
        assert not any(first in content or last in content for first, last in asked.seen), path
        alone = replace(opened, spans=(span,), paths=(path,))
        for at in content:
            with pytest.raises(PackageError):
                check_content(MemoryReader(flipped(data, at, 1 << (at % 8))), alone)
    for at in (at for at, content in enumerate(inside) if not content):
        with pytest.raises(PackageError):
            check_first_step(flipped(data, at, 1 << (at % 8)))


@dataclass
class NotingReader:
    """A package in memory, and the first and last bytes of all that was read of it."""

    data: bytes
    seen: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, size: int) -> bytes:
        self.seen.append((offset, offset + size - 1))
        return self.data[offset : offset + size]


def check_first_step(data: bytes) -> None:
    reader = MemoryReader(data)
    check_content(reader, open_package(reader))


def check_content(reader: MemoryReader, opened: Opened) -> Contents:
    records = read_records(reader, opened.spans, opened.paths)
    contents = read_contents(reader, opened.spans, opened.paths, records, None)
    if check_crc32(opened, contents):
        raise PackageError("a CRC-32 does not fit")
    return contents


def test_a_single_changed_byte_is_refused_by_the_whole_verifier(paper: Paper) -> None:
    data = paper.zip
    for at in range(0, len(data), 397):
        refuse(flipped(data, at, 1 << (at % 7)), paper.council, f"byte {at}")


@pytest.mark.parametrize("path", PATHS)
def test_a_changed_byte_is_found_even_if_the_archive_is_made_anew(paper: Paper, path: str) -> None:
    """Here the CRC-32 says nothing: seal, signature, ledger and canonical forms must find it."""
    content = paper.files[path]
    for at in {0, len(content) - 1, *range(0, len(content), len(content) // 5 + 1)}:
        assert judged(paper, path, at) is Verdict.FAILED, f"byte {at} of {path}"


@pytest.mark.parametrize("path", [path for path in PATHS if not is_listed(path)])
def test_a_changed_byte_is_found_in_what_no_list_holds(paper: Paper, path: str) -> None:
    for at in range(0, len(paper.files[path]), 7):
        assert judged(paper, path, at) is Verdict.FAILED, f"byte {at} of {path}"


def judged(paper: Paper, path: str, at: int) -> Verdict:
    changed = paper.with_files({path: flipped(paper.files[path], at, 1 << (at % 8))})
    return judge(changed.zip, paper.council.trust).verdict


@pytest.mark.parametrize("path", [path for path in PATHS if is_listed(path)])
def test_a_changed_byte_has_another_digest_than_the_listed_one(paper: Paper, path: str) -> None:
    """That what differs from its list fails, the test before the last one says."""
    content = paper.files[path]
    for at in range(0, len(content), 7):
        reader = MemoryReader(paper.with_files({path: flipped(content, at, 1 << (at % 8))}).zip)
        found = check_digests(check_content(reader, open_package(reader)))
        assert path in {one.subject for one in found if one.outcome is Outcome.FAIL}, f"byte {at}"


@pytest.mark.parametrize("path", [path for path in PATHS if layout.is_sealed_apart(path)])
def test_the_files_that_prove_themselves_have_one_form(paper: Paper, path: str) -> None:
    content = paper.files[path]
    for changed in (content + b"\n", content[:-1], b"\n" + content, content + content, b""):
        refuse(paper.with_files({path: changed}).zip, paper.council, path)
    if not path.endswith((".tsr", ".p7s", ".json", ".entry", ".consistency")):
        note = content.replace(b"\n\n", b"\nextra AAAA\n\n", 1)
        refuse(paper.with_files({path: note}).zip, paper.council, f"{path} with an extra line")
        stranger = content + content.splitlines(keepends=True)[-1]
        refuse(paper.with_files({path: stranger}).zip, paper.council, f"{path} signed twice")


# Files.


@pytest.mark.parametrize("path", PATHS)
def test_a_file_removed_is_found(paper: Paper, path: str) -> None:
    without = paper.with_files({path: None})
    refuse(without.zip, paper.council, path)
    if path not in (layout.MANIFEST, layout.TAG_MANIFEST, layout.BAG_INFO):
        refuse(without.with_manifests_remade().zip, paper.council, path)


@pytest.mark.parametrize(
    "path",
    [
        "note.txt",
        "data/note.txt",
        "data/exhibits/JS-1/master/second.mp4",
        "data/exhibits/JS-1/player/player.exe",
        "data/exhibits/JS-1/JS-1-CP2.mp4",
        "data/exhibits/JS-2/JS-2.json",
        "seal/note.txt",
        "seal/proofs/0.tlog-proof",
        "seal/proofs/99.tlog-proof",
        "seal/received/JS-2.consistency",
        "custody/received/JS-2.tlog-proof",
        "VERIFY.html",
        "__MACOSX/._x",
        ".DS_Store",
        "fetch.txt",
    ],
)
def test_a_file_added_is_found(paper: Paper, path: str) -> None:
    added = paper.with_files({path: b"hello"})
    refuse(added.zip, paper.council, path)
    refuse(added.with_manifests_remade().zip, paper.council, path)


def test_the_report_names_the_file_that_is_missing_or_too_much(paper: Paper) -> None:
    copy, more = layout.copy_path("JS-1", "JS-1-CP1"), layout.master_path("JS-1", "more.mp4")
    for path, content, said in (
        (copy, None, "This file is listed and missing."),
        (layout.VERIFY, None, "This file is listed and missing."),
        (more, b"more", "This file is not listed."),
        (layout.received_proof_path("JS-2"), b"more", "This file is not listed."),
    ):
        report = judge(paper.with_files({path: content}).zip, paper.council.trust)
        assert (path, said) in {(f.subject, f.words) for f in report.findings if f.step == "V2"}


def test_a_copy_of_a_good_proof_under_another_name_is_found(paper: Paper) -> None:
    proof = next(path for path in PATHS if path.startswith("seal/proofs/"))
    added = paper.with_files({"seal/proofs/99.tlog-proof": paper.files[proof]})
    refuse(added.zip, paper.council, "a second proof")


@pytest.mark.parametrize("path", PATHS)
def test_a_file_renamed_is_found(paper: Paper, path: str) -> None:
    renamed = paper.with_files({path: None, f"{path}x": paper.files[path]})
    refuse(renamed.zip, paper.council, path)
    upper = paper.with_files({path: None, path.swapcase(): paper.files[path]})
    refuse(upper.zip, paper.council, path)


@pytest.mark.parametrize("path", PATHS)
def test_a_file_of_another_package_of_the_same_council_is_found(
    paper: Paper, other: Paper, path: str
) -> None:
    foreign = other.files.get(path)
    if foreign is None or foreign == paper.files[path]:
        assert path in SAME, f"{path} is the same in two packages, and need not be"
        return
    swapped = paper.with_files({path: foreign})
    refuse(swapped.zip, paper.council, path)
    if path not in (layout.MANIFEST, layout.TAG_MANIFEST):
        refuse(swapped.with_manifests_remade().zip, paper.council, path)


SAME = {
    layout.BAGIT,
    layout.SIGNING_CHAIN,
    layout.COUNCIL_ROOT,
    layout.TSA_CHAIN,
    layout.POLICY,
    layout.contact_sheet_path("JS-1"),
}


def test_two_files_of_one_package_exchanged_are_found(paper: Paper) -> None:
    master = layout.master_path("JS-1", "Cam_1.mp4")
    copy = layout.copy_path("JS-1", "JS-1-CP1")
    swap = {master: paper.files[copy], copy: paper.files[master]}
    refuse(paper.with_files(swap).zip, paper.council, "master and copy exchanged")
    refuse(paper.with_files(swap).with_manifests_remade().zip, paper.council, "and listed anew")


def test_the_whole_seal_of_another_package_is_found(paper: Paper, other: Paper) -> None:
    seals = {path: other.files[path] for path in other.files if layout.is_sealed_apart(path)}
    gone = {path: None for path in paper.files if layout.is_sealed_apart(path)}
    refuse(paper.with_files({**gone, **seals}).zip, paper.council, "the seal of another package")


def test_a_package_renamed_into_another_release_is_found(paper: Paper) -> None:
    renamed = replace(paper, package="BAR-7K4M-2XQ9-J-R2")
    refuse(renamed.zip, paper.council, "renamed")


# The archive.


def test_every_truncation_is_refused(paper: Paper) -> None:
    data = paper.zip
    for size in {*range(0, len(data), 997), *range(len(data) - 100, len(data))}:
        refuse(data[:size], paper.council, f"cut at {size}")


def test_something_before_or_behind_the_archive_is_refused(paper: Paper) -> None:
    for data in (b"\0" + paper.zip, paper.zip + b"\0", paper.zip + paper.zip):
        refuse(data, paper.council, "an archive with something around it")


@pytest.mark.parametrize(
    "name",
    [
        "../escaped.txt",
        "data/../../escaped.txt",
        "/absolute.txt",
        "data\\windows.txt",
        "readme.HTML",
        "bagit.txt/inside",
        "caf\u00e9.txt",
        "nul",
        "data/exhibits/JS-1/master/cam_1.mp4",
    ],
)
def test_a_name_that_escapes_or_hides_is_refused_in_the_first_step(paper: Paper, name: str) -> None:
    data = archive(paper.package, {**paper.files, name: b"hello"})
    refuse(data, paper.council, name)
    assert failed_steps(judge(data, None)) == {"V1"}


def test_another_folder_or_two_or_none_are_refused(paper: Paper) -> None:
    whole = {f"{paper.package}/{path}": content for path, content in paper.files.items()}
    refuse(archive_of({**whole, "elsewhere/file.txt": b"hello"}), paper.council, "two folders")
    refuse(archive_of({**whole, "file.txt": b"hello"}), paper.council, "a file beside the folder")
    refuse(archive("elsewhere", paper.files), paper.council, "another folder")
    refuse(archive_of(paper.files), paper.council, "no folder")
    refuse(archive_of({}), paper.council, "nothing at all")


def test_the_paths_of_these_tests_are_the_ones_of_the_package(paper: Paper) -> None:
    assert sorted(paper.files) == PATHS


# Keys.


def resign(paper: Paper, thief: Signatory) -> Paper:
    """Sign and stamp a package anew, with the thief's certificates in it; the ledger stays."""
    certificates: dict[str, bytes | None] = {
        layout.SIGNING_CHAIN: format_chain(thief.signer.chain),
        layout.COUNCIL_ROOT: format_chain([thief.root]),
        layout.TSA_CHAIN: format_chain(thief.authority.chain),
    }
    changed = paper.with_files(certificates).with_manifests_remade()
    signature = thief.signer.sign_detached(changed.files[layout.TAG_MANIFEST])
    return changed.with_files(
        {
            layout.SIGNATURE: signature,
            layout.TIMESTAMP: stamp(signature, thief.authority, nonce=3),
        }
    )


def test_signing_anew_with_other_keys_does_not_help(paper: Paper) -> None:
    thief = make_signatory("Barchester Council")
    changed = paper.with_files({layout.copy_path("JS-1", "JS-1-CP1"): b"another film"})
    report = judge(resign(changed, thief).zip, paper.council.trust)
    assert report.verdict is Verdict.FAILED
    assert {"V4", "V5", "V6"} <= failed_steps(report)
    refuse(resign(changed, thief).zip, paper.council, "signed with other keys")


def test_signing_anew_with_the_councils_own_keys_does_not_help(paper: Paper) -> None:
    """Whoever has the signing key alone cannot change what the ledger has taken down."""
    changed = paper.with_files({layout.VERIFY: b"Trust me.\n"})
    report = judge(resign(changed, paper.council).zip, paper.council.trust)
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V6"}), words(report)


def test_stamping_anew_does_not_help(paper: Paper) -> None:
    tsr = stamp(paper.files[layout.SIGNATURE], paper.council.authority, nonce=4)
    report = judge(paper.with_files({layout.TIMESTAMP: tsr}).zip, paper.council.trust)
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V6"})
    assert digest(tsr) in words(report)


def test_a_package_made_wholly_by_somebody_else_is_at_best_intact(paper: Paper) -> None:
    """Without a trust file nothing can tell it apart; with one, everything does."""
    forged = seal(make_signatory("Barchester Council"))
    assert judge(forged.zip, None).verdict is Verdict.INTACT
    assert judge(forged.zip, paper.council.trust).verdict is Verdict.FAILED
