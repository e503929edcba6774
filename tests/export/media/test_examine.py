"""Whatever comes in, the examination says what it is, in words, and reads nothing else."""

import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from custody.formats.canonical import canonical_json
from export.errors import SandboxError
from export.media import doors, pictures
from export.media.examine import Examination, Limits, examine, take
from export.media.facts import MediaFinding, facts_json
from export.media.frames import read_source_frames
from tests.export.media import clips
from tests.export.media.conftest import Shelf, look_at

Look = Callable[..., Examination]


def problems(examination: Examination) -> list[str]:
    return [found.words for found in examination.findings if found.severity == "problem"]


def codes(examination: Examination) -> set[str]:
    return {found.code for found in examination.findings}


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# What is no video


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty (0 bytes)."),
        (b"Dear Sir,\nhere is the clip.\n", "it is a text file"),
        ("\ufeffDear Sir".encode("utf-16"), "it is a text file"),
        (b"<!DOCTYPE html><html></html>", "it is a web page"),
        (b"%PDF-1.7\n%\xe2\xe3", "it is a PDF document"),
        (b"PK\x03\x04" + bytes(100), "it is a ZIP archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "it is a PNG picture"),
        (b"MZ" + bytes(range(256)) * 8, "it is a Windows program"),
        (bytes(100_000), "cannot be opened as a video"),
        (hashlib.sha256(b"noise").digest() * 4000, "cannot be opened as a video"),
        (b"PSF\x00\x01PROPRIETARY" + bytes(range(256)) * 100, "cannot be opened as a video"),
    ],
)
def test_a_file_that_is_no_video_is_called_what_it_is(
    content: bytes, words: str, tmp_path: Path, look: Look
) -> None:
    found = look(write(tmp_path / "clip.mp4", content))
    assert not found.playable
    assert found.frames is None
    assert found.needs_person
    assert any(words in said for said in problems(found)), problems(found)


def test_a_photograph_named_mp4_is_no_video(tmp_path: Path, look: Look) -> None:
    one = clips.small("-c:v", "mjpeg", "-f", "image2", "-frames:v", "1")
    one(tmp_path / "photo.jpg")
    found = look((tmp_path / "photo.jpg").rename(tmp_path / "clip.mp4"))
    assert (found.playable, problems(found)) == (
        False,
        ["The file is no video: it is a JPEG picture."],
    )


def test_sound_alone_is_said_to_be_sound_alone(tmp_path: Path, look: Look) -> None:
    clips.small(*clips.H264, sound=clips.AAC)(tmp_path / "both.mp4")
    sound = clips.rewrap(tmp_path / "both.mp4", tmp_path / "sound.mp4", after=("-vn",))
    found = look(sound)
    assert (found.playable, problems(found)) == (
        False,
        ["The file holds only sound, no pictures."],
    )
    assert found.facts is not None
    assert found.facts.audio[0].codec == "aac"


# Playlists and other pointers: another case's evidence must not be read


@pytest.mark.parametrize(
    "pointer",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:10,\nfile://{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        "ffconcat version 1.0\nfile 'neighbour.mp4'\n",
        "file '{path}'\n",
        "[playlist]\nFile1={path}\nNumberOfEntries=1\n",
        "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>{path}</BaseURL></MPD>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        "concat:{path}|{path}",
    ],
)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.m3u8"])
def test_a_playlist_reads_no_neighbour(
    pointer: str, name: str, tmp_path: Path, shelf: Shelf
) -> None:
    neighbour = write(tmp_path / "neighbour.mp4", shelf.job("h264.mp4").clip.read_bytes())
    master = write(tmp_path / name, pointer.format(path=neighbour))
    job = look_at(master, tmp_path / "job")
    assert not job.examination.playable
    assert job.examination.frames is None
    assert "is no video" in problems(job.examination)[0]
    assert all(path.stat().st_size < 300 for path in job.folder.rglob("*") if path.is_file())


def test_the_doors_alone_shut_playlists_out_even_without_the_sandbox(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "neighbour.mp4", shelf.job("h264.mp4").clip.read_bytes())
    master = write(tmp_path / "clip.mp4", "ffconcat version 1.0\nfile 'neighbour.mp4'\n")
    with pytest.raises(av.error.FFmpegError):
        pictures.open_media(master, hidden_too=True)
    monkeypatch.setattr(pictures, "FORMATS", doors.FORMATS + ",concat")
    with pictures.open_media(master, hidden_too=True) as open_door:  # so the attack is real
        assert sum(1 for _ in open_door.decode(video=0)) == 25


# What is damaged


def test_a_clip_cut_off_before_its_index_cannot_be_opened(
    tmp_path: Path, shelf: Shelf, look: Look
) -> None:
    whole = shelf.job("h264.mp4").clip.read_bytes()
    found = look(write(tmp_path / "clip.mp4", whole[: len(whole) // 2]))
    assert not found.playable
    assert "cut off before its index was written" in problems(found)[0]


@pytest.mark.parametrize(
    ("name", "after"),
    [("h264.mp4", ("-movflags", "+faststart")), ("h264.mkv", ()), ("mjpeg.avi", ())],
)
def test_a_clip_cut_off_behind_its_index_says_how_much_is_missing(
    name: str, after: tuple[str, ...], tmp_path: Path, shelf: Shelf, look: Look
) -> None:
    whole = clips.rewrap(shelf.job(name).clip, tmp_path / f"whole-{name}", after=after)
    cut = write(tmp_path / name, whole.read_bytes()[:-2500])
    found = look(cut)
    assert "The file is cut off: 2,500 bytes that it announces are missing at its end." in problems(
        found
    )
    assert found.needs_person


ANNOUNCED = {
    "4 PB": struct.pack(">I4sQ", 1, b"free", 4 << 50),
    "all that 64 bits hold": struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1),
    "where no file system seeks": struct.pack(">I4sQ", 1, b"skip", 2**62),
}


@pytest.mark.parametrize("box", ANNOUNCED.values(), ids=ANNOUNCED)
def test_a_good_clip_with_a_box_that_claims_petabytes_is_examined(
    tmp_path: Path, shelf: Shelf, look: Look, box: bytes
) -> None:
    clip = shelf.job("h264.mp4").clip.read_bytes()
    found = look(write(tmp_path / "claims.mp4", clip + box))
    assert found.facts is not None
    assert found.facts.video is not None
    assert found.facts.video.frame_count == 25
    assert codes(found) >= {"cut-off"}
    assert found.needs_person
    canonical_json(facts_json(found.facts))  # a number that no record can hold would stop it here


def test_a_matroska_file_that_claims_all_there_is_is_examined(
    tmp_path: Path, shelf: Shelf, look: Look
) -> None:
    clip = bytearray(shelf.job("h264.mkv").clip.read_bytes())
    at = clip.index(b"\x18\x53\x80\x67") + 4
    clip[at : at + 8] = b"\x01\xff\xff\xff\xff\xff\xff\xfe"
    found = look(write(tmp_path / "claims.mkv", bytes(clip)))
    assert codes(found) >= {"cut-off"}


def test_rotten_bits_are_found(tmp_path: Path, look: Look) -> None:
    source = tmp_path / "whole.ts"
    clips.small(*clips.H264, "-g", "5", size=(320, 240))(source)
    data = bytearray(source.read_bytes())
    for at in range(len(data) // 3, len(data) // 2, 301):
        data[at] ^= 0x55
    found = look(write(tmp_path / "rotten.ts", bytes(data)))
    assert found.needs_person
    assert codes(found) & {"decode-errors", "damaged-pictures"}


def test_a_recording_that_starts_between_key_pictures_says_which_are_damaged(
    tmp_path: Path, look: Look
) -> None:
    source = tmp_path / "whole.ts"
    clips.small(*clips.H264, "-g", "12", "-bf", "0", size=(320, 240))(source)
    packets = source.read_bytes()
    found = look(write(tmp_path / "late.ts", packets[: 188 * 3] + packets[188 * 60 :]))
    assert "damaged-pictures" in codes(found)
    assert found.facts is not None
    assert found.facts.video is not None
    assert not found.facts.video.starts_with_key_frame


# What is right


@pytest.mark.parametrize("name", sorted(clips.KINDS))
def test_every_kind_is_recognised_counted_and_listed(name: str, shelf: Shelf) -> None:
    found = shelf.job(name).examination
    assert found.playable, problems(found)
    assert not problems(found)
    assert found.facts is not None
    assert found.facts.video is not None
    wanted = 1 if name.startswith("one-frame") else 25
    assert found.facts.video.frame_count == wanted
    assert found.frames is not None
    with found.frames.open(encoding="ascii", newline="") as lines:
        assert sum(1 for _ in read_source_frames(lines)) == wanted


def test_facts_are_those_of_the_clip(shelf: Shelf) -> None:
    facts = shelf.job("h264.mkv").examination.facts
    assert facts is not None
    assert facts.video is not None
    video, sound = facts.video, facts.audio[0]
    assert (video.codec, video.profile, video.pix_fmt) == ("h264", "High", "yuv420p")
    assert (video.width, video.height, video.sar, video.rotation) == (160, 120, "1/1", 0)
    assert (video.nominal_fps, video.average_fps, video.timing) == ("25/1", "25/1", "constant")
    assert (facts.duration, video.start_time, video.key_frames) == ("1/1", "0/1", 1)
    assert (sound.codec, sound.sample_rate, sound.channels) == ("pcm_s16le", 44100, 1)


def test_a_varying_rate_is_said_to_vary(shelf: Shelf) -> None:
    assert "variable-rate" in codes(shelf.job("variable.mkv").examination)
    assert "variable-rate" not in codes(shelf.job("h264.mkv").examination)


def test_interlacing_is_noticed(shelf: Shelf) -> None:
    assert "interlaced" in codes(shelf.job("interlaced.ts").examination)


def test_a_wrong_ending_is_a_note_and_no_obstacle(shelf: Shelf, look: Look) -> None:
    found = look(shelf.job("h264.mkv").clip, "JS 1 front door.mp4")
    assert found.playable
    assert not found.needs_person
    words = 'The name ends in ".mp4", but the file is Matroska.'
    assert MediaFinding("wrong-extension", "note", words) in found.findings


def test_pictures_behind_an_edit_list_are_counted_and_said_to_be_hidden(
    tmp_path: Path, look: Look
) -> None:
    source = tmp_path / "whole.mp4"
    clips.small(*clips.H264, "-bf", "0")(source)
    cut = clips.rewrap(source, tmp_path / "cut.mp4", "-ss", "0.5")
    found = look(cut)
    assert found.facts is not None
    assert found.facts.video is not None
    assert found.facts.video.frame_count == 25
    assert "edit-list" in codes(found)


def test_the_frame_list_does_not_depend_on_the_container(
    tmp_path: Path, shelf: Shelf, look: Look
) -> None:
    master = shelf.job("h264.mp4")
    other = look(clips.rewrap(master.clip, tmp_path / "other.mkv"))
    lists = []
    for frames in (master.examination.frames, other.frames):
        assert frames is not None
        with frames.open(encoding="ascii", newline="") as lines:
            lists.append([frame.sha256 for frame in read_source_frames(lines)])
    assert lists[0] == lists[1]


# Limits, and children that misbehave


def test_a_clip_that_takes_too_long_is_a_finding(tmp_path: Path, shelf: Shelf) -> None:
    limits = Limits(wall_seconds=0, wall_seconds_per_mib=0)
    clip = shelf.job("h264.mp4").clip
    found = examine(clip, tmp_path, limits=limits, original_name="x.mp4", progress=None)
    assert problems(found) == [
        "Work on the file was stopped after 0 seconds, the limit for its size."
    ]


def test_progress_only_grows_and_ends_within_the_file(tmp_path: Path, shelf: Shelf) -> None:
    told: list[tuple[int, int]] = []
    clip = shelf.job("mjpeg.avi").clip
    examine(
        clip,
        tmp_path,
        limits=Limits(),
        original_name=clip.name,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told
    assert told == sorted(told)
    assert {total for _, total in told} == {clip.stat().st_size}


def test_the_master_is_left_as_it_was(tmp_path: Path, shelf: Shelf, look: Look) -> None:
    master = write(tmp_path / "clip.mp4", shelf.job("h264.mp4").clip.read_bytes())
    master.chmod(0o600)
    before, content = master.stat(), master.read_bytes()
    look(master)
    after = master.stat()
    assert content == master.read_bytes()
    assert (before.st_mtime_ns, before.st_mode, before.st_ino, before.st_uid) == (
        after.st_mtime_ns,
        after.st_mode,
        after.st_ino,
        after.st_uid,
    )


def test_a_link_left_by_a_child_is_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "another case")
    (tmp_path / "frames.csv").symlink_to(secret)
    with pytest.raises(SandboxError, match="something else"):
        take(tmp_path / "frames.csv", tmp_path / "taken.csv")
    os.link(secret, tmp_path / "hard.csv")
    with pytest.raises(SandboxError, match="something else"):
        take(tmp_path / "hard.csv", tmp_path / "taken.csv")
    with pytest.raises(SandboxError, match="did not leave"):
        take(tmp_path / "nothing", tmp_path / "taken.csv")
