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
        layout.contact_sheet_path("JS-1", layout.stills_of("JS-1-CP2")),
        layout.contact_sheet_path("JS-1", layout.stills_of("JS-1-CP10")),
        layout.clock_picture_path("JS-1", "jpg"),
        layout.clock_picture_path("JS-1", "png"),
        layout.received_proof_path("JS-1-A1"),
        layout.received_timestamp_path("JS-1-A12"),
        layout.consistency_path("JS-1-A999999"),
        *(
            path(receipt)
            for receipt in layout.receipt_names("JS-1", 11)
            for path in (
                layout.received_proof_path,
                layout.received_timestamp_path,
                layout.consistency_path,
            )
        ),
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
        "data/exhibits/JS-1/contact-sheet-0.jpg",
        "data/exhibits/JS-1/contact-sheet-1.jpg",
        "data/exhibits/JS-1/contact-sheet-02.jpg",
        "data/exhibits/JS-1/contact-sheet-2.png",
        "data/exhibits/JS-1/contact-sheet-1000000.jpg",
        "data/exhibits/JS-1/contact-sheet-.jpg",
        "custody/received/JS-1-A0.tsr",
        "custody/received/JS-1-A01.tsr",
        "custody/received/JS-1-A1.consistency",
        "seal/received/JS-1-B1.consistency",
        "data/exhibits/JS-1/clock-check.gif",
        "data/exhibits/JS-1/clock-check-2.jpg",
        "data/exhibits/JS-1/clock-check-shown.jpg",
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


def test_stills_are_called_after_their_copy_and_a_receipt_names_its_exhibit() -> None:
    called = [layout.stills_of(f"JS-1-{copy}") for copy in ("CP1", "CP2", "CP12", "RD1")]
    assert called == ["contact-sheet", "contact-sheet-2", "contact-sheet-12", "contact-sheet"]
    for wrong in ("JS/1", "JS-1", "JS-1-CP0", "JS-1-XX1", "contact-sheet", ""):
        with pytest.raises(NamingError):
            layout.stills_of(wrong)
    assert layout.receipt_names("JS-1", 3) == ("JS-1", "JS-1-A1", "JS-1-A2")
    assert layout.receipt_of("seal/received/JS-1-A2.consistency") == "JS-1"
    assert layout.receipt_of("custody/received/JS-1.tsr") == "JS-1"
    assert layout.receipt_of("custody/events.jsonl") == ""


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
        ["x" * 121],
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
        ("x" * 300 + ".mp4", "x" * 116 + ".mp4"),
        ("x" * 300, "x" * 120),
        ("x." + "y" * 300, "x." + "y" * 118),
        ("\U0001f3a5" * 300 + ".mp4", "_" * 116 + ".mp4"),
        ("\u4e2d\u592e\u5e7f\u573a 3 \u53f7.dav", "_____3__.dav"),
        ("e\u0301" * 90 + ".avi", "e_" * 58 + ".avi"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("a" * 119 + ".." + "b" * 9, "a" * 110 + "." + "b" * 9),
        ("%2e%2e%2fpasswd", "_2e_2e_2fpasswd"),
        ("CON ." + "x" * 200, "CON_." + "x" * 115),
        ("clip.mp4\0.exe", "clip.mp4_.exe"),
        ("end...", "end"),
    ],
)
def test_a_file_name_becomes_safe(original: str, safe: str) -> None:
    assert safe_name(original) == safe


LONGEST = ("ABCDEFGH-7K4M-2XQ9-J", 999_999), "ABCDEFGH-999999999"
"""The longest URN with its number, and the longest reference, that a name may hold."""


def whole(path: str) -> str:
    """Return a path from outside the folder of the package with the longest name."""
    return f"{layout.package_name(*LONGEST[0])}/{path}"


@given(st.text(max_size=300), st.integers(2, 10_000))
def test_no_file_name_makes_a_path_of_200_characters(original: str, number: int) -> None:
    name = safe_name(original)
    for stored in (name, numbered_name(name, number)):
        assert safe_name(stored) == stored
        for path in (
            layout.master_path(LONGEST[1], stored),
            layout.player_path(LONGEST[1], stored),
        ):
            layout.check_path(path)
            assert len(whole(path)) < 200


@pytest.mark.parametrize(
    "original", ["x" * 500, "x" * 500 + ".mp4", "\U0001f3a5" * 500, "a." * 250]
)
def test_the_longest_names_are_used_as_far_as_they_may(original: str) -> None:
    for path in (
        layout.master_path(LONGEST[1], safe_name(original)),
        layout.derivation_path(LONGEST[1], f"{LONGEST[1]}-CP999999"),
        layout.consistency_path(LONGEST[1]),
        layout.event_proof_path(10**19 - 1),
    ):
        layout.check_path(path)
        assert len(whole(path)) < 200
        layout.package_paths([whole(path)])


def test_a_longer_path_is_refused() -> None:
    folder = layout.package_name(*LONGEST[0])
    layout.package_paths([f"{folder}/".ljust(199, "x")])
    with pytest.raises(NamingError, match="too long"):
        layout.package_paths([f"{folder}/".ljust(200, "x")])


@pytest.mark.parametrize("extension", ["", ".mp4", "." + "y" * 15, "." + "y" * 17, "." + "y" * 117])
def test_a_second_name_stays_safe_whatever_the_extension(extension: str) -> None:
    name = safe_name("x" * (120 - len(extension)) + extension)
    second = numbered_name(name, 2)
    assert safe_name(second) == second
    assert second != name


@given(st.text(max_size=300))
def test_every_file_name_becomes_one_that_a_package_may_hold(original: str) -> None:
    name = safe_name(original)
    assert safe_name(name) == name
    layout.check_path(layout.master_path("JS-1", name))
    layout.check_paths([layout.master_path("JS-1", name)])
    second = numbered_name(name, 2)
    assert second != name
    layout.check_path(layout.master_path("JS-1", second))
