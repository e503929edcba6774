"""V8's pictures: a copy in a package is decoded, held against its list and its original."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from custody.check.finding import Finding, Outcome
from custody.formats.canonical import canonical_json
from export.package.format.archive import EntrySpan
from export.package.pictures import OUT_OF_TIME, check_pictures
from export.package.verify.derived import CopyFiles
from tests.export.media import clips
from tests.export.media.conftest import DIGEST, Shelf

CLIP = "data/exhibits/JS-1/JS-1-CP1.mp4"


class Shown:
    """A copy, its frame list, its derivation and its original, as a package holds them."""

    def __init__(self, shelf: Shelf, name: str) -> None:
        copy = shelf.copy(name)
        self.clip = copy.mp4.read_bytes()
        self.frames = copy.frames_csv.read_bytes()
        self.derivation: dict[str, Any] = json.loads(json.dumps(copy.derivation))
        self.master = shelf.job(name).clip.read_bytes()

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def _data(self) -> bytes:
        return self.clip + self.frames + self.master

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]

    def check(self, *, with_master: bool = True, seconds: int = 300) -> list[Finding]:
        at = len(self.clip)
        clip = EntrySpan(f"R/{CLIP}", at, 0, 0, 0)
        frames = EntrySpan("R/JS-1-CP1.frames.csv", len(self.frames), 0, 0, at)
        master = EntrySpan("R/master", len(self.master), 0, 0, at + len(self.frames))
        derivation = canonical_json(self.derivation)
        given = master if with_master else None
        copy = CopyFiles(CLIP, clip, frames, derivation, given, DIGEST)
        return list(check_pictures(self, [copy], seconds=seconds, progress=None))

    def refused(self, *, with_master: bool = True) -> Finding:
        """Return the one finding that fails."""
        (found,) = [
            finding
            for finding in self.check(with_master=with_master)
            if finding.outcome is Outcome.FAIL
        ]
        return found

    def list_anew(self) -> None:
        """Have the derivation name the frame list as it is now: who seals both can do that."""
        self.derivation["result"]["frames_sha256"] = sha256(self.frames).hexdigest()


@pytest.fixture
def shown(shelf: Shelf) -> Shown:
    return Shown(shelf, "fragmented.mp4")


# Without the original.


def test_every_picture_of_a_true_copy_is_in_its_list(shown: Shown) -> None:
    decoded, stated = shown.check(with_master=False)
    assert decoded.outcome is Outcome.PASS, decoded
    assert "pictures of the copy were decoded" in decoded.words
    assert decoded.subject == CLIP
    assert stated.outcome is Outcome.NOTE
    assert f'the council states: "{shown.derivation["sentence"]}"' in stated.words


@pytest.mark.parametrize("column", [1, 5], ids=["time", "digest"])
def test_another_time_or_digest_in_the_list_fails(shown: Shown, column: int) -> None:
    lines = shown.frames.decode().splitlines(keepends=True)
    cells = lines[2].rstrip("\n").split(",")
    cells[column] = str(int(cells[1]) + 1) if column == 1 else "ab" * 32
    lines[2] = ",".join(cells) + "\n"
    shown.frames = "".join(lines).encode()
    shown.list_anew()
    finding = shown.refused(with_master=False)
    assert finding.words == "Picture 1 of the copy is not the one in its frame list."
    assert finding.expected != finding.found
    anew = [f for f in shown.check() if f.outcome is Outcome.FAIL]
    assert "The frame list is not the one that copy and original give" in anew[0].words
    assert lines[2].strip() == anew[0].found


def test_a_list_with_a_picture_less_fails(shown: Shown) -> None:
    shown.frames = shown.frames[: shown.frames.rindex(b"\n", 0, -1) + 1]
    assert shown.refused(with_master=False).expected == "no picture"


def test_a_copy_that_is_no_film_fails(shown: Shown) -> None:
    shown.clip = b"no film at all"
    assert shown.refused(with_master=False).words.startswith("The copy cannot be decoded")
    assert "cannot be decoded" in shown.refused().words


def test_a_list_that_is_none_fails(shown: Shown) -> None:
    shown.frames = b"n,pts\n"
    assert shown.refused(with_master=False).words.startswith("The frame list cannot be read")


# With the original.


@pytest.mark.parametrize("name", ["h264.mp4", "fragmented.mp4", "mjpeg.avi", "hevc10.mkv"])
def test_original_and_copy_are_compared_and_all_that_is_stated_is_measured_again(
    shelf: Shelf, name: str
) -> None:
    (finding,) = Shown(shelf, name).check()
    assert finding.outcome is Outcome.PASS, finding
    remuxed = clips.KINDS[name][1] == "remux"
    assert ("25 of 25" if remuxed else "0 of 25") in finding.words


@pytest.mark.parametrize(
    "claims",
    [
        {
            "comparison": {"bit_exact": 25, "reencoded": 0},
            "sentence": "All pictures are bit-identical to the original.",
            "changes": [],
            "verdict": "perfect",
            "more": "than there was",
        },
        {
            "comparison": {"psnr_min_centidb": 9_000},
            "source": {"frame_count": 24},
            "sound": [{"way": "re-encoded", "codec": "pcm_s16le", "packets_identical": True}],
        },
        {"comparison": {"time_shift_max": "1/25"}, "source": {"frames_sha256": "ab" * 32}},
        {"comparison": {"psnr_min_centidb": None}},
    ],
)
def test_each_claim_that_was_not_measured_fails(shelf: Shelf, claims: dict[str, Any]) -> None:
    shown = Shown(shelf, "mjpeg.avi")
    for key, value in claims.items():
        before = shown.derivation.get(key)
        shown.derivation[key] = before | value if isinstance(before, dict) else value
    failed = [f for f in shown.check() if f.outcome is Outcome.FAIL]
    assert [f.words.split("'")[1] for f in failed] == sorted(claims)
    assert all(f.expected != f.found for f in failed)


def test_tracks_of_sound_that_are_not_the_originals_fail(shelf: Shelf) -> None:
    shown = Shown(shelf, "mjpeg.avi")
    shown.derivation["sound"] = []
    assert "the same tracks of sound" in shown.refused().words


def test_what_another_decoder_measured_may_differ_a_little_and_never_claims_more(
    shelf: Shelf,
) -> None:
    shown = Shown(shelf, "mjpeg.avi")
    comparison = shown.derivation["comparison"]
    measured = comparison["psnr_min_centidb"]
    comparison |= {"decoder": "PyAV 1, libavcodec 1", "psnr_min_centidb": measured - 5}
    assert [f.outcome for f in shown.check()] == [Outcome.PASS]
    comparison["psnr_min_centidb"] = measured + 50
    assert "'comparison'" in shown.refused().words


def test_another_film_with_a_list_of_its_own_is_no_copy_of_the_original(shelf: Shelf) -> None:
    """Who holds every key of the council can seal this, and it is found all the same."""
    shown, other = Shown(shelf, "fragmented.mp4"), Shown(shelf, "hevc8.mp4")
    shown.clip, shown.frames = other.clip, other.frames
    shown.list_anew()
    assert shown.check(with_master=False)[0].outcome is Outcome.PASS
    assert "does not show what the original shows" in shown.refused().words


@pytest.mark.parametrize("with_master", [True, False])
def test_a_second_track_of_pictures_fails(shown: Shown, tmp_path: Path, with_master: bool) -> None:
    one, other, both = tmp_path / "one.mp4", tmp_path / "other.mp4", tmp_path / "both.mp4"
    one.write_bytes(shown.clip)
    clips.make("h264.mp4", tmp_path).rename(other)
    clips.rewrap(one, both, "-i", str(other), after=("-map", "1:v", "-map", "0:v"))
    shown.clip = both.read_bytes()
    assert "tracks that nothing describes" in shown.refused(with_master=with_master).words


def test_a_track_of_sound_that_nobody_listed_fails(shelf: Shelf, tmp_path: Path) -> None:
    shown, other = Shown(shelf, "fragmented.mp4"), shelf.copy("h264.mp4").mp4
    one, both = tmp_path / "one.mp4", tmp_path / "both.mp4"
    one.write_bytes(shown.clip)
    clips.rewrap(one, both, "-i", str(other), after=("-map", "1:v", "-map", "0:a"))
    shown.clip = both.read_bytes()
    assert "sound" in shown.refused().words
    assert "sound" in shown.refused(with_master=False).words


BARE = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name.split(".")[0] in {"PIL", "ffmpeg", "imageio_ffmpeg", "boto3", "sqlmodel", "tzdata"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
import export.package.pictures, export.media.child_compare, export.media.child_examine
"""


def test_nothing_is_needed_but_what_the_extra_media_brings() -> None:
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", BARE], cwd=root, check=True)


# Time.


def test_without_time_nothing_is_decoded_and_nothing_is_claimed(shown: Shown) -> None:
    for with_master in (True, False):
        (finding,) = shown.check(with_master=with_master, seconds=0)
        assert (finding.outcome, finding.words) == (Outcome.NOT_CHECKED, OUT_OF_TIME)


def test_nothing_is_left_behind(
    shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shown.check()
    assert list(tmp_path.iterdir()) == []
