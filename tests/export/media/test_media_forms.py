"""The pure parts: frame lists, facts, plans, and what the first bytes of a file say."""

import io
import json
import struct
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.media import containers, kinds, nal
from export.media.facts import (
    AudioFacts,
    CameraSignature,
    Facts,
    FactsError,
    Place,
    VideoFacts,
    facts_json,
    parse_facts,
)
from export.media.findings import judge, seconds
from export.media.frames import (
    COPY_HEADER,
    SOURCE_HEADER,
    CopyFrame,
    FrameListError,
    SourceFrame,
    format_copy_frame,
    format_ratio,
    format_source_frame,
    parse_copy_frame,
    parse_ratio,
    parse_source_frame,
    read_copy_frames,
    read_source_frames,
)
from export.media.plan import encode_instead, encode_sound_too, plan

VIDEO = VideoFacts(
    index=0,
    codec="h264",
    profile="High",
    pix_fmt="yuv420p",
    width=640,
    height=360,
    sar="1/1",
    rotation=0,
    range="limited",
    nominal_fps="25/1",
    average_fps="25/1",
    timing="constant",
    field_order="progressive",
    timebase="1/12800",
    start_time="0/1",
    frame_count=250,
    promised_frames=250,
    key_frames=5,
    starts_with_key_frame=True,
    corrupt_frames=0,
    hidden_packets=0,
    remarks=0,
    size_changes=0,
    untimed_frames=0,
    backward_times=0,
    slice_groups=False,
)
AUDIO = AudioFacts(1, "aac", "LC", 48000, 2, "0/1", 470, "ab" * 32)
FACTS = Facts(
    container="mov,mp4",
    size=100_000,
    duration="10/1",
    video=VIDEO,
    audio=(AUDIO,),
    other_streams=("data 2",),
    edit_lists=1,
    missing_bytes=0,
    camera_signatures=(CameraSignature("ONVIF Media Signing", 5),),
    decode_error_count=1,
    decode_errors=(Place(7, "7/25", "Invalid data"),),
    decoder="PyAV",
)

# Ten times the largest denominator still has 19 digits, as a number of 64 bits has.
ratios = st.fractions(min_value=Fraction(1, 10**6), max_value=10, max_denominator=2**59)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
numbers = st.integers(min_value=0, max_value=10**12)
ticks = st.integers(min_value=-(10**15), max_value=10**15)


@given(st.builds(SourceFrame, numbers, ticks, ratios, digests))
def test_a_line_of_a_masters_list_comes_back_as_it_was(frame: SourceFrame) -> None:
    assert parse_source_frame(format_source_frame(frame)) == frame


@given(st.builds(CopyFrame, numbers, ticks, ratios, numbers, ticks, digests))
def test_a_line_of_a_copys_list_comes_back_as_it_was(frame: CopyFrame) -> None:
    assert parse_copy_frame(format_copy_frame(frame)) == frame


LINE = f"3,7200,1/90000,{'ab' * 32}\n"


@pytest.mark.parametrize("cut", range(len(LINE)))
def test_every_truncated_line_is_refused(cut: int) -> None:
    with pytest.raises(FrameListError):
        parse_source_frame(LINE[:cut])


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace("3,", "03,", 1),
        LINE.replace("7200", "-0"),
        LINE.replace("7200", "+7200"),
        LINE.replace("1/90000", "2/180000"),
        LINE.replace("1/90000", "1/0"),
        LINE.replace("ab", "AB"),
        LINE.replace(",", ", "),
        LINE.replace("\n", "\r\n"),
        LINE.replace("3", "٣", 1),
        LINE + LINE,
    ],
)
def test_only_the_one_form_of_a_line_is_read(line: str) -> None:
    with pytest.raises(FrameListError):
        parse_source_frame(line)


def test_lists_count_from_zero_without_a_gap() -> None:
    digest = "ab" * 32
    assert len(list(read_source_frames([SOURCE_HEADER, f"0,5,1/25,{digest}\n"]))) == 1
    for lines in ([], ["n,pts\n"], [SOURCE_HEADER, LINE], [COPY_HEADER]):
        with pytest.raises(FrameListError):
            list(read_source_frames(lines))
    with pytest.raises(FrameListError, match="expected picture 0, found 1"):
        list(read_copy_frames([COPY_HEADER, f"1,5,1/25,1,5,{digest}\n"]))


@given(st.fractions())
def test_ratios_are_in_lowest_terms(value: Fraction) -> None:
    assert parse_ratio(format_ratio(value)) == value


def test_seconds_are_shown_to_the_millisecond() -> None:
    assert (seconds("1001/30000"), seconds("-1/2"), seconds("3600/1")) == (
        "0.033",
        "-0.500",
        "3600.000",
    )


def test_facts_come_back_through_json_without_a_float() -> None:
    for facts in (FACTS, replace(FACTS, video=None, audio=(), decode_errors=())):
        text = json.dumps(facts_json(facts))
        assert parse_facts(json.loads(text, parse_float=pytest.fail)) == facts


@pytest.mark.parametrize(
    "spoil",
    [
        lambda facts: facts.pop("size"),
        lambda facts: facts.update(extra=1),
        lambda facts: facts.update(size="1"),
        lambda facts: facts.update(size=1.0),
        lambda facts: facts.update(size=True),
        lambda facts: facts.update(audio={}),
        lambda facts: facts.update(video=[]),
        lambda facts: facts["audio"].append({"index": 0}),
    ],
)
def test_facts_of_another_form_are_refused(spoil: object) -> None:
    facts = facts_json(FACTS)
    assert callable(spoil)
    spoil(facts)
    with pytest.raises(FactsError):
        parse_facts(facts)


def test_every_finding_is_a_sentence() -> None:
    bad = replace(
        VIDEO,
        promised_frames=300,
        corrupt_frames=1,
        size_changes=2,
        untimed_frames=3,
        hidden_packets=1,
        backward_times=2,
        field_order="mixed",
        timing="variable",
    )
    found = judge(replace(FACTS, video=bad, missing_bytes=9), "clip.avi", None)
    assert len({finding.code for finding in found}) == len(found) == 13
    for finding in found:
        assert not finding.words[0].islower()
        assert finding.words.endswith(".")


# Plans


def test_what_plays_is_rewrapped() -> None:
    made = plan(FACTS)
    assert (made.way, made.copy_sound) == ("remux", (True,))
    assert plan(replace(FACTS, video=replace(VIDEO, pix_fmt="yuvj420p"))).way == "remux"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"codec": "hevc"}, "browsers do not play hevc"),
        ({"profile": "High 10"}, "profile High 10"),
        ({"pix_fmt": "yuv422p"}, "format yuv422p"),
        ({"slice_groups": True}, "slice groups"),
        ({"starts_with_key_frame": False}, "does not start with a picture that stands by itself"),
    ],
)
def test_what_does_not_play_is_encoded_for_a_reason(change: dict[str, str], reason: str) -> None:
    made = plan(replace(FACTS, video=replace(VIDEO, **change)))  # type: ignore[arg-type]
    assert made.way == "re-encode"
    assert reason in made.reason


def test_sound_that_is_not_aac_is_encoded_while_pictures_are_taken_over() -> None:
    made = plan(replace(FACTS, audio=(AUDIO, replace(AUDIO, codec="pcm_mulaw", profile=""))))
    assert (made.way, made.copy_sound) == ("remux", (True, False))
    assert encode_instead(made, "it failed").copy_sound == (True, False)
    assert encode_sound_too(made).copy_sound == (False, False)


def test_without_pictures_there_is_no_plan() -> None:
    with pytest.raises(ValueError, match="without pictures"):
        plan(replace(FACTS, video=None))


# First bytes, lengths, units


def test_a_video_is_not_taken_for_something_else() -> None:
    for head in (b"\x00\x00\x00\x20ftypisom", b"\x1a\x45\xdf\xa3", b"RIFF\x00\x00\x00\x00AVI ",
                 b"G" + bytes(187), b"DHAV" + bytes(20), b""):  # fmt: skip
        assert kinds.recognise(head) is None


@pytest.mark.parametrize("cut", range(1, 5))
def test_text_is_recognised_when_the_head_ends_inside_a_character(cut: int) -> None:
    assert kinds.recognise("Caméra é€".encode()[:-cut]) == "a text file"


def test_endings_are_compared_without_regard_to_case() -> None:
    assert not kinds.extension_differs("A.MP4", "mov,mp4,m4a,3gp,3g2,mj2")
    assert kinds.extension_differs("a.avi", "mov,mp4,m4a,3gp,3g2,mj2")
    assert not kinds.extension_differs("a.export", "mpegts")
    assert not kinds.extension_differs("mp4", "avi")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def test_missing_bytes_are_counted_in_mp4_avi_and_matroska() -> None:
    mp4 = (
        box(b"ftyp", b"isom")
        + box(b"moov", box(b"trak", box(b"edts", box(b"elst", b""))))
        + box(b"mdat", bytes(100))
    )
    avi = b"RIFF" + struct.pack("<I", 104) + b"AVI " + bytes(100)
    mkv = b"\x1a\x45\xdf\xa3\x81x" + b"\x18\x53\x80\x67\x40\x64" + bytes(100)
    for whole in (mp4, avi, mkv):
        for missing in (0, 1, 60):
            cut = whole[: len(whole) - missing]
            assert containers.missing_bytes(io.BytesIO(cut), len(cut)) == missing
    assert containers.count_edit_lists(io.BytesIO(mp4), len(mp4)) == 1


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_read_without_an_error(data: bytes) -> None:
    for start in (b"", b"\x00\x00\x00\x08ftyp", b"RIFF\x00\x00\x00\x00AVI ", b"\x1a\x45\xdf\xa3"):
        file = io.BytesIO(start + data)
        assert containers.missing_bytes(file, len(start + data)) >= 0
        assert containers.count_edit_lists(file, len(start + data)) >= 0
    kinds.recognise(data)
    nal.has_slice_groups(data)
    nal.is_only_remarks(data, "h264", nal.length_size("h264", data))


def test_a_packet_of_remarks_is_told_from_one_with_a_picture() -> None:
    sei, picture = b"\x06\x05\x01", b"\x65\x88"
    prefixed = [struct.pack(">I", len(unit)) + unit for unit in (sei, picture)]
    assert nal.is_only_remarks(prefixed[0], "h264", 4)
    assert not nal.is_only_remarks(prefixed[0] + prefixed[1], "h264", 4)
    assert nal.is_only_remarks(b"\x00\x00\x00\x01" + sei, "h264", 0)
    assert not nal.is_only_remarks(b"\x00\x00\x01" + sei + b"\x00\x00\x01" + picture, "h264", 0)
    assert nal.is_only_remarks(b"\x00\x00\x01\x4e\x01\x05", "hevc", 0)
    assert not nal.is_only_remarks(b"\xff\xd8", "mjpeg", 0)


def test_slice_groups_are_found_in_a_picture_parameter_set() -> None:
    plain, groups = 0b11_00_1_000, 0b11_00_010_0  # ids 0 and 0, two flags, then ue(0) or ue(1)
    for value, expected in ((plain, False), (groups, True)):
        pps = bytes([0x68, value, 0x80])
        avcc = b"\x01\x42\x00\x1e\xff\xe0\x01" + struct.pack(">H", len(pps)) + pps
        assert nal.has_slice_groups(avcc) is expected
        assert nal.has_slice_groups(b"\x00\x00\x00\x01" + pps) is expected
