"""V9: content credentials in a package are named; where there are none, nothing is unchecked."""

import pytest

from custody.check.finding import Outcome
from export.package.verify.credentials import MAX_PARTS
from tests.export.package.judging import judge
from tests.export.package.paper import Signatory, Wishes, seal

C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def wide_box(kind: bytes, content: bytes) -> bytes:
    return (1).to_bytes(4) + kind + (16 + len(content)).to_bytes(8) + content


def segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + (2 + len(content)).to_bytes(2) + content


def chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)


JUMBF = b"JP\0\1\0\0\0\1" + box(b"jumb", box(b"jumd"))
FTYP, MDAT = box(b"ftyp", b"isom"), box(b"mdat", bytes(1000))

WITH = {
    "an MP4": FTYP + box(b"uuid", C2PA + b"manifest") + MDAT,
    "an MP4 at its end": FTYP + MDAT + (0).to_bytes(4) + b"uuid" + C2PA + b"manifest",
    "an MP4 with wide boxes": FTYP + wide_box(b"mdat", bytes(9)) + wide_box(b"uuid", C2PA),
    "a JPEG": b"\xff\xd8" + segment(0xE0, b"JFIF\0") + segment(0xEB, JUMBF) + b"\xff\xda",
    "an AVI": b"RIFF" + bytes(4) + b"AVI " + chunk(b"LIST", b"odd") + chunk(b"C2PA", b"store"),
}
WITHOUT = {
    "an MP4": FTYP + box(b"uuid", bytes(16)) + MDAT,
    "an MP4 that quotes one": FTYP + box(b"mdat", box(b"uuid", C2PA)),
    "a JPEG": b"\xff\xd8" + segment(0xEB, b"something else") + b"\xff\xda" + JUMBF,
    "an AVI": b"RIFF" + bytes(4) + b"AVI " + chunk(b"LIST", b"C2PA"),
    "a broken MP4": FTYP + b"\0\0\0\3moov" + box(b"uuid", C2PA),
    "a broken JPEG": b"\xff\xd8\xff\xe0",
    "a broken AVI": b"RIFF",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", WITH)
def test_a_file_with_credentials_is_named(council: Signatory, kind: str) -> None:
    report = judge(seal(council, Wishes(footage=WITH[kind])).zip, council.trust)
    (finding,) = [finding for finding in report.findings if finding.step == "V9"]
    assert finding.outcome is Outcome.NOT_CHECKED
    assert finding.subject == "data/exhibits/JS-1/master/Cam_1.mp4"


@pytest.mark.parametrize("kind", WITHOUT)
def test_without_any_the_step_passes(council: Signatory, kind: str) -> None:
    report = judge(seal(council, Wishes(copy=WITHOUT[kind])).zip, council.trust)
    (finding,) = [finding for finding in report.findings if finding.step == "V9"]
    assert (finding.outcome, finding.subject) == (Outcome.PASS, "")


def test_a_file_of_endless_parts_is_named_and_not_searched_for_ever(council: Signatory) -> None:
    boxes = FTYP + box(b"free") * (MAX_PARTS + 5) + box(b"uuid", C2PA)
    report = judge(seal(council, Wishes(footage=boxes)).zip, council.trust)
    (finding, *_) = [finding for finding in report.findings if finding.step == "V9"]
    assert (finding.outcome, finding.subject) == (Outcome.NOT_CHECKED, WHERE)


WHERE = "data/exhibits/JS-1/master/Cam_1.mp4"
