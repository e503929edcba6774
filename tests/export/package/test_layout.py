"""The lists are closed, and names mean the same on every system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.exhibits.filenames import numbered_name, safe_name
from export.package.errors import NamingError
from export.package.format import layout

PACKAGE = "BAR-7K4M-2XQ9-J-R1"


def test_a_package_is_named_after_its_urn_and_number() -> None:
    assert layout.package_name("BAR-7K4M-2XQ9-J", 1) == PACKAGE
    assert layout.parse_package_name(PACKAGE) == ("BAR-7K4M-2XQ9-J", 1)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "BAR",
        "BAR-7K4M-2XQ9-J",
        "BAR-7K4M-2XQ9-J-R0",
        "BAR-7K4M-2XQ9-J-R01",
        "BAR-7I4M-2XQ9-J-R1",
        "bar-7K4M-2XQ9-J-R1",
        "../BAR-7K4M-2XQ9-J-R1",
        "BAR-7K4M-2XQ9-J-R1\n",
        "BAR-7K4M-2XQ9-J-R-1",
    ],
)
def test_other_names_are_no_package(name: str) -> None:
    with pytest.raises(NamingError):
        layout.parse_package_name(name)


def test_an_exhibit_reference_has_one_form_in_file_names() -> None:
    assert layout.file_reference("JS/1") == "JS-1"
    for wrong in ("JS-1", "JS1", "JS/0", "JS/1/2", "js/1", "JS/1-CP1", "/1", ""):
        with pytest.raises(NamingError):
            layout.file_reference(wrong)


@pytest.mark.parametrize(
    "path",
    [
        layout.record_path("JS-1"),
        layout.master_path("JS-1", "Clip_01.dav"),
        layout.player_path("JS-1", "Player.exe"),
        layout.copy_path("JS-1", "JS-1-CP1"),
        layout.copy_path("JS-1", "JS-1-RD12"),
        layout.derivation_path("JS-1", "JS-1-CP1"),
        layout.frames_path("JS-1", "JS-1-CP1"),
        layout.contact_sheet_path("JS-1"),
        layout.received_proof_path("JS-1"),
        layout.received_timestamp_path("JS-1"),
        layout.consistency_path("JS-1"),
        layout.event_proof_path(0),
        layout.event_proof_path(1234567),
        *sorted(layout.TAG_FILES),
        *sorted(layout.SEAL_FILES),
        layout.TAG_MANIFEST,
    ],
)
def test_what_belongs_into_a_package_is_allowed(path: str) -> None:
    layout.check_path(path)
    layout.check_paths([path])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "note.txt",
        "VERIFY.html.exe",
        "seal/extra",
        "seal/proofs/01.tlog-proof",
        "seal/proofs/-1.tlog-proof",
        "seal/proofs/1.tlog-proof.bak",
        "seal/received/JS-1.tlog-proof",
        "custody/received/JS-1.consistency",
        "custody/events.jsonl/x",
        "certs/other.pem",
        "data/other.html",
        "data/README.html",
        "README.htm",
        "readme.html",
        "data/exhibits/JS-1/other.txt",
        "data/exhibits/JS-1/JS-2.json",
        "data/exhibits/JS-1/JS-2-CP1.mp4",
        "data/exhibits/JS-1/JS-1-CP0.mp4",
        "data/exhibits/JS-1/JS-1-CP1.mkv",
        "data/exhibits/JS-1/master/",
        "data/exhibits/JS-1/master/a/b.mp4",
        "data/exhibits/JS-1/master/../JS-1.json",
        "data/exhibits/JS-1/master/.hidden",
        "data/exhibits/JS-1/master/con.mp4",
        "data/exhibits/JS-1/master/ö.mp4",
        "data/exhibits/JS-1/master/a b.mp4",
        "data/exhibits/JS-1/master/end.",
        "fetch.txt",
    ],
)
def test_anything_else_is_not(path: str) -> None:
    with pytest.raises(NamingError):
        layout.check_path(path)


@pytest.mark.parametrize(
    "paths",
    [
        ["a", "A"],
        ["a/b", "A/c", "a/B"],
        ["a", "a/b"],
        ["../a"],
        ["/a"],
        ["a//b"],
        ["a/./b"],
        ["a\\b"],
        ["C:a"],
        ["a\0"],
        ["a "],
        ["nul"],
        ["COM1.txt"],
        ["caf\u00e9", "cafe\u0301"],
        ["\u202etxt"],
        ["-rf"],
        ["x" * 201],
    ],
)
def test_names_that_a_system_would_take_for_others_are_refused(paths: list[str]) -> None:
    with pytest.raises(NamingError):
        layout.check_paths(paths)


def test_a_package_has_one_folder() -> None:
    name, paths = layout.package_paths([f"{PACKAGE}/a", f"{PACKAGE}/b/c"])
    assert (name, paths) == (PACKAGE, ("a", "b/c"))
    for wrong in ([], ["a"], [f"{PACKAGE}/a", "BAR-7K4M-2XQ9-J-R2/b"]):
        with pytest.raises(NamingError):
            layout.package_paths(wrong)


@pytest.mark.parametrize(
    ("original", "safe"),
    [
        ("clip.mp4", "clip.mp4"),
        ("C:\\CCTV\\Cam 1 (high).dav", "Cam_1__high_.dav"),
        ("/etc/passwd", "passwd"),
        ("..", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("-rf.mp4", "rf.mp4"),
        ("con", "_con"),
        ("LPT1.avi", "_LPT1.avi"),
        ("Überwachung.mp4", "_berwachung.mp4"),
        ("x" * 300 + ".mp4", "x" * 196 + ".mp4"),
        ("end...", "end"),
    ],
)
def test_a_file_name_becomes_safe(original: str, safe: str) -> None:
    assert safe_name(original) == safe


@given(st.text(max_size=300))
def test_every_file_name_becomes_one_that_a_package_may_hold(original: str) -> None:
    name = safe_name(original)
    assert safe_name(name) == name
    layout.check_path(layout.master_path("JS-1", name))
    layout.check_paths([layout.master_path("JS-1", name)])
    second = numbered_name(name, 2)
    assert second != name
    layout.check_path(layout.master_path("JS-1", second))
