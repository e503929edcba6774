"""V8 on what people state: the record says what the ledger says, and what it says can be."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from custody.check.audience import COURTS, KINDS
from custody.formats.canonical import JSON, canonical_json, parse_canonical
from evidence.exhibits.description import (
    Camera,
    PicturedClock,
    clock_picture,
    description_json,
)
from export.package.errors import RecordError
from export.package.format import layout
from export.package.format.records import USES, CopyType, described, parse_exhibit
from export.package.verify.report import Verdict
from tests.export.package.judging import failed_steps, judge, words
from tests.export.package.paper import Paper, Signatory, Wishes, description, digest, seal

PATH = layout.record_path("JS-1")
SAID = description(Wishes())
CLOCK = SAID.clock_check
assert CLOCK is not None
ELSEWHERE = Camera("C-18", "Market", None, None, None, None)
OTHER = replace(SAID.files[0], camera=ELSEWHERE)


def refused(council: Signatory, wishes: Wishes, *said: str) -> None:
    """Demand that a package sealed in all form fails in V8 alone, and says what is wrong."""
    report = judge(seal(council, wishes).zip, council.trust)
    assert (report.verdict, failed_steps(report)) == (Verdict.FAILED, {"V8"}), words(report)
    for one in said:
        assert one in words(report)


def test_the_record_of_a_package_is_the_ledgers_description_byte_for_byte(paper: Paper) -> None:
    record = parse_exhibit(paper.files[PATH])
    assert canonical_json(description_json(described(record))) == canonical_json(
        description_json(SAID)
    )
    assert judge(paper.zip, paper.council.trust).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": "another street"}, "title"),
        ({"camera": ELSEWHERE}, "camera.id"),
        ({"recorder": replace(SAID.recorder, serial="77")}, "recorder.serial"),
        ({"export": replace(SAID.export, method="cloud")}, "export.method"),
        ({"displayed_start": "2026-11-20T17:59:59+00:00"}, "displayed_start"),
        ({"displayed_end": "2026-11-20T18:00:11+00:00"}, "displayed_end"),
        ({"corrected_start": "2026-11-20T18:00:00Z"}, "corrected_start"),
        ({"corrected_end": None}, "corrected_end"),
        ({"clock_check": None}, "clock_check"),
        ({"clock_check": replace(CLOCK, offset_ms=60_000)}, "clock_check.offset_ms"),
        ({"clock_check": replace(CLOCK, dst_in_force=True)}, "clock_check.dst_in_force"),
        ({"confirmed": ("clock_offset",)}, "confirmed"),
    ],
)
def test_a_record_that_says_something_else_than_the_ledger_fails(
    council: Signatory, change: dict[str, Any], place: str
) -> None:
    refused(council, Wishes(record=change), f"something else than the ledger, in {place}.")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"camera": ELSEWHERE}, "files.1.camera.id"),
        ({"displayed_start": "2026-11-20T18:00:01+00:00"}, "files.1.displayed_start"),
        ({"corrected_end": "2026-11-20T18:00:01Z"}, "files.1.corrected_end"),
    ],
)
def test_a_file_that_the_record_describes_otherwise_fails(
    council: Signatory, change: dict[str, Any], place: str
) -> None:
    (file,) = parse_exhibit(seal(council).files[PATH]).files
    refused(council, Wishes(record={"files": (replace(file, **change),)}), place)


def test_a_correction_is_what_counts(council: Signatory) -> None:
    wishes = Wishes(corrected={"camera": ELSEWHERE, "files": (OTHER,)})
    paper = seal(council, wishes)
    report = judge(paper.zip, council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    assert parse_exhibit(paper.files[PATH]).camera == ELSEWHERE


def test_the_version_before_a_correction_fails(council: Signatory) -> None:
    wishes = Wishes(
        corrected={"camera": ELSEWHERE}, record={"camera": SAID.camera, "title": SAID.title}
    )
    refused(council, wishes, "in camera.id.")


def moments(start: str, end: str, *corrected: str) -> dict[str, Any]:
    """Return the facts of an exhibit of one file that says these times."""
    times: dict[str, Any] = dict(
        zip(
            ("displayed_start", "displayed_end", "corrected_start", "corrected_end"),
            (start, end, *corrected),
            strict=True,
        )
    )
    return {**times, "files": (replace(SAID.files[0], **times),)}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            moments(
                "2026-02-30T18:00:00+00:00",
                "2026-03-30T18:00:10+00:00",
                "2026-02-28T17:58:59Z",
                "2026-03-30T17:59:09Z",
            ),
            "no such time",
        ),
        (
            moments(
                "2026-11-20T18:00:10+00:00",
                "2026-11-20T18:00:00+00:00",
                "2026-11-20T17:59:09Z",
                "2026-11-20T17:58:59Z",
            ),
            "ends before it starts",
        ),
        (
            moments(
                "2026-11-20T18:00:00+00:00",
                "2026-11-20T18:00:10+00:00",
                "2026-11-20T18:00:00Z",
                "2026-11-20T18:00:10Z",
            ),
            "less the clock's offset",
        ),
        (
            moments(
                "2026-11-20T25:00:00+00:00",
                "2026-11-20T18:00:10+00:00",
                "2026-11-20T18:00:00Z",
                "2026-11-20T18:00:10Z",
            ),
            "no such time",
        ),
        (
            moments(
                "0001-01-01T00:00:00+00:00",
                "9999-12-31T23:59:59Z",
                "0001-01-01T00:00:00Z",
                "9999-12-31T23:59:59Z",
            ),
            "With the clock's offset there is no such time",
        ),
        (
            moments(
                "0001-01-01T00:00:00+23:59",
                "2026-11-20T18:00:10+00:00",
                "2026-11-20T17:58:59Z",
                "2026-11-20T17:59:09Z",
            ),
            "no such time",
        ),
        ({"clock_check": replace(CLOCK, offset_ms=-(2**53 - 1))}, "there is no such time"),
        ({"displayed_end": "2026-11-20T18:00:05+00:00"}, "outside of the exhibit's times"),
        ({"clock_check": replace(CLOCK, system_displayed_at=CLOCK.reference_at)}, "comparison"),
        ({"clock_check": replace(CLOCK, checked_at="2026-13-01T00:00:00Z")}, "no such time"),
        ({"export": replace(SAID.export, at="2026-04-31T00:00:00Z")}, "no such time"),
        ({"files": (replace(SAID.files[0], sha256="ab" * 32),)}, "not those that were received"),
    ],
)
def test_what_cannot_be_fails_though_ledger_and_record_agree(
    council: Signatory, facts: dict[str, Any], said: str
) -> None:
    refused(council, Wishes(described=facts), said)


UNCHECKED: dict[str, Any] = {
    "clock_check": None,
    "corrected_start": None,
    "corrected_end": None,
    "files": (replace(SAID.files[0], corrected_start=None, corrected_end=None),),
}


def test_that_nobody_checked_the_clock_is_an_answer(council: Signatory) -> None:
    report = judge(seal(council, Wishes(described=UNCHECKED)).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)


def test_a_correction_may_say_that_nobody_checked_the_clock(council: Signatory) -> None:
    report = judge(seal(council, Wishes(corrected=UNCHECKED)).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)


def test_a_corrected_time_that_nobody_can_know_fails(council: Signatory) -> None:
    facts = {**UNCHECKED, "corrected_start": SAID.corrected_start}
    refused(council, Wishes(described=facts), "less the clock's offset")


@pytest.mark.parametrize(
    "clock", [None, {"offset_ms": 60_000}, {"reference": "a wristwatch"}, {"offset_ms": -61_000}]
)
def test_another_comparison_of_the_clock_than_was_described_fails(
    council: Signatory, clock: dict[str, Any] | None
) -> None:
    refused(council, Wishes(clock=clock), "clock's comparison is another one")


def test_a_description_that_the_package_does_not_open_fails(council: Signatory) -> None:
    report = judge(seal(council, Wishes(hidden=frozenset({"facts"}))).zip, council.trust)
    assert "V8" in failed_steps(report)
    assert "does not open what people stated" in words(report)


def test_an_exhibit_that_the_ledger_does_not_describe_fails(council: Signatory) -> None:
    left_out = frozenset({"exhibit.described"})
    report = judge(seal(council, Wishes(left_out=left_out)).zip, council.trust)
    assert "V8" in failed_steps(report)
    assert "must describe an exhibit once" in words(report)


@pytest.mark.parametrize("kind", ["REDACTED", "BIT_COPY", "court_playable"])
def test_a_copy_of_another_kind_than_the_ledger_took_down_fails(
    council: Signatory, kind: str
) -> None:
    refused(council, Wishes(derived={"kind": kind}), "another kind of copy")


def test_stills_that_the_ledger_did_not_take_down_fail(council: Signatory) -> None:
    copy, still = parse_exhibit(seal(council).files[PATH]).copies
    sheet = b"\xff\xd8 other stills"
    other = replace(still, size=len(sheet), sha256=digest(sheet))
    extra = {layout.contact_sheet_path("JS-1"): sheet}
    wishes = Wishes(record={"copies": (copy, other)}, extra=extra)
    report = judge(seal(council, wishes).zip, council.trust)
    assert failed_steps(report) == {"V7", "V8"}, "nobody approved them either"
    assert "no such copy" in words(report)


def test_stills_with_the_name_of_another_copys_fail(council: Signatory) -> None:
    copy, still = parse_exhibit(seal(council).files[PATH]).copies
    other = replace(still, name="contact-sheet-2")
    moved = {layout.contact_sheet_path("JS-1", "contact-sheet-2"): b"\xff\xd8 stills"}
    report = judge(
        seal(council, Wishes(record={"copies": (copy, other)}, extra=moved)).zip, council.trust
    )
    assert "called after another copy" in words(report)
    ours = replace(still, derived_from="JS/1")
    refused(council, Wishes(record={"copies": (copy, ours)}), "The stills are of no copy")


def pictured(content: bytes, *, kind: str = "police", stated: bytes | None = None) -> Wishes:
    """Return wishes for a package whose clock was photographed."""
    assert CLOCK is not None
    carried = {layout.clock_picture_path("JS-1", "jpg"): content}
    picture = digest(content if stated is None else stated)
    described = {"clock_check": PicturedClock(**asdict(CLOCK), picture=picture)}
    return Wishes(described=described, kind=kind, carried=carried)


def test_the_picture_of_the_clock_is_the_one_that_is_stated(council: Signatory) -> None:
    report = judge(seal(council, pictured(b"\xff\xd8 a screen")).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    other = pictured(b"\xff\xd8 a screen", stated=b"another screen")
    refused(council, other, "not the one that is stated")
    carried = {layout.clock_picture_path("JS-1", "png"): b"a screen"}
    refused(council, Wishes(carried=carried), "not the one that is stated")
    two = pictured(b"\xff\xd8 a screen")
    both = {**two.carried, layout.clock_picture_path("JS-1", "png"): b"another"}
    refused(council, replace(two, carried=both), "not the one that is stated")


def test_a_picture_of_the_clock_may_stay_with_the_council(council: Signatory) -> None:
    report = judge(seal(council, replace(pictured(b"a screen"), carried={})).zip, council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)


@pytest.mark.parametrize("kind", sorted(KINDS - COURTS))
def test_a_picture_of_the_clock_goes_to_courts_only(council: Signatory, kind: str) -> None:
    refused(council, pictured(b"a screen", kind=kind), "council prosecutions only")


@pytest.mark.parametrize("picture", ["", "AB" * 32, "ab" * 31, None, 7, ["ab" * 32]])
def test_a_picture_is_named_by_a_digest(paper: Paper, picture: JSON) -> None:
    said: Any = parse_canonical(paper.files[PATH])
    said["clock_check"]["picture"] = picture
    with pytest.raises(RecordError):
        parse_exhibit(canonical_json(said))
    said["clock_check"]["picture"] = "ab" * 32
    assert clock_picture(parse_exhibit(canonical_json(said)).clock_check) == "ab" * 32


def test_a_use_that_the_kind_of_a_copy_does_not_have_fails(council: Signatory) -> None:
    copy, still = parse_exhibit(seal(council).files[PATH]).copies
    wrong = replace(copy, use=USES[CopyType.BIT_COPY])
    refused(council, Wishes(record={"copies": (wrong, still)}), "used for something else")


@pytest.mark.parametrize(
    "file", [{}, {"sha256": "11" * 32}, "a file", None, 7, [], {"camera": 1, "sha256": None}]
)
def test_facts_of_another_shape_fail_and_nothing_breaks(council: Signatory, file: JSON) -> None:
    refused(council, Wishes(facts={"files": [file]}), "no description")
