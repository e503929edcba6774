"""Small clips of every kind that recorders export, made with the wheels' own ffmpeg."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path

from export.media import sample
from export.media.ffmpeg import find_tool
from tests.polling import PATIENCE_S

FIRST_AT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
FOOTAGE = Path(__file__).parents[3] / "../shared/footage"
REAL = sorted(FOOTAGE.glob("*.mp4"))
H264 = sample.H264
AAC, PCM = ("-c:a", "aac", "-b:a", "64k"), ("-c:a", "pcm_s16le")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=none:pools=1", "-preset", "ultrafast")
VFR = "setpts='if(lt(N,10),N,N*3)*0.04/TB'"


def small(
    *encoding: str,
    sound: tuple[str, ...] = (),
    size: tuple[int, int] = (160, 120),
    seconds: Fraction | int = 1,
) -> Callable[[Path], None]:
    """Return what makes a clip of these arguments at a path."""
    return partial(
        sample.make_sample,
        seconds=seconds,
        first_at=FIRST_AT,
        size=size,
        encoding=encoding,
        sound=sound,
    )


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "h264.mp4": (small(*H264, sound=AAC), "remux"),
    "fragmented.mp4": (small(*H264, "-movflags", "frag_keyframe+empty_moov"), "remux"),
    "baseline.mov": (small(*H264, "-profile:v", "baseline"), "remux"),
    "h264.mkv": (small(*H264, sound=PCM), "remux"),
    "h264.ts": (small(*H264, sound=AAC), "remux"),
    "h264.avi": (small(*H264, "-bf", "0"), "remux"),
    "full-range.mp4": (small(*H264[:-1], "yuvj420p"), "remux"),
    "h264-422.mp4": (small(*H264[:-1], "yuv422p", "-profile:v", "high422"), "re-encode"),
    "mjpeg.avi": (small("-c:v", "mjpeg", "-pix_fmt", "yuvj422p", sound=PCM), "re-encode"),
    "mpeg4.avi": (small("-c:v", "mpeg4", "-bf", "2", "-q:v", "3"), "re-encode"),
    "mpeg2.ts": (small("-c:v", "mpeg2video", "-q:v", "3"), "re-encode"),
    "hevc8.mp4": (small(*HEVC, "-pix_fmt", "yuv420p"), "re-encode"),
    "hevc10.mkv": (small(*HEVC, "-pix_fmt", "yuv420p10le"), "re-encode"),
    "odd.mkv": (small("-c:v", "ffv1", "-pix_fmt", "yuv420p", size=(161, 121)), "re-encode"),
    "rgb.mkv": (small("-c:v", "ffv1", "-pix_fmt", "bgr0"), "re-encode"),
    "gray.avi": (small("-c:v", "mjpeg", "-pix_fmt", "gray"), "re-encode"),
    "one-frame.mp4": (small(*H264, seconds=Fraction(1, 25)), "remux"),
    "variable.mkv": (small(*H264, "-vf", VFR, "-fps_mode", "passthrough"), "remux"),
    "variable-hevc.mkv": (
        small(*HEVC, "-pix_fmt", "yuv420p", "-vf", VFR, "-fps_mode", "passthrough"),
        "re-encode",
    ),
    "interlaced.ts": (small(*H264, "-flags", "+ilme+ildct", "-vf", "setfield=tff"), "remux"),
    "interlaced.mpg.ts": (
        small("-c:v", "mpeg2video", "-q:v", "3", "-flags", "+ilme+ildct", "-vf", "setfield=tff"),
        "re-encode",
    ),
}
"""Name, how it is made, and the way in which its copy must be made."""


def make(name: str, folder: Path) -> Path:
    """Make the clip of this name."""
    path = folder / name
    KINDS[name][0](path)
    return path


def rewrap(source: Path, wanted: Path, *before: str, after: tuple[str, ...] = ()) -> Path:
    """Copy a clip's packets into another file, with these arguments before and after the input."""
    argv = [str(find_tool().path), "-nostdin", "-y", "-loglevel", "error", *before]
    subprocess.run(
        [*argv, "-i", source, "-c", "copy", *after, wanted], check=True, timeout=PATIENCE_S
    )
    return wanted
