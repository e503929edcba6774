"""V8 on what was added to an exhibit: stamped apart, taken down by the ledger, and of one role."""

from dataclasses import replace
from typing import Any

import pytest

from custody.formats.canonical import JSON
from evidence.exhibits.description import DescribedFile, description_json
from export.package.format import layout
from export.package.format.records import FileRole, MasterFile
from export.package.verify.report import Verdict
from tests.export.package.judging import failed_steps, judge, words
from tests.export.package.paper import Signatory, Wishes, description, digest, seal

PLAYER = b"MZ: the recorder's own player"
ADDED = "JS-1-A1"
DESCRIBED = "The files that are described are not those that were received, in their order."
EXTENDED = Wishes(player=PLAYER)


def described(content: bytes, wishes: Wishes = EXTENDED) -> tuple[DescribedFile, ...]:
    """Return the files of a description in which an added file is a recording."""
    (file,) = description(wishes).files
    return (file, replace(file, sha256=digest(content)))


def facts(**other: Any) -> dict[str, JSON]:  # noqa: ANN401 - any fact
    return description_json(replace(description(EXTENDED), **other))


@pytest.mark.parametrize("withheld", [False, True])
def test_what_was_added_is_held_since_its_own_stamp(council: Signatory, *, withheld: bool) -> None:
    paper = seal(council, replace(EXTENDED, withheld=withheld))
    report = judge(paper.zip, council.trust)
    assert report.verdict is Verdict.VERIFIED, words(report)
    assert "has held what was added to this original unchanged since" in words(report)
    player = layout.player_path("JS-1", "player.exe")
    assert (player in paper.files) is not withheld


@pytest.mark.parametrize(
    "path",
    [
        layout.received_proof_path(ADDED),
        layout.received_timestamp_path(ADDED),
        layout.consistency_path(ADDED),
    ],
)
def test_a_receipt_without_its_proofs_fails(council: Signatory, path: str) -> None:
    paper = seal(council, EXTENDED).with_files({path: None})
    assert "V8" in failed_steps(judge(paper.zip, council.trust))


@pytest.mark.parametrize("receipt", ["JS-1-A1", "JS-1-A2", "JS-1-A999999"])
def test_a_receipt_of_which_the_ledger_knows_nothing_fails(
    council: Signatory, receipt: str
) -> None:
    wishes = Wishes() if receipt == ADDED else EXTENDED
    first = seal(council, wishes).files[layout.received_proof_path("JS-1")]
    tag_files = {layout.received_proof_path(receipt): first}
    report = judge(seal(council, replace(wishes, tag_files=tag_files)).zip, council.trust)
    assert failed_steps(report) == {"V8"}
    assert "no receipt that this file would be of" in words(report)


@pytest.mark.parametrize("suffix", ["-A0", "-A01", "-B1", "-A1-A1", "-A1000000"])
def test_receipts_have_one_form_of_name(council: Signatory, suffix: str) -> None:
    path = f"custody/received/JS-1{suffix}.tsr"
    report = judge(seal(council, EXTENDED).with_files({path: b"x"}).zip, council.trust)
    assert report.verdict is Verdict.FAILED


@pytest.mark.parametrize("name", ["received_proof_path", "received_timestamp_path"])
def test_the_first_receipt_does_not_stand_for_the_second(council: Signatory, name: str) -> None:
    path = getattr(layout, name)
    files = seal(council, EXTENDED).files
    report = judge(
        seal(council, replace(EXTENDED, tag_files={path(ADDED): files[path("JS-1")]})).zip,
        council.trust,
    )
    assert failed_steps(report) == {"V8"}


@pytest.mark.parametrize(
    "taken_down",
    [
        [{"sha256": digest(b"another player"), "size": len(PLAYER)}],
        [{"sha256": digest(PLAYER), "size": 1}],
        [{"sha256": digest(PLAYER), "size": len(PLAYER)}] * 2,
        [
            {"sha256": digest(PLAYER), "size": len(PLAYER)},
            {"sha256": digest(b"an index"), "size": 8},
        ],
    ],
)
def test_the_player_is_the_one_that_the_ledger_took_down(
    council: Signatory, taken_down: JSON
) -> None:
    wishes = replace(EXTENDED, extended={"files": taken_down})
    report = judge(seal(council, wishes).zip, council.trust)
    assert failed_steps(report) == {"V8"}
    assert "not the files that the ledger took down" in words(report)


def test_an_unrecorded_player_fails_where_nothing_was_added(council: Signatory) -> None:
    extra = {layout.player_path("JS-1", "player.exe"): PLAYER}
    report = judge(seal(council, Wishes(extra=extra)).zip, council.trust)
    assert "V8" in failed_steps(report)


def test_a_player_does_not_become_a_recording_by_a_correction(council: Signatory) -> None:
    masters = tuple(
        MasterFile(
            FileRole.MASTER,
            None,
            None,
            size,
            "video/mp4",
            file.sha256,
            file.camera,
            file.displayed_start,
            file.displayed_end,
            file.corrected_start,
            file.corrected_end,
        )
        for size, file in zip((len(EXTENDED.footage), len(PLAYER)), described(PLAYER), strict=True)
    )
    wishes = replace(
        EXTENDED,
        withheld=True,
        corrected={"files": described(PLAYER)},
        record={"files": masters},
    )
    report = judge(seal(council, wishes).zip, council.trust)
    assert failed_steps(report) == {"V8"}
    assert [one.words for one in report.findings if one.outcome == "fail"] == [DESCRIBED]


def test_a_recording_does_not_become_a_player(council: Signatory) -> None:
    wishes = replace(
        EXTENDED, extended={"facts": facts(files=described(PLAYER))}, corrected={"title": "Mill"}
    )
    report = judge(seal(council, wishes).zip, council.trust)
    assert [one.words for one in report.findings if one.outcome == "fail"] == [DESCRIBED]


def test_the_last_version_counts_whichever_event_states_it(council: Signatory) -> None:
    wishes = replace(EXTENDED, extended={"facts": facts(title="Mill Lane")})
    report = judge(seal(council, wishes).zip, council.trust)
    assert failed_steps(report) == {"V8"}
    assert "in title" in words(report)
