"""What a package is called, and why."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from custody.check.finding import Finding, Outcome
from custody.formats.canonical import JSON, parse_canonical
from custody.formats.note import Ed25519NoteSigner, format_verifier_key
from custody.formats.policy import LogPolicy, Witness, WitnessGroup
from custody.formats.proof import parse_proof
from custody.formats.signatures.witnessing import Witnessing
from custody.formats.trust import Issue
from custody.stamping.timestamp import stamp
from export.package.format import layout
from export.package.format.archive import Reader, read_archive
from export.package.verify.conclusion import (
    DEMONSTRATION_KEYS,
    NOT_WITNESSED,
    SELF_APPROVED,
    TEST_AUTHORITY,
    URGENT,
    PackageFacts,
    conclude,
)
from export.package.verify.derived import CopyFiles
from export.package.verify.report import Report, Verdict, report_json, report_table
from export.package.verify.verify import verify
from tests.custody.ledgers import (
    LOG,
    NEIGHBOUR,
    NOON,
    POLICE,
    PQ_WITNESS,
    WITNESSED,
    private_key,
)
from tests.export.package.judging import failed_steps, judge, words
from tests.export.package.memory import MemoryReader
from tests.export.package.paper import (
    NOW,
    Paper,
    Signatory,
    Wishes,
    digest,
    frame_list,
    make_signatory,
    seal,
)

FRAMES = layout.frames_path("JS-1", "JS-1-CP1")
RESULT: dict[str, JSON] = {
    "sha256": digest(Wishes().copy),
    "frame_count": 3,
    "frames_sha256": digest(frame_list(3)),
}
OTHER_LOG = Ed25519NoteSigner(LOG.name, private_key("another log"))
STEPS = {"V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8"}
"""What must have passed."""


def test_a_package_is_verified_against_its_council(paper: Paper) -> None:
    report = judge(paper.zip, paper.council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    assert report.exit_code == 0
    assert report.package == paper.package
    assert {f.step for f in report.findings if f.outcome is Outcome.PASS} == STEPS | {"V9"}


def test_without_a_trust_file_it_is_only_intact(paper: Paper) -> None:
    report = judge(paper.zip, None)
    assert (report.verdict, report.exit_code) == (Verdict.INTACT, 3)
    assert "not confirmed" in report.verdict_line


def test_the_same_facts_give_the_same_archive(paper: Paper) -> None:
    shuffled = replace(paper, files=dict(reversed(paper.files.items())))
    assert shuffled.zip == paper.zip


def test_the_verdict_line_itself_says_what_must_not_be_overlooked(paper: Paper) -> None:
    line = judge(paper.zip, paper.council.trust).verdict_line
    for notice in (DEMONSTRATION_KEYS, TEST_AUTHORITY, NOT_WITNESSED):
        assert notice in line
    assert SELF_APPROVED not in line


def test_an_approval_by_the_proposer_stands_in_the_verdict_line(council: Signatory) -> None:
    alone = {"how": "self-approved in a demonstration", "actor": "J. Smith"}
    wishes = Wishes(decisions=[("release.approved", alone)])
    report = judge(seal(council, wishes).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED
    assert SELF_APPROVED in report.verdict_line


def test_an_urgent_approval_by_one_person_stands_in_the_verdict_line(council: Signatory) -> None:
    urgent = ("release.approved", {"how": "urgent: one person"})
    report = judge(seal(council, Wishes(decisions=[urgent])).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED
    assert URGENT in report.verdict_line
    assert SELF_APPROVED not in report.verdict_line
    second = {"how": "second approval of an urgent release", "actor": "B. Lee"}
    wishes = Wishes(decisions=[urgent, ("release.approved", second)])
    report = judge(seal(council, wishes).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED
    assert URGENT not in report.verdict_line


def test_what_was_not_checked_stands_under_the_verdict_and_strict_makes_it_3(paper: Paper) -> None:
    report = judge(paper.zip, paper.council.trust)
    assert [words[:2] for words in report.not_checked] == ["V8"]
    strict = judge(paper.zip, paper.council.trust, strict=True)
    assert (strict.verdict, strict.exit_code) == (Verdict.VERIFIED, 3)
    assert judge(b"", paper.council.trust, strict=True).exit_code == 2


def test_strict_exits_with_0_where_everything_could_be_checked(paper: Paper) -> None:
    """No content credentials are in the package, so nothing about them is left unchecked."""
    reader, trust = MemoryReader(paper.zip), paper.council.trust
    passed = (Finding("V8", Outcome.PASS, "Each picture is the one in its frame list."),)
    report = verify(reader, trust, strict=True, pictures=lambda *_: passed)
    assert (report.verdict, report.exit_code, report.not_checked) == (Verdict.VERIFIED, 0, ())


def test_pictures_are_checked_where_somebody_can(paper: Paper) -> None:
    seen: list[CopyFiles] = []

    def look(_: Reader, copies: Sequence[CopyFiles]) -> tuple[Finding, ...]:
        seen.extend(copies)
        return (Finding("V8", Outcome.FAIL, "Picture 2 is another one.", copies[0].path),)

    report = verify(MemoryReader(paper.zip), paper.council.trust, pictures=look)
    folder = f"{paper.package}/data/exhibits/JS-1"
    (copy,) = seen
    assert copy.copy.path == f"{folder}/JS-1-CP1.mp4"
    assert copy.frames.path == f"{folder}/JS-1-CP1.frames.csv"
    assert copy.master is not None
    assert copy.master.path == f"{folder}/master/Cam_1.mp4"
    assert report.verdict is Verdict.FAILED


def test_a_withheld_master_is_proven_by_its_opening_alone(council: Signatory) -> None:
    paper = seal(council, Wishes(withheld=True))
    assert not any("/master/" in path for path in paper.files)
    report = judge(paper.zip, council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    assert "not in this package" in words(report)


def test_an_insurer_sees_no_names_and_the_package_is_verified(council: Signatory) -> None:
    paper = seal(council, Wishes(kind="insurer"))
    assert b"J. Smith" not in b"".join(paper.files.values())
    assert judge(paper.zip, council.trust).verdict is Verdict.VERIFIED


def test_a_witnessed_log_is_asked_for_the_quorum_of_the_trust_file(council: Signatory) -> None:
    keys = (format_verifier_key(NEIGHBOUR.key), format_verifier_key(POLICE.key))
    witnessed = replace(
        council, policy=WITNESSED, log_signers=(LOG, NEIGHBOUR), witnesses=keys, quorum=1
    )
    paper = seal(witnessed)
    report = judge(paper.zip, witnessed.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    assert NOT_WITNESSED not in report.verdict_line
    demanding = replace(witnessed.trust, quorum=2)
    report = judge(paper.zip, demanding)
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V6"})
    later = Witnessing(NOON + timedelta(days=9), demanding.witnesses, 2)
    report = judge(paper.zip, replace(demanding, witnessing=(later,)))
    assert report.verdict is Verdict.VERIFIED, "it was sealed before there were witnesses"
    soon = replace(later, since=NOON - timedelta(days=9))
    report = judge(paper.zip, replace(demanding, witnessing=(soon,)))
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V6"})


TWO = LogPolicy(
    LOG.key,
    (Witness("neighbour", NEIGHBOUR.key), Witness("auditor", PQ_WITNESS.key)),
    (WitnessGroup("both", "all", ("neighbour", "auditor")),),
    "both",
)


def test_a_package_that_demands_two_witnesses_has_both_cosignatures_or_fails(
    council: Signatory,
) -> None:
    keys = tuple(format_verifier_key(one.key) for one in (NEIGHBOUR, PQ_WITNESS))
    witnessed = replace(
        council, policy=TWO, log_signers=(LOG, NEIGHBOUR, PQ_WITNESS), witnesses=keys, quorum=2
    )
    paper = seal(witnessed)
    report = judge(paper.zip, witnessed.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    whole = paper.files[layout.RELEASE_PROOF].decode().removesuffix("\n")
    head, log, first, second = whole.split("\n\u2014 ")
    for lines in (
        [log, first],
        [log, second],
        [log, second, first],
        [log, turned(first), second],
        [log, first, turned(second)],
        [log, first, first],
    ):
        proof = "\n\u2014 ".join([head, *lines]) + "\n"
        spoilt = paper.with_files({layout.RELEASE_PROOF: proof.encode()})
        report = judge(spoilt.zip, witnessed.trust)
        assert report.verdict is Verdict.FAILED
        assert "V6" in failed_steps(report)


def turned(line: str) -> str:
    """Return a signature line with one letter of its signature changed."""
    return f"{line[:-20]}{'A' if line[-20] != 'A' else 'B'}{line[-19:]}"


def test_another_councils_trust_file_fails_the_package(paper: Paper) -> None:
    other = make_signatory("Borchester Council")
    report = judge(paper.zip, other.trust)
    assert report.verdict is Verdict.FAILED
    assert {"V4", "V5"} <= failed_steps(report)


def test_another_log_than_the_trust_files_fails_the_package(paper: Paper) -> None:
    other = replace(paper.council.trust, logs=(format_verifier_key(OTHER_LOG.key),))
    assert failed_steps(judge(paper.zip, other)) == {"V6"}


def test_another_certificate_of_the_same_root_fails_the_package(council: Signatory) -> None:
    paper = seal(council.with_another_seal())
    report = judge(paper.zip, council.trust)
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V4"})


def test_a_seal_revoked_before_it_was_stamped_fails_and_one_revoked_after_does_not(
    paper: Paper,
) -> None:
    trust = paper.council.trust
    stamped = paper.council.authority.clock()
    for revoked, verdict in (
        (stamped - timedelta(seconds=1), Verdict.FAILED),
        (stamped + timedelta(seconds=1), Verdict.VERIFIED),
    ):
        pins = tuple(replace(pin, revoked_at=revoked) for pin in trust.seals)
        assert judge(paper.zip, replace(trust, seals=pins)).verdict is verdict


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"not a package at all" * 10, bytes(1000), b"PK\x03\x04" + bytes(1000)],
)
def test_what_is_no_archive_is_unreadable(content: bytes) -> None:
    report = judge(content, None)
    assert (report.verdict, report.exit_code) == (Verdict.UNREADABLE, 2)
    assert failed_steps(report) == {"V1"}


def test_the_verdict_names_the_trust_file(paper: Paper) -> None:
    trust = replace(paper.council.trust, issue=Issue(12, NOW))
    report = judge(paper.zip, trust)
    issued = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    assert json.loads(report_json(report))["trust"] == {"number": 12, "issued": issued}
    assert f"\nTrust file: number 12, issued {issued}.\n" in report_table(report)
    alone = judge(paper.zip, None)
    assert json.loads(report_json(alone))["trust"] is None
    assert "Trust file:" not in report_table(alone)


def with_bag_info(council: Signatory, old: bytes, new: bytes) -> Wishes:
    """Wish for a package that was sealed with another bag-info.txt."""
    info = seal(council).files[layout.BAG_INFO]
    assert old in info
    return Wishes(tag_files={layout.BAG_INFO: info.replace(old, new)})


def test_the_verdict_names_the_version_of_the_format(paper: Paper) -> None:
    report = judge(paper.zip, paper.council.trust)
    assert paper.files[layout.BAG_INFO].startswith(b"Custos-Package: 1\n")
    assert report.package_format == 1
    assert json.loads(report_json(report))["package_format"] == 1
    assert "\nPackage format: 1.\n" in report_table(report)


@pytest.mark.parametrize(
    ("label", "said", "stated"),
    [
        (b"", "made by a version of Custos before the first format", None),
        (b"Custos-Package: 2\n", "made by a newer version of Custos", 2),
        (b"Custos-Package: 123456789\n", "made by a newer version of Custos", 123_456_789),
    ],
)
def test_a_package_of_another_format_is_unreadable_and_told_why(
    council: Signatory, label: bytes, said: str, stated: int | None
) -> None:
    package = seal(council, with_bag_info(council, b"Custos-Package: 1\n", label))
    report = judge(package.zip, council.trust)
    assert (report.verdict, report.exit_code) == (Verdict.UNREADABLE, 2)
    assert report.package_format == stated
    assert said in words(report)


@pytest.mark.parametrize(
    "label", [b"Custos-Package: 0\n", b"Custos-Package: 01\n", b"Custos-Package:1\n"]
)
def test_a_format_that_is_no_number_fails(council: Signatory, label: bytes) -> None:
    package = seal(council, with_bag_info(council, b"Custos-Package: 1\n", label))
    assert judge(package.zip, council.trust).verdict is Verdict.FAILED


@pytest.mark.parametrize("label", [b"", b"Custos-Package: 2\n"])
def test_a_changed_bag_info_is_no_other_format_and_fails(paper: Paper, label: bytes) -> None:
    info = paper.files[layout.BAG_INFO].replace(b"Custos-Package: 1\n", label)
    report = judge(paper.with_files({layout.BAG_INFO: info}).zip, paper.council.trust)
    assert (report.verdict, report.exit_code) == (Verdict.FAILED, 1)


def test_records_that_would_fill_the_memory_are_refused(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.package.format.limits.MAX_RECORDS", 20_000)
    report = judge(paper.zip, None)
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V1"})


# What V8 finds beyond digests: a council (or a thief of its keys) seals what does not fit together.


def test_a_master_other_than_the_one_received_fails(council: Signatory) -> None:
    report = judge(seal(council, Wishes(received=b"another clip")).zip, council.trust)
    assert failed_steps(report) == {"V8"}
    assert digest(b"another clip") in words(report)


@pytest.mark.parametrize(
    "derivation",
    [
        {"source": {"sha256": "0" * 64}},
        {"result": {**RESULT, "sha256": "0" * 64}},
        {"result": {**RESULT, "frames_sha256": "0" * 64}},
        {"result": {**RESULT, "frame_count": 4}},
        {"result": {**RESULT, "frame_count": True}},
        {"result": {}},
        {"result": "none"},
        {"source": {"sha256": 5}},
    ],
)
def test_a_copy_that_does_not_lead_back_to_the_master_fails(
    council: Signatory, derivation: dict[str, JSON]
) -> None:
    wishes = Wishes(derivation=derivation)
    report = judge(seal(council, wishes).zip, council.trust)
    assert failed_steps(report) == {"V8"}, words(report)


def test_the_derivation_of_these_tests_is_the_one_of_the_package(council: Signatory) -> None:
    paper = seal(council, Wishes(derivation={"result": RESULT}))
    assert judge(paper.zip, council.trust).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "wrong",
    [
        frame_list(3)[:-1],
        frame_list(3).replace(b"\n1,", b"\n7,"),
        frame_list(3).replace(b"n,pts", b"N,pts"),
        frame_list(3).replace(b"\n", b"\r\n"),
        frame_list(3) + b"x" * 2000,
        b"",
    ],
)
def test_a_frame_list_that_is_not_in_its_form_fails(council: Signatory, wrong: bytes) -> None:
    result = {**RESULT, "frames_sha256": digest(wrong)}
    paper = seal(council, Wishes(derivation={"result": result}, extra={FRAMES: wrong}))
    report = judge(paper.zip, council.trust)
    assert failed_steps(report) == {"V7", "V8"}, "it is not the frame list that was approved"
    assert "The frame list cannot be read" in words(report)


@pytest.mark.parametrize(
    ("wishes", "steps", "said"),
    [
        (Wishes(tag_files={layout.VERIFY: None}), {"V2"}, "must be in the package"),
        (Wishes(tag_files={layout.received_proof_path("JS-1"): None}), {"V2", "V8"}, "missing"),
        (
            Wishes(tag_files={layout.BAGIT: b"BagIt-Version: 0.97\n"}),
            {"V2"},
            "not the one of BagIt 1.0",
        ),
        (Wishes(sealed={"policy": "0" * 64}), {"V6"}, "another log policy"),
        (Wishes(sealed={"seal": "0" * 64}), {"V6"}, "another seal"),
        (Wishes(sealed={"exhibits": []}), {"V7", "V8"}, "not the ones that were sealed"),
    ],
)
def test_what_was_sealed_and_does_not_fit_fails(
    council: Signatory, wishes: Wishes, steps: set[str], said: str
) -> None:
    report = judge(seal(council, wishes).zip, council.trust)
    assert failed_steps(report) == steps, words(report)
    assert said in words(report)


def test_a_stamp_over_another_checkpoint_fails(council: Signatory) -> None:
    tsr = stamp(b"another checkpoint", council.authority, nonce=5)
    wishes = Wishes(tag_files={layout.received_timestamp_path("JS-1"): tsr})
    report = judge(seal(council, wishes).zip, council.trust)
    assert failed_steps(report) == {"V8"}


def test_a_receipt_stamped_after_the_package_is_a_note(council: Signatory) -> None:
    late = replace(council.authority, clock=lambda: council.authority.clock() + timedelta(hours=1))
    proof = seal(council).files[layout.received_proof_path("JS-1")]
    tsr = stamp(parse_proof(proof).checkpoint, late, nonce=6)
    wishes = Wishes(tag_files={layout.received_timestamp_path("JS-1"): tsr})
    report = judge(seal(council, wishes).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED
    assert "stamped after the package" in words(report)
    assert "has held this original" not in words(report)


def test_a_step_that_says_nothing_has_not_passed() -> None:
    facts = PackageFacts(
        package="",
        info=None,
        trust=None,
        signing_chain=b"",
        timestamp=b"",
        stamped_at=None,
        sealed=None,
        events=(),
    )
    passed = [Finding(step, Outcome.PASS, "It holds.") for step in sorted(STEPS)]
    assert conclude(passed, facts, strict=False).verdict is Verdict.INTACT
    for left_out in range(len(passed)):
        some = passed[:left_out] + passed[left_out + 1 :]
        assert conclude(some, facts, strict=False).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(extra={"data/exhibits/JS-1/master/more.mp4": b"more"}), "does not name this file"),
        (Wishes(extra={"data/exhibits/JS-1/JS-1-CP2.mp4": b"more"}), "does not name this file"),
        (Wishes(extra={"data/exhibits/JS-2/JS-2.json": b"{}"}), "cannot be read"),
        (Wishes(record={"urn": "BAR-2222-2222-2"}), "another request"),
        (Wishes(record={"exhibit_ref": "JS/2", "copies": ()}), "another exhibit"),
        (Wishes(record={"record": "00000000-0000-4000-8000-000000000000"}), "that were sealed"),
        (Wishes(record={"copies": ()}), "does not name this file"),
    ],
)
def test_a_record_that_does_not_fit_the_package_fails(
    council: Signatory, wishes: Wishes, said: str
) -> None:
    report = judge(seal(council, wishes).zip, council.trust)
    more = {"V7"} if "more" in str(wishes.extra) else set()
    assert failed_steps(report) - {"V2"} == {"V8", *more}, words(report)
    assert said in words(report)


def test_a_file_that_no_list_of_ours_allows_fails_even_if_it_was_sealed(council: Signatory) -> None:
    report = judge(seal(council, Wishes(extra={"data/note.txt": b"note"})).zip, council.trust)
    assert failed_steps(report) == {"V2"}


@pytest.mark.parametrize("field", ["files", "copy", "derivation"])
def test_a_digest_that_is_not_opened_proves_nothing(council: Signatory, field: str) -> None:
    report = judge(seal(council, Wishes(hidden=frozenset({field}))).zip, council.trust)
    assert "V8" in failed_steps(report)


@pytest.mark.parametrize("field", ["record", "n", "prev"])
def test_an_event_that_hides_its_place_fails(council: Signatory, field: str) -> None:
    report = judge(seal(council, Wishes(hidden=frozenset({field}))).zip, council.trust)
    assert "V7" in failed_steps(report)


@pytest.mark.parametrize(
    "event", ["exhibit.received", "exhibit.derived", "release.proposed", "release.approved"]
)
def test_a_custody_event_left_out_fails(council: Signatory, event: str) -> None:
    report = judge(seal(council, Wishes(left_out=frozenset({event}))).zip, council.trust)
    assert report.verdict is Verdict.FAILED
    assert "V7" in failed_steps(report)


def test_the_report_for_a_program_is_canonical_json(paper: Paper) -> None:
    report = judge(paper.zip, paper.council.trust)
    value = parse_canonical(report_json(report))
    assert isinstance(value, dict)
    assert value["verdict"] == "verified"
    assert value["exit_code"] == 0
    assert value["verdict_line"] == report.verdict_line
    assert json.loads(report_json(judge(b"", None)))["verdict"] == "unreadable"


def test_the_table_has_a_line_a_step_and_ends_with_the_verdict(paper: Paper) -> None:
    table = report_table(judge(paper.zip, paper.council.trust))
    lines = table.splitlines()
    assert [line[:2] for line in lines if line.startswith("V") and line[1].isdigit()] == [
        *sorted(STEPS),
        "V9",
    ]
    assert "VERIFIED: this package is the one that Barchester Council sealed at" in table
    assert all(len(line) <= 100 for line in lines if "expected" not in line and "found" not in line)


def test_a_hostile_name_cannot_move_the_cursor() -> None:
    report = Report(
        verdict=Verdict.FAILED,
        exit_code=1,
        package="",
        council="",
        sealed_at="",
        notices=(),
        not_checked=(),
        findings=(Finding("V1", Outcome.FAIL, "No.", "a\x1b[2Jb\u202ec", "\x07", "\x9b"),),
    )
    table = report_table(report)
    assert all(letter.isprintable() or letter == "\n" for letter in table)


def test_progress_runs_to_the_end_and_never_back(paper: Paper) -> None:
    steps: list[tuple[int, int]] = []
    verify(MemoryReader(paper.zip), None, progress=lambda done, of: steps.append((done, of)))
    done = [step[0] for step in steps]
    assert done == sorted(done)
    assert {step[1] for step in steps} == {len(paper.zip)}
    assert done[-1] > len(paper.zip) * 0.7


def test_every_byte_of_content_is_read_once(paper: Paper) -> None:
    big = seal(paper.council, Wishes(footage=bytes(range(256)) * 20_000))
    reader = CountingReader(MemoryReader(big.zip))
    assert verify(reader, big.council.trust).verdict is Verdict.VERIFIED
    spans = read_archive(MemoryReader(big.zip))
    span = next(span for span in spans if span.path.endswith("Cam_1.mp4"))
    inside = [
        (offset, size)
        for offset, size in reader.reads
        if offset < span.offset + span.size and offset + size > span.offset
    ]
    hashed = [size for _, size in inside if size > 32]
    assert sum(hashed) == span.size
    assert len(inside) == len(hashed) + 1, "its first bytes once more: are there credentials?"
    assert max(size for _, size in inside) <= 1 << 20


class CountingReader:
    def __init__(self, inner: MemoryReader) -> None:
        self.inner = inner
        self.size = inner.size
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, size: int) -> bytes:
        self.reads.append((offset, size))
        return self.inner.read(offset, size)
