"""V8's pictures: the copy in a package is decoded and compared with the list beside it."""

import pytest

from custody.check.finding import Finding, Outcome
from export.package.format.archive import EntrySpan
from export.package.pictures import check_pictures
from tests.export.media.conftest import Shelf


class Two:
    """A copy and its frame list, one after the other, as a package holds them."""

    def __init__(self, clip: bytes, frames: bytes) -> None:
        self._data = clip + frames
        self.size = len(self._data)
        self.clip = EntrySpan("R/data/JS-1-CP1.mp4", len(clip), 0, 0, 0)
        self.frames = EntrySpan("R/data/JS-1-CP1.frames.csv", len(frames), 0, 0, len(clip))

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]

    def check(self) -> Finding:
        (finding,) = check_pictures(self, self.clip, self.frames)
        return finding


@pytest.fixture
def made(shelf: Shelf) -> tuple[bytes, bytes]:
    copy = shelf.copy("fragmented.mp4")
    return copy.mp4.read_bytes(), copy.frames_csv.read_bytes()


def test_every_picture_of_a_true_copy_is_in_its_list(made: tuple[bytes, bytes]) -> None:
    finding = Two(*made).check()
    assert finding.outcome is Outcome.PASS, finding
    assert "pictures of the copy were decoded" in finding.words
    assert finding.subject == "data/JS-1-CP1.mp4"


@pytest.mark.parametrize("column", [1, 5], ids=["time", "digest"])
def test_another_time_or_digest_in_the_list_fails(made: tuple[bytes, bytes], column: int) -> None:
    clip, frames = made
    lines = frames.decode().splitlines(keepends=True)
    cells = lines[2].rstrip("\n").split(",")
    cells[column] = str(int(cells[1]) + 1) if column == 1 else "ab" * 32
    lines[2] = ",".join(cells) + "\n"
    finding = Two(clip, "".join(lines).encode()).check()
    assert finding.outcome is Outcome.FAIL
    assert finding.words == "Picture 1 of the copy is not the one in its frame list."
    assert finding.expected != finding.found


def test_a_list_with_a_picture_less_fails(made: tuple[bytes, bytes]) -> None:
    clip, frames = made
    finding = Two(clip, frames[: frames.rindex(b"\n", 0, -1) + 1]).check()
    assert finding.outcome is Outcome.FAIL
    assert finding.expected == "no picture"


def test_a_copy_that_is_no_film_fails(made: tuple[bytes, bytes]) -> None:
    finding = Two(b"no film at all", made[1]).check()
    assert finding.outcome is Outcome.FAIL
    assert finding.words.startswith("The copy cannot be decoded")


def test_a_list_that_is_none_fails(made: tuple[bytes, bytes]) -> None:
    finding = Two(made[0], b"n,pts\n").check()
    assert finding.outcome is Outcome.FAIL
    assert finding.words.startswith("The frame list cannot be read")
