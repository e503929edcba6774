"""The exhibit record says what is known and what somebody said; everything else is null."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from evidence.exhibits.description import Description
from evidence.exhibits.particulars import MasterDigest, NewExhibit, NewFile
from evidence.exhibits.particulars import describe as state
from evidence.exhibits.tables import ExhibitRow
from export.holdings.tables import ExhibitFileRow
from export.package.format.records import (
    CopyType,
    ExhibitRecord,
    Withheld,
    described,
    format_exhibit,
    parse_exhibit,
)
from export.sealing import descriptions
from export.sealing.descriptions import WITHHELD_REASON, Circumstances

NOON = datetime(2026, 7, 1, 11, 0, tzinfo=UTC)
AROUND = Circumstances("BAR-7K4M-2XQ9-J", "Barchester Council", True, 31)
FACTS = {
    "container": "mp4",
    "duration": "20/1",
    "audio": None,
    "video": {
        "codec": "h264",
        "width": 640,
        "height": 360,
        "nominal_fps": "25/1",
        "average_fps": "25/1",
        "frame_count": 500,
    },
}


SAID = NewExhibit(
    reference="JS/1",
    camera="BAR-0017",
    displayed_start="2026-07-01 10:00:00",
    displayed_end="2026-07-01 10:00:20",
    clock_offset_ms=73_000,
    clock_reference="speaking clock",
    clock_checked_at="2026-07-01T11:00:00Z",
)
MASTER = MasterDigest("11" * 32, 7)


def stated(*files: MasterDigest, **change: Any) -> Description:  # noqa: ANN401 - any field
    return state(replace(SAID, **change), files or (MASTER,), role="operator", at=NOON)


def describe(
    row: ExhibitRow,
    files: Sequence[ExhibitFileRow],
    around: Circumstances,
    said: Description | None = None,
) -> ExhibitRecord:
    return descriptions.describe(row, said or stated(), files, around)


def exhibit(**change: Any) -> ExhibitRow:  # noqa: ANN401 - any column
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "reference": "JS/1",
        "title": "somebody changed it",
        "camera": "and this too",
        "state": "ready",
        "received_at": datetime(2026, 7, 2, tzinfo=UTC),
        "received_event": UUID(int=2),
        "facts": [{"facts": FACTS, "playable": True}],
        "findings": [],
    }
    return ExhibitRow(**{**values, **change})


def file(kind: str, name: str, position: int = 0) -> ExhibitFileRow:
    return ExhibitFileRow(
        id=UUID(int=3),
        exhibit=UUID(int=1),
        kind=kind,
        position=position,
        name=name,
        original_name=f"original of {name}",
        bucket="b",
        key="k",
        version="v",
        size=7,
        sha256="11" * 32,
        crc32=1,
        stored_at=NOON,
    )


FILES = [
    file("master", "clip.mp4"),
    file("copy", "JS-1-CP1.mp4"),
    file("contact_sheet", "contact-sheet.jpg"),
    file("frames", "JS-1-CP1.frames.csv"),
]


def test_the_clock_check_tells_when_it_was_made_and_what_the_system_showed_then() -> None:
    check = describe(exhibit(), FILES, AROUND).clock_check
    assert check is not None
    assert check.checked_at == check.reference_at == "2026-07-01T11:00:00Z"
    assert check.system_displayed_at == "2026-07-01T12:01:13.000+01:00"
    assert (check.reference_source, check.offset_ms) == ("speaking clock", 73_000)
    assert check.dst_in_force


def test_winter_is_winter() -> None:
    winter = stated(displayed_start="2026-02-01 10:00:00", displayed_end="2026-02-01 10:00:20")
    check = describe(exhibit(), FILES, AROUND, winter).clock_check
    assert check is not None
    assert not check.dst_in_force


def test_when_it_was_exported_is_null_unless_somebody_said_so() -> None:
    assert describe(exhibit(), FILES, AROUND).export.at is None
    said = stated(method="USB", exported_at="2026-07-01T10:30:00Z")
    export = describe(exhibit(), FILES, AROUND, said).export
    assert (export.at, export.method) == ("2026-07-01T10:30:00Z", "USB")


def test_what_nobody_said_or_measured_is_null() -> None:
    record = describe(exhibit(facts=[{"facts": None, "playable": False}]), FILES[:1], AROUND)
    unknown = (record.container, record.width, record.duration, record.frame_count, record.audio)
    assert unknown == (None,) * 5
    assert record.codecs == ()
    assert record.export.method is None
    assert record.camera.location is None
    assert record.recorder.serial is None


def test_a_withheld_master_gives_its_digest_and_not_its_name() -> None:
    record = describe(exhibit(), FILES, replace(AROUND, with_master=False))
    assert record.master == Withheld(WITHHELD_REASON)
    (master,) = record.files
    assert (master.original_name, master.stored_name) == (None, None)
    assert (master.sha256, master.size) == ("11" * 32, 7)


def test_copies_are_named_as_copies_and_say_what_they_are_for() -> None:
    copy, still = describe(exhibit(), FILES, AROUND).copies
    assert (copy.name, copy.type, copy.derived_from) == (
        "JS-1-CP1",
        CopyType.COURT_PLAYABLE,
        "JS/1",
    )
    assert (still.type, still.derived_from) == (CopyType.STILL, "JS-1-CP1")
    assert "not for forensic analysis" in copy.use


def test_findings_are_told_with_their_place() -> None:
    findings = [{"words": "Two pictures are damaged.", "place": "at 00:00:04"}]
    record = describe(exhibit(findings=findings), FILES, AROUND)
    assert record.gaps_and_faults == ("Two pictures are damaged. at 00:00:04",)


@pytest.mark.parametrize("with_master", [True, False])
def test_the_record_is_one_that_can_be_written_and_read_back(with_master: bool) -> None:
    record = describe(exhibit(), FILES, replace(AROUND, with_master=with_master))
    assert parse_exhibit(format_exhibit(record)) == record


def test_what_is_stated_is_what_the_ledger_says_and_no_column_of_the_row() -> None:
    said = stated(title="High Street", method="USB")
    assert described(describe(exhibit(), FILES, AROUND, said)) == said


def test_each_file_has_its_own_camera_and_times_and_a_gap_is_told() -> None:
    said = stated(
        MASTER,
        MasterDigest("22" * 32, 8),
        displayed_start="",
        displayed_end="",
        files=(
            NewFile("2026-07-01 10:00:00", "2026-07-01 10:00:20"),
            NewFile("2026-07-01 10:00:21.5", "2026-07-01 10:00:40"),
        ),
    )
    second = file("master", "later.mp4", 1)
    record = describe(exhibit(), [*FILES, second], AROUND, said)
    assert [one.displayed_start for one in record.files] == [
        "2026-07-01T10:00:00+01:00",
        "2026-07-01T10:00:21.500000+01:00",
    ]
    assert record.files[1].corrected_end == "2026-07-01T08:59:27Z"
    assert (record.displayed_start, record.displayed_end) == (
        "2026-07-01T10:00:00+01:00",
        "2026-07-01T10:00:40+01:00",
    )
    (told,) = record.gaps_and_faults
    assert "1.500 seconds are missing" in told
    assert parse_exhibit(format_exhibit(record)) == record
