"""The exhibit record has one form, and the index of a package shows it safely."""

import json
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
import rfc8785

from custody.formats.canonical import canonical_json, parse_canonical
from evidence.exhibits.description import Camera
from export.package.errors import RecordError
from export.package.format import layout
from export.package.format.records import (
    ExhibitRecord,
    FileRole,
    FrameRate,
    MasterFile,
    Withheld,
    exhibit_record,
    format_exhibit,
    parse_exhibit,
)
from tests.export.package.paper import Paper, Signatory, Wishes, seal

Change: TypeAlias = dict[str, Any]
PATH = layout.record_path("JS-1")


@pytest.fixture
def record(paper: Paper) -> ExhibitRecord:
    return parse_exhibit(paper.files[PATH])


def test_a_record_round_trips(record: ExhibitRecord, paper: Paper) -> None:
    assert format_exhibit(record) == paper.files[PATH]
    assert parse_canonical(format_exhibit(record)) == exhibit_record_as_json(record)


def exhibit_record_as_json(record: ExhibitRecord) -> object:
    return parse_canonical(canonical_json(exhibit_record(record)))


def test_it_carries_every_field_that_was_promised(record: ExhibitRecord) -> None:
    value: Any = exhibit_record_as_json(record)
    assert set(value) >= {
        "exhibit_ref", "urn", "title", "camera", "recorder", "export",
        "displayed_start", "displayed_end", "corrected_start", "corrected_end", "clock_check",
        "container", "codecs", "width", "height", "fps", "duration", "frame_count", "audio",
        "files", "gaps_and_faults", "copies", "retention_class", "legal_hold", "controller",
        "facial_recognition", "master",
    }  # fmt: skip
    assert set(value["camera"]) == {"id", "name", "location", "lat", "lon", "type"}
    assert set(value["recorder"]) == {"make", "model", "serial", "firmware", "channel"}
    assert set(value["clock_check"]) == {
        "system_displayed_at", "reference_at", "reference_source", "checked_at", "offset_ms",
        "dst_in_force",
    }  # fmt: skip
    assert value["facial_recognition"] == "none"
    assert value["fps"] == {"nominal": "25/1", "average": "25/1"}
    assert value["master"] == {"included": True}


def test_a_withheld_master_gives_its_reason_and_its_digest(council: Signatory) -> None:
    record = parse_exhibit(seal(council, Wishes(withheld=True)).files[PATH])
    assert exhibit_record(record)["master"] == {"withheld": "two minutes were asked for"}
    assert record.files[0].stored_name is None
    assert len(record.files[0].sha256) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"camera": Camera("C", "C", None, "51,6", None, None)},
        {"camera": Camera("C", "C", None, "+51.6", None, None)},
        {"fps": FrameRate("25", None)},
        {"fps": FrameRate("25.0", None)},
        {"duration": "1/0"},
        {"corrected_start": "yesterday"},
        {"displayed_start": "2026-11-20 18:00:00"},
        {"facial_recognition": "live"},
        {"v": 2},
        {"files": ()},
        {"files": (MasterFile(FileRole.MASTER, "a", "a", 1, "video/mp4", "A" * 64),)},
        {"files": (MasterFile(FileRole.PLAYER, "a", "a", 1, "video/mp4", "a" * 64),)},
        {"master": Withheld("because")},
    ],
)
def test_a_value_out_of_its_form_is_refused(record: ExhibitRecord, change: Change) -> None:
    with pytest.raises(RecordError):
        format_exhibit(replace(record, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"width": 640.5},
        {"width": "640"},
        {"width": True},
        {"audio": 0},
        {"codecs": "h264"},
        {"codecs": [None]},
        {"camera": None},
        {"camera": {}},
        {"master": {}},
        {"master": {"included": True, "withheld": "x"}},
        {"copies": [{"name": "JS-1-CP1"}]},
        {"title": None},
    ],
)
def test_a_record_of_another_shape_is_refused(record: ExhibitRecord, change: Change) -> None:
    value = {**exhibit_record(record), **change}
    text = as_an_enemy_writes_it(value)
    with pytest.raises(RecordError):
        parse_exhibit(text)


def as_an_enemy_writes_it(value: object) -> bytes:
    """Write canonical JSON, floats too."""
    return rfc8785.dumps(json.loads(json.dumps(value)))


def test_every_truncation_of_a_record_is_refused(paper: Paper) -> None:
    text = paper.files[PATH]
    for size in range(0, len(text), 7):
        with pytest.raises(RecordError):
            parse_exhibit(text[:size])
