"""A working copy holds what the master holds, and the derivation says so truly."""

import hashlib
import itertools
import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from export.media import copy as copying
from export.media import ffmpeg, sandbox
from export.media.copy import WorkingCopy, make_copy
from export.media.examine import Limits
from export.media.facts import Facts, NoCopyError
from export.media.frames import parse_ratio, read_copy_frames, read_source_frames
from export.media.plan import Plan
from export.media.sandbox import Cage, Ran
from tests.export.media import clips
from tests.export.media.conftest import DIGEST, LIMITS, Job, Shelf, look_at
from tests.polling import PATIENCE_S

REMUXED = sorted(name for name, (_, way) in clips.KINDS.items() if way == "remux")
ENCODED = sorted(name for name, (_, way) in clips.KINDS.items() if way == "re-encode")


def frames_of(copy: WorkingCopy) -> list[Any]:
    with copy.frames_csv.open(encoding="ascii", newline="") as lines:
        return list(read_copy_frames(lines))


def sources_of(job: Job) -> list[Any]:
    assert job.examination.frames is not None
    with job.examination.frames.open(encoding="ascii", newline="") as lines:
        return list(read_source_frames(lines))


def streams(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frame = next(container.decode(video))
        return {
            "container": container.format.name,
            "brand": container.metadata.get("major_brand"),
            "codec": video.codec_context.name,
            "size": (video.codec_context.width, video.codec_context.height),
            "format": frame.format.name,
            "range": int(frame.color_range),
            "rotation": frame.rotation,
            "sound": [stream.codec_context.name for stream in container.streams.audio],
        }


# Every kind


@pytest.mark.parametrize("name", sorted(clips.KINDS))
def test_every_picture_is_in_the_copy_at_its_time(name: str, shelf: Shelf) -> None:
    copy, sources = shelf.copy(name), sources_of(shelf.job(name))
    frames = frames_of(copy)
    assert [frame.source_n for frame in frames] == list(range(len(sources)))
    assert [frame.source_pts for frame in frames] == [source.pts for source in sources]
    offset = parse_ratio(copy.derivation["comparison"]["time_offset"])
    for frame, source in zip(frames, sources, strict=True):
        assert abs(source.time - offset - frame.pts * frame.timebase) <= source.timebase / 2


@pytest.mark.parametrize("name", REMUXED)
def test_what_plays_already_is_only_rewrapped_and_bit_identical(name: str, shelf: Shelf) -> None:
    copy, sources = shelf.copy(name), sources_of(shelf.job(name))
    assert copy.derivation["way"] == "remux"
    assert copy.derivation["comparison"]["bit_exact"] == len(sources)
    assert [frame.sha256 for frame in frames_of(copy)] == [source.sha256 for source in sources]
    assert "bit-identical" in copy.sentence


@pytest.mark.parametrize("name", ENCODED)
def test_what_does_not_play_is_encoded_and_measured(name: str, shelf: Shelf) -> None:
    derivation = shelf.copy(name).derivation
    assert derivation["way"] == "re-encode"
    assert derivation["reason"].startswith("The pictures were encoded anew because browsers")
    assert derivation["comparison"]["reencoded"] == 25
    assert derivation["comparison"]["psnr_min_centidb"] > 4000
    assert "re-encoded (at least" in derivation["sentence"]


@pytest.mark.parametrize("name", sorted(clips.KINDS))
def test_a_copy_plays_anywhere(name: str, shelf: Shelf) -> None:
    copy = shelf.copy(name)
    found = streams(copy.mp4)
    assert found["container"].startswith("mov,mp4")
    assert found["codec"] == "h264"
    assert found["format"] in {"yuv420p", "yuvj420p"}
    assert all(codec == "aac" for codec in found["sound"])
    assert [side % 2 for side in found["size"]] == [0, 0]
    head = copy.mp4.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat"), "the index must come first, for the web"


@pytest.mark.parametrize("clip", clips.REAL, ids=lambda clip: clip.name)
def test_real_clips_give_a_copy(clip: Path, tmp_path: Path) -> None:
    job = look_at(clip, tmp_path / "job")
    assert not job.examination.needs_person
    signed = any(found.code == "camera-signature" for found in job.examination.findings)
    assert signed == ("signed" in clip.name)
    copy = job.copy()
    remuxed = "h265" not in clip.name
    assert copy.derivation["way"] == ("remux" if remuxed else "re-encode")
    kept = copy.derivation["camera_signatures"]
    assert (kept["packets_in_copy"] == kept["packets_in_original"]) == (remuxed or not signed)


# What is kept, what is changed, and said to be


def test_odd_sizes_are_padded_and_no_line_is_lost(shelf: Shelf) -> None:
    copy = shelf.copy("odd.mkv")
    assert streams(copy.mp4)["size"] == (162, 122)
    assert any("black line was added" in words for words in copy.derivation["changes"])


def test_full_range_is_kept_when_rewrapped_and_converted_when_encoded(shelf: Shelf) -> None:
    assert streams(shelf.copy("full-range.mp4").mp4)["format"] == "yuvj420p"
    encoded = shelf.copy("mjpeg.avi")
    assert (streams(encoded.mp4)["format"], streams(encoded.mp4)["range"]) == ("yuv420p", 1)
    assert any("Full-range" in words for words in encoded.derivation["changes"])


def test_a_varying_rate_stays_as_it_was_when_encoded(shelf: Shelf) -> None:
    frames = frames_of(shelf.copy("variable-hevc.mkv"))
    times = [frame.pts * frame.timebase for frame in frames]
    steps = {later - earlier for earlier, later in itertools.pairwise(times)}
    assert {Fraction(1, 25), Fraction(3, 25)} <= steps


@pytest.mark.parametrize("encoding", [clips.H264, clips.HEVC], ids=["h264", "hevc"])
def test_rotation_is_kept_and_nothing_is_turned(encoding: tuple[str, ...], tmp_path: Path) -> None:
    clips.small(*encoding)(tmp_path / "plain.mp4")
    turned = clips.rewrap(
        tmp_path / "plain.mp4", tmp_path / "turned.mp4", "-display_rotation", "90"
    )
    job = look_at(turned, tmp_path / "job")
    assert job.examination.facts is not None
    assert job.examination.facts.video is not None
    assert job.examination.facts.video.rotation == 90
    copy = job.copy()
    assert (streams(copy.mp4)["rotation"], streams(copy.mp4)["size"]) == (90, (160, 120))


def test_sound_is_taken_over_or_encoded_and_said_so(shelf: Shelf) -> None:
    kept = shelf.copy("h264.mp4").derivation["sound"]
    assert kept == [{"way": "copied", "codec": "aac", "packets_identical": True}]
    anew = shelf.copy("mjpeg.avi").derivation["sound"]
    assert anew == [{"way": "re-encoded", "codec": "pcm_s16le", "packets_identical": False}]


def test_what_an_edit_list_hides_is_shown_in_the_copy(tmp_path: Path) -> None:
    clips.small(*clips.H264, "-bf", "0")(tmp_path / "whole.mp4")
    cut = clips.rewrap(tmp_path / "whole.mp4", tmp_path / "cut.mp4", "-ss", "0.5")
    copy = look_at(cut, tmp_path / "job").copy()
    assert copy.derivation["result"]["frame_count"] == 25
    with av.open(str(copy.mp4)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 25


@pytest.mark.parametrize("encoding", [("-c:v", "mjpeg"), (*clips.H264, "-bf", "0")])
def test_pictures_of_equal_time_are_told_apart_by_a_fraction_of_a_tick(
    encoding: tuple[str, ...], tmp_path: Path
) -> None:
    """Matroska counts milliseconds: two pictures closer than that carry the same time."""
    close = "settb=1/90000,setpts='if(eq(N,3),0.0802,N*0.04)/TB'"
    clips.small(*encoding, "-vf", close, "-fps_mode", "passthrough", "-enc_time_base", "1/90000")(
        tmp_path / "twice.mkv"
    )
    job = look_at(tmp_path / "twice.mkv", tmp_path / "job")
    assert any(found.code == "times-repeat" for found in job.examination.findings)
    shift = parse_ratio(job.copy().derivation["comparison"]["time_shift_max"])
    assert 0 < shift < Fraction(1, 2000)


def test_a_damaged_clip_gives_a_copy_of_what_can_be_read_and_says_so(
    tmp_path: Path, shelf: Shelf
) -> None:
    whole = clips.rewrap(
        shelf.job("h264.mp4").clip, tmp_path / "w.mp4", after=("-movflags", "+faststart")
    )
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[:-4000])
    job = look_at(tmp_path / "cut.mp4", tmp_path / "job")
    assert job.examination.needs_person
    copy = job.copy()
    assert "of the damaged original that can be read" in copy.sentence


# The proof


def test_the_derivation_tells_what_was_run_and_names_nothing_of_this_machine(
    shelf: Shelf, tmp_path: Path
) -> None:
    job, copy = shelf.job("mjpeg.avi"), shelf.copy("mjpeg.avi")
    tool = copy.derivation["tool"]
    assert tool["sha256"] == hashlib.sha256(ffmpeg.find_tool().path.read_bytes()).hexdigest()
    assert str(shelf.folder) not in json.dumps(copy.derivation)
    (tmp_path / "master").symlink_to(job.clip)
    subprocess.run(
        [ffmpeg.find_tool().path, *tool["arguments"]], cwd=tmp_path, check=True, timeout=PATIENCE_S
    )
    assert (tmp_path / "copy.mp4").read_bytes() == copy.mp4.read_bytes()


def test_the_derivation_names_the_bytes_that_are_there(shelf: Shelf) -> None:
    copy, result = shelf.copy("hevc10.mkv"), shelf.copy("hevc10.mkv").derivation["result"]
    assert result["sha256"] == hashlib.sha256(copy.mp4.read_bytes()).hexdigest()
    assert result["size"] == copy.mp4.stat().st_size
    assert result["frames_sha256"] == hashlib.sha256(copy.frames_csv.read_bytes()).hexdigest()
    source = copy.derivation["source"]
    frames = shelf.job("hevc10.mkv").examination.frames
    assert frames is not None
    assert source["sha256"] == DIGEST
    assert source["frames_sha256"] == hashlib.sha256(frames.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", sorted(clips.KINDS))
def test_the_derivation_holds_no_float(name: str, shelf: Shelf) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(text)

    json.loads(json.dumps(shelf.copy(name).derivation), parse_float=refuse)


@pytest.mark.parametrize("name", ["h264.mp4", "hevc8.mp4"])
def test_a_second_run_gives_the_same_bytes(name: str, shelf: Shelf) -> None:
    first, again = shelf.copy(name), shelf.job(name).copy("again")
    assert first.mp4.read_bytes() == again.mp4.read_bytes()
    assert first.frames_csv.read_bytes() == again.frames_csv.read_bytes()
    assert first.contact_sheet.read_bytes() == again.contact_sheet.read_bytes()
    assert first.derivation == again.derivation


def test_the_contact_sheet_is_a_jpeg_without_metadata(shelf: Shelf) -> None:
    with Image.open(shelf.copy("h264.mp4").contact_sheet) as sheet:
        assert sheet.format == "JPEG"
        assert not sheet.getexif()
        assert set(sheet.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_progress_counts_two_steps_for_each_picture(shelf: Shelf, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    job = shelf.job("h264.mp4")
    make_copy(
        job.clip,
        job.examination,
        tmp_path,
        exhibit="JS-1",
        master_sha256=DIGEST,
        limits=LIMITS,
        first_frame_at=None,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == sorted(told)
    assert {total for _, total in told} == {50}


# What must not pass


def spoil(monkeypatch: pytest.MonkeyPatch, way: str, *extra: str) -> None:
    """Have ffmpeg do something else than it was asked, in one way of making copies."""
    honest = ffmpeg.command

    def spoilt(facts: Facts, plan: Plan, threads: int) -> list[str]:
        arguments = honest(facts, plan, threads)
        return [*arguments[:-1], *extra, arguments[-1]] if plan.way == way else arguments

    monkeypatch.setattr(ffmpeg, "command", spoilt)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("-frames:v", "24"), "shows 24 pictures, and the original 25"),
        (("-bsf:v", "noise=amount=200"), "."),
        (("-bsf:v", "setts=ts=TS+gt(N\\,12)*900"), "away from its time"),
        (("-bsf:v", "h264_metadata=video_full_range_flag=1"), "decodes to other bits"),
    ],
)
def test_a_rewrapped_copy_that_differs_is_thrown_away_and_encoded(
    extra: tuple[str, ...],
    words: str,
    shelf: Shelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(monkeypatch, "remux", *extra)
    copy = replace(shelf.job("baseline.mov"), folder=tmp_path).copy()
    assert copy.derivation["way"] == "re-encode"
    assert words in copy.derivation["reason"]
    assert copy.findings[0].code == "way-failed"
    assert copy.derivation["tried"] == [copy.findings[0].words]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("-frames:v", "24"), "shows 24 pictures, and the original 25"),
        (("-crf", "51"), "differs too much from the original"),
        (("-bsf:v", "setts=ts=TS+eq(N\\,9)*1500"), "away from its time"),
    ],
)
def test_if_encoding_is_not_faithful_either_a_person_is_told(
    extra: tuple[str, ...],
    words: str,
    shelf: Shelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(monkeypatch, "re-encode", *extra)
    with pytest.raises(NoCopyError, match=re.escape(words)):
        replace(shelf.job("variable-hevc.mkv"), folder=tmp_path).copy()


def test_a_lost_column_is_found_in_a_picture_that_is_alike_on_the_whole(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ffmpeg.command

    def spoilt(facts: Facts, plan: Plan, threads: int) -> list[str]:
        box = ",drawbox=x=iw-1:y=0:w=1:h=ih:color=gray:t=fill[s1]"
        arguments = honest(facts, plan, threads)
        return [part.replace("[s1]", box) if "scale" in part else part for part in arguments]

    monkeypatch.setattr(ffmpeg, "command", spoilt)
    with pytest.raises(NoCopyError, match="differs too much from the original in one line"):
        replace(shelf.job("hevc8.mp4"), folder=tmp_path).copy()


def test_another_clip_of_the_same_length_is_not_taken_for_a_copy(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shelf.job("h264.mkv").clip.read_bytes()

    def wrong(work: object, attempt: Plan, box: Path) -> str:
        del work, attempt
        (box / "master").symlink_to("copy.mp4")
        (box / "copy.mp4").write_bytes(other)
        return ""

    monkeypatch.setattr(copying, "_produce", wrong)
    with pytest.raises(NoCopyError):
        replace(shelf.job("rgb.mkv"), folder=tmp_path).copy()


def test_a_file_that_cannot_be_played_has_no_copy(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_text("no clip")
    with pytest.raises(NoCopyError, match="it is a text file"):
        look_at(tmp_path / "clip.mp4", tmp_path / "job").copy()


def test_the_time_limit_of_a_copy_is_a_finding(shelf: Shelf, tmp_path: Path) -> None:
    job = shelf.job("h264.mp4")
    with pytest.raises(NoCopyError, match="was stopped after 0 seconds"):
        make_copy(
            job.clip,
            job.examination,
            tmp_path,
            exhibit="JS-1",
            master_sha256=DIGEST,
            limits=Limits(wall_seconds=0, wall_seconds_per_mib=0),
            first_frame_at=None,
            progress=None,
        )


def test_memory_does_not_grow_with_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips.small(*clips.HEVC, "-pix_fmt", "yuv420p10le", size=(1920, 1080))(tmp_path / "large.mp4")
    peaks: list[int] = []
    honest = sandbox.run

    def measured(
        argv: Sequence[str],
        box: Path,
        *,
        cage: Cage,
        reads: Sequence[Path] = (),
        on_line: Callable[[str], None] | None = None,
    ) -> Ran:
        ran = honest(argv, box, cage=cage, reads=reads, on_line=on_line)
        if "-m" in argv:  # our own children; ffmpeg's memory is bounded by its cage
            peaks.append(ran.max_rss_kib)
        return ran

    monkeypatch.setattr(sandbox, "run", measured)
    look_at(tmp_path / "large.mp4", tmp_path / "job").copy()
    assert len(peaks) == 2
    assert max(peaks) < 400 * 1024
