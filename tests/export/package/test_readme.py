"""README.html: what the package opens, in sentences, and nothing that runs or calls home."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.formats.canonical import JSON
from custody.formats.disclosure import LoggedEvent
from custody.formats.events import EVENTS, RecordKind
from evidence.exhibits.description import Camera
from export.package.documents.contents import (
    PROOF_FILES,
    PROOF_FOLDERS,
    ListedFile,
    rank,
    size_words,
)
from export.package.documents.exhibit_part import link, periods
from export.package.documents.history import SENTENCES, Names, history, off
from export.package.documents.moments import as_shown, lasting, moment
from export.package.documents.readme import DEMONSTRATION, NO_FACES, ReadmeFacts, readme_html
from export.package.errors import NamingError
from export.package.format import layout
from export.package.format.records import ExhibitRecord, Withheld, parse_exhibit
from tests.custody.ledgers import CONDITIONS, EXHIBIT, NOON, RELEASE, MemoryLog, RecordChain
from tests.export.package.paper import Paper, Signatory, Wishes, digest, seal
from tests.export.package.reading import Page

EVIL = "<script>alert(1)</script>\"&'</title><img src=x onerror=alert(1)>"
COPY = layout.copy_path("JS-1", "JS-1-CP1")
PROPOSED: dict[str, JSON] = {
    "actor": "J. Smith (6c237c25-e686-43f3-94d7-461249ab6674)",
    "role": "operator",
    "kind": "police",
    "recipient": "DC Jones <jones@police.example>",
    "files": [{"sha256": "11" * 32, "size": 1}],
    "exhibits": [str(EXHIBIT)],
    "basis": "DPA 2018 Sch 2 para 2",
    "purpose": "investigation of a theft",
    "conditions": CONDITIONS,
}


@pytest.fixture(scope="module")
def page(paper: Paper) -> Page:
    return Page(paper.files[layout.README])


@pytest.fixture(scope="module")
def record(paper: Paper) -> ExhibitRecord:
    return parse_exhibit(paper.files[layout.record_path("JS-1")])


def facts(*exhibits: ExhibitRecord, events: tuple[LoggedEvent, ...] = ()) -> ReadmeFacts:
    return ReadmeFacts(
        package="BAR-7K4M-2XQ9-J-R1",
        urn="BAR-7K4M-2XQ9-J",
        council="Barchester Council",
        demonstration=False,
        exhibits=exhibits,
        files=(ListedFile(COPY, 5, "0" * 64),),
        events=events,
        witnessed=True,
        comparisons={},
    )


def proposed(**values: JSON) -> tuple[LoggedEvent, ...]:
    return (RecordChain(MemoryLog(), RELEASE).write("release.proposed", PROPOSED | values, NOON),)


# What it says.


def test_it_says_for_whom_and_why(page: Page) -> None:
    for said in (
        "Barchester Council",
        "BAR-7K4M-2XQ9-J-R1",
        "dc.jones@police.example",
        "the police",
        "investigation of a theft",
        "DPA 2018 Sch 2 para 2",
        "J. Smith (operator)",
        DEMONSTRATION,
        NO_FACES,
    ):
        assert said in page.words


def test_it_shows_each_exhibit_with_picture_player_and_times(page: Page) -> None:
    (video,) = (attrs for tag, attrs in page.elements if tag == "video")
    assert video["src"] == "data/exhibits/JS-1/JS-1-CP1.mp4"
    assert {"controls", "preload"} <= video.keys()
    assert video["preload"] == "none"
    (image,) = (attrs for tag, attrs in page.elements if tag == "img")
    assert image["src"] == "data/exhibits/JS-1/contact-sheet.jpg"
    assert image["alt"] == "Still pictures of JS-1-CP1, with their times"
    for said in (
        "High Street <junction> & market",
        "C-17, High Street, fixed",
        "court-playable working copy; not for forensic analysis",
        "All 3 pictures are in the copy.",
        "20 November 2026, 17:58:59 GMT",
        "17:58:59 UTC",
        "the system showed 20 November 2026, 18:00:00",
        "1 minute 1 second fast when compared with speaking clock",
        "Cam 1.mp4",
    ):
        assert said in page.words


def test_every_link_leads_to_a_file_and_every_file_is_told(paper: Paper, page: Page) -> None:
    led = {unquote(value) for value in page.values("href", "src") if not value.startswith("#")}
    assert led <= set(paper.files)
    folders = {folder for folder, _ in PROOF_FOLDERS}
    assert folders <= set(re.findall(r"\S+/(?=\s)", page.words))
    untold = set(paper.files) - led - {layout.README}
    assert not [path for path in untold if str(PurePosixPath(path).parent) + "/" not in folders]
    anchors = {value[1:] for value in page.values("href") if value.startswith("#")}
    assert anchors <= set(page.values("id"))


def test_every_file_of_the_payload_is_shown_with_its_digest(paper: Paper, page: Page) -> None:
    payload = [path for path in paper.files if layout.is_payload(path)]
    assert len(payload) == 6
    for path in payload:
        assert digest(paper.files[path]) in page.text


def test_the_files_that_prove_are_the_closed_list() -> None:
    named = {path for path, _ in PROOF_FILES}
    assert named == (layout.TAG_FILES | layout.SEAL_FILES | {layout.TAG_MANIFEST}) - {layout.README}


def test_an_exhibit_holds_no_file_that_the_page_has_no_words_for() -> None:
    for path in (
        layout.record_path("JS-1"),
        layout.master_path("JS-1", "Clip_01.mp4"),
        layout.player_path("JS-1", "Player.exe"),
        COPY,
        layout.derivation_path("JS-1", "JS-1-CP1"),
        layout.frames_path("JS-1", "JS-1-CP1"),
        layout.contact_sheet_path("JS-1"),
    ):
        rank(path.removeprefix(layout.exhibit_folder("JS-1")))
    with pytest.raises(NamingError):
        rank("other.txt")


def test_what_was_not_checked_is_said(record: ExhibitRecord, page: Page) -> None:
    assert "Nobody witnesses the council's custody log" in page.words
    unknown = replace(
        record,
        clock_check=None,
        container=None,
        corrected_start=None,
        copies=(),
    )
    said = Page(readme_html(facts(unknown))).words
    assert "nobody compared the clock of the system that recorded it" in said
    assert "the original could not be examined" in said
    assert "no copy in this package was compared with the original" in said
    assert "actual time not recorded" in said
    assert "Nobody witnesses" not in said


def test_each_file_of_several_shows_its_own_camera_and_times(record: ExhibitRecord) -> None:
    (master,) = record.files
    later = replace(
        master,
        original_name="later.mp4",
        stored_name="later.mp4",
        sha256="ab" * 32,
        camera=Camera("C-18", "Market", None, None, None, None),
        displayed_start="2026-11-20T18:01:00+00:00",
        displayed_end="2026-11-20T18:01:10+00:00",
    )
    said = Page(readme_html(facts(replace(record, files=(master, later))))).words
    assert "Later.mp4, camera C-18" in said
    assert "the system showed 20 November 2026, 18:01:10" in said
    assert "camera C-18" not in Page(readme_html(facts(record))).words


def test_a_withheld_original_is_told_and_has_no_link(council: Signatory) -> None:
    sealed = seal(council, Wishes(withheld=True))
    page = Page(sealed.files[layout.README])
    assert "Not in this package: two minutes were asked for. Cam 1.mp4 (SHA-256" in page.words
    assert digest(Wishes().footage) in page.words
    assert not [value for value in page.values("href") if "/master/" in value]


def test_the_times_are_read_in_one_place(record: ExhibitRecord) -> None:
    (period,) = periods(record)
    assert period.corrected_start == record.corrected_start
    assert period.displayed_end == record.displayed_end


# The history.


def test_the_history_is_told_in_the_order_of_the_log(page: Page) -> None:
    told = [
        "The original of JS/1 (1 file) was received and its digest recorded by J. Smith (operator)",
        "A working copy that plays anywhere, JS-1-CP1, was made from the original of JS/1.",
        "The release of these files to dc.jones@police.example was proposed by J. Smith (operator)",
        "The release was approved by A. Khan (releaser): second person.",
    ]
    places = [page.words.index(said) for said in told]
    assert places == sorted(places)


def test_what_the_package_keeps_closed_is_not_told(council: Signatory) -> None:
    hidden = frozenset({"actor", "recipient", "reason", "purpose"})
    sealed = seal(council, Wishes(hidden=hidden))
    said = Page(sealed.files[layout.README]).words
    for closed in ("J. Smith", "A. Khan", "dc.jones", "theft", "necessary"):
        assert closed not in said
    assert "by a member of staff (operator)" in said
    blind = seal(council, Wishes(hidden=hidden | {"role"}))
    assert "its digest recorded." in Page(blind.files[layout.README]).words


def test_the_reason_of_an_approval_is_for_the_house(page: Page) -> None:
    assert "necessary and proportionate" not in page.words


def test_every_event_that_a_package_can_carry_has_a_sentence() -> None:
    of_exhibits = {name for name, kind in EVENTS.items() if kind.record is RecordKind.EXHIBIT}
    # No package is made of an exhibit that was disposed of.
    of_exhibits -= {"exhibit.disposed"}
    assert of_exhibits | {"release.proposed", "release.approved"} <= SENTENCES.keys()


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_a_sentence_is_whole_even_if_nothing_is_opened(name: str) -> None:
    words = SENTENCES[name]({}, "JS/1", Names({}, {}))
    assert words.endswith(".")
    assert words[0].isupper()
    assert "{" not in words
    assert "None" not in words
    assert "  " not in words


def test_a_correction_says_why() -> None:
    chain = RecordChain(MemoryLog(), EXHIBIT)
    values: dict[str, JSON] = {
        "actor": "J. Smith (6c237c25-e686-43f3-94d7-461249ab6674)",
        "role": "operator",
        "facts": {"title": "High Street"},
        "reason": "the camera was another one",
    }
    chain.write("exhibit.described", {k: values[k] for k in ("actor", "role", "facts")}, NOON)
    chain.write("exhibit.corrected", values, NOON + timedelta(minutes=1))
    _, line = history(list(reversed(chain.events)), Names({str(EXHIBIT): "JS/1"}, {}))
    assert line.words == (
        "What is stated of JS/1 was corrected by J. Smith (operator): the camera was another one."
    )
    assert line.at.local == "21 November 2026, 12:01:00 GMT"


# Times.


@pytest.mark.parametrize(
    ("text", "local", "utc"),
    [
        ("2026-11-21T20:45:59Z", "21 November 2026, 20:45:59 GMT", "20:45:59 UTC"),
        ("2026-07-01T12:00:00Z", "1 July 2026, 13:00:00 BST", "12:00:00 UTC"),
        ("2026-06-30T23:30:00.250Z", "1 July 2026, 00:30:00.250 BST", "30 June 2026, 23:30:00.250"),
        ("2026-10-25T01:30:00Z", "25 October 2026, 01:30:00 GMT", "01:30:00 UTC"),
        ("2026-10-25T00:30:00Z", "25 October 2026, 01:30:00 BST", "00:30:00 UTC"),
        ("2026-03-29T02:30:00+01:00", "29 March 2026, 02:30:00 BST", "01:30:00 UTC"),
    ],
)
def test_a_moment_is_said_in_english_time_and_in_utc(text: str, local: str, utc: str) -> None:
    said = moment(text)
    assert said.local == local
    assert said.utc.removesuffix(" UTC") == utc.removesuffix(" UTC")
    assert said.utc.endswith(" UTC")
    assert said.machine == text


def test_what_a_system_showed_is_not_converted() -> None:
    assert as_shown("1970-01-01T00:00:07+01:00") == "1 January 1970, 00:00:07"


def test_how_far_a_clock_was_off_is_said() -> None:
    assert off(0) == "right"
    assert off(61_000) == "1 minute 1 second fast"
    assert off(-3_600_250) == "1 hour 0.250 seconds slow"
    assert lasting(timedelta()) == "0 seconds"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB (1,000 bytes)"),
        (1_402_334_112, "1.4 GB (1,402,334,112 bytes)"),
    ],
)
def test_a_size_is_said_roughly_and_exactly(size: int, words: str) -> None:
    assert size_words(size) == words


# What it may not do.


def test_it_runs_nothing_and_asks_nobody(paper: Paper, page: Page) -> None:
    html = paper.files[layout.README].decode()
    assert html.startswith('<!doctype html>\n<html lang="en-GB">')
    assert not {"script", "iframe", "link", "object", "embed", "form", "base"} & set(page.tags)
    assert not re.search(r"(?:https?:)?//\w|url\(|@import|javascript:|data:|\son\w+=", html)
    (policy,) = (
        attrs["content"]
        for tag, attrs in page.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert str(policy).split("; ") == [
        "default-src 'none'",
        "img-src 'self' file:",
        "media-src 'self' file:",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert page.tags.count("h1") == page.tags.count("main") == 1


def test_the_same_facts_give_the_same_page(paper: Paper, council: Signatory) -> None:
    again = seal(council)
    assert again.files[layout.README] == paper.files[layout.README]


def test_what_people_typed_is_shown_and_not_run(record: ExhibitRecord) -> None:
    typed = replace(
        record,
        title=EVIL,
        camera=replace(record.camera, name=EVIL, location=EVIL, type=EVIL),
        recorder=replace(record.recorder, make=EVIL, channel=EVIL),
        export=replace(record.export, by_role=EVIL, method=EVIL, software=EVIL),
        gaps_and_faults=(EVIL,),
        copies=(replace(record.copies[0], use=EVIL),),
        files=(replace(record.files[0], original_name=EVIL),),
    )
    withheld = replace(record, master=Withheld(EVIL), files=())
    events = proposed(actor=EVIL, role=EVIL, recipient=EVIL, basis=EVIL, purpose=EVIL, kind=EVIL)
    for exhibit in (typed, withheld):
        spoiled = replace(
            facts(exhibit, events=events), council=EVIL, comparisons={"JS-1-CP1": EVIL}
        )
        page = Page(readme_html(spoiled))
        assert "script" not in page.tags
        assert page.tags.count("img") == 0
        assert not page.values("onerror")
        assert EVIL in page.text
        assert DEMONSTRATION not in page.text


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_no_text_whatever_changes_what_the_page_is_made_of(
    record: ExhibitRecord, first: str, second: str
) -> None:
    plain = Page(readme_html(facts(record, events=proposed())))
    typed = replace(
        record,
        title=first,
        camera=replace(record.camera, name=second),
        files=(replace(record.files[0], original_name=first),),
    )
    events = proposed(recipient=second, purpose=first, basis=second, actor=first)
    page = Page(readme_html(facts(typed, events=events)))
    assert page.tags == plain.tags
    assert page.values("href", "src", "id", "class") == plain.values("href", "src", "id", "class")


@pytest.mark.parametrize(
    ("path", "encoded"),
    [
        ("data/a b.mp4", "data/a%20b.mp4"),
        ('data/"><script>', "data/%22%3E%3Cscript%3E"),
        ("data/100%#?.mp4", "data/100%25%23%3F.mp4"),
        ("data/\u00fc.mp4", "data/%C3%BC.mp4"),
    ],
)
def test_an_address_is_encoded(path: str, encoded: str) -> None:
    assert link(path) == encoded
