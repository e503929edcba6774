"""The exhibit record has one form, and the index of a package shows it safely."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, TypeAlias

import pytest
import rfc8785

from custody.canonical import canonical_json, parse_canonical
from evidence.exhibits.description import Camera
from export.package.documents.readme import (
    DEMONSTRATION,
    NO_FACES,
    ListedFile,
    ReadmeFacts,
    readme_html,
)
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
from tests.export.package.paper import Paper, Signatory, Wishes, digest, seal

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


# The index.


def test_each_file_of_several_shows_its_own_camera_and_times(record: ExhibitRecord) -> None:
    (master,) = record.files
    later = replace(
        master,
        stored_name="later.mp4",
        sha256="ab" * 32,
        camera=Camera("C-18", "Market", None, None, None, None),
        displayed_start="2026-11-20T18:01:00+00:00",
        displayed_end="2026-11-20T18:01:10+00:00",
    )

    def index(*files: MasterFile) -> str:
        one = replace(record, files=files)
        return readme_html(ReadmeFacts("P-R1", "P", "Council", False, (one,), ())).decode()

    assert "C-18, 2026-11-20T18:01:00+00:00 to 2026-11-20T18:01:10+00:00" in index(master, later)
    assert "File 1" not in index(master)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_index_lists_every_other_file_of_the_payload_with_its_digest(paper: Paper) -> None:
    page = Page(paper.files[layout.README].decode())
    links = {value for name, value in page.attributes if name == "href"}
    payload = {path for path in paper.files if path.startswith("data/")} - {layout.README}
    assert links == {path.removeprefix("data/") for path in payload}
    for path in payload:
        assert digest(paper.files[path]) in page.text


def test_the_index_says_what_a_copy_may_be_used_for(paper: Paper) -> None:
    text = Page(paper.files[layout.README].decode()).text
    assert "court-playable working copy; not for forensic analysis" in text
    assert NO_FACES in text
    assert DEMONSTRATION in text
    assert "61.000 seconds fast against speaking clock" in text


def test_the_index_reads_well_aloud_and_runs_nothing(paper: Paper) -> None:
    html = paper.files[layout.README].decode()
    page = Page(html)
    assert html.startswith('<!doctype html>\n<html lang="en-GB">')
    assert page.tags.count("h1") == 1
    assert page.tags.count("main") == 1
    assert page.tags.count("caption") == page.tags.count("table") == 1
    assert not {"script", "img", "iframe", "link", "object"} & set(page.tags)
    assert not re.search(r"https?://|url\(|@import|\son\w+=", html)
    assert ("scope", "row") in page.attributes
    assert ("scope", "col") in page.attributes


def test_what_people_typed_is_shown_and_not_run(record: ExhibitRecord) -> None:
    evil = "<script>alert(1)</script>\"&'"
    withheld = replace(record, master=Withheld(evil), files=())
    typed = replace(
        record,
        title=evil,
        camera=replace(record.camera, name=evil),
        gaps_and_faults=(evil,),
        copies=(replace(record.copies[0], use=evil),),
    )
    for exhibit in (typed, withheld):
        facts = ReadmeFacts(
            package="BAR-7K4M-2XQ9-J-R1",
            urn="BAR-7K4M-2XQ9-J",
            council=evil,
            demonstration=False,
            exhibits=(exhibit,),
            files=(ListedFile(layout.copy_path("JS-1", "JS-1-CP1"), 5, "0" * 64),),
        )
        page = Page(readme_html(facts).decode())
        assert "script" not in page.tags
        assert evil in page.text
        assert DEMONSTRATION not in page.text
