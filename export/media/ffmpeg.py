"""Adapter. ffmpeg: which one we have, and the command lines that make working copies.

The names in a command line are those in the sandbox's directory, so a command can be recorded in
a derivation as it ran: it holds no path of this machine.
"""

import functools
import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from export.errors import ToolError
from export.media.doors import FORMATS, PROTOCOLS
from export.media.facts import Facts, VideoFacts
from export.media.frames import parse_ratio
from export.media.plan import COPY, MASTER, Plan

GLOBAL = ("-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "warning")
PROGRESS = ("-progress", "pipe:1")
EXACT_SCALING = "bicubic+accurate_rnd+full_chroma_int+bitexact"
FINE = 16
"""By how much finer the copy's ticks are where the master gives two pictures the same time: the
second is then moved by a fraction of the master's tick, since a copy must tell them apart."""
TIMESCALE = 90000
SIMD = ("mmx", "sse", "ssse", "pni", "avx", "fma", "bmi", "xop", "neon", "asimd", "sve", "i8mm")
"""How the names of vector units begin, in /proc/cpuinfo."""


@dataclass(frozen=True, slots=True)
class Tool:
    """The ffmpeg that is used: where it is, what it calls itself, and its digest."""

    path: Path
    version: str
    sha256: str


@functools.cache
def find_tool() -> Tool:
    """Return the ffmpeg that imageio-ffmpeg brings along. Its bytes are hashed once a process.

    Raises: ToolError if there is none, or it does not start.
    """
    try:
        path = Path(imageio_ffmpeg.get_ffmpeg_exe()).resolve(strict=True)
        said = subprocess.run(
            [path, "-version"], check=True, capture_output=True, text=True, timeout=60, env={}
        ).stdout
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise ToolError(
            f"ffmpeg cannot be started; is imageio-ffmpeg installed? {error}"
        ) from error
    version = said.partition("version ")[2].partition(" ")[0]
    return Tool(path, version, digest)


def cpu_flags() -> tuple[str, ...]:
    """Return the names of this processor's vector units, on which an encoder's bytes depend."""
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines()
    except OSError:
        return ()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            return tuple(sorted(flag for flag in value.split() if flag.startswith(SIMD)))
    return ()


def command(facts: Facts, plan: Plan, threads: int) -> list[str]:
    """Return ffmpeg's arguments that make the copy, without the program and `PROGRESS`."""
    assert facts.video is not None  # the plan could not have been made without pictures
    source = ffmpeg.input(MASTER, **_reading(facts, threads))
    video = source[str(facts.video.index)]
    options: dict[str, Any] = {
        "f": "mp4",
        "map_metadata": -1,
        "map_chapters": -1,
        "movflags": "+faststart",
        "fflags": "+bitexact",
        "video_track_timescale": _timescale(facts.video),
        "threads": threads,
    }
    if plan.way == "remux":
        options |= {"c:v": "copy", "flags": "+bitexact"}
    else:
        video = _filtered(video, facts.video)
        options |= _encoding(facts.video)
    for n, copied in enumerate(plan.copy_sound):
        options |= {f"c:a:{n}": "copy"} if copied else {f"c:a:{n}": "aac", f"b:a:{n}": "128k"}
    sound = [source[str(stream.index)] for stream in facts.audio]
    return [*GLOBAL, *ffmpeg.output(video, *sound, COPY, **options).get_args()]


def _reading(facts: Facts, threads: int) -> dict[str, Any]:
    """Return how the master is read: nothing but it, all that is stored, times as they are."""
    options: dict[str, Any] = {
        "protocol_whitelist": PROTOCOLS,
        "format_whitelist": FORMATS,
        "fflags": "+bitexact+genpts",
        "flags": "+output_corrupt",
        "threads": threads,
    }
    if facts.container.startswith("mov"):
        options["advanced_editlist"] = 0
    return {**options, **dict.fromkeys(("copyts", "start_at_zero", "noautorotate"))}


def _timescale(video: VideoFacts) -> int:
    """Return a tick for the copy in which every time of the master is a whole number."""
    per_second = parse_ratio(video.timebase).denominator
    factor = -(-TIMESCALE // per_second) if per_second < TIMESCALE else 1
    return per_second * max(factor, FINE if video.backward_times else 1)


def _filtered(stream: Any, video: VideoFacts) -> Any:  # noqa: ANN401 - ffmpeg-python has no types
    """Convert range and format explicitly, pad to even size, never scale."""
    stream = stream.filter(
        "scale",
        in_range="full" if video.range == "full" else "limited",
        out_range="limited",
        interl=-1,
        flags=EXACT_SCALING,
    )
    if video.width % 2 or video.height % 2:
        # With halved colour planes, pad drops the last column or row of an odd size: measured.
        stream = stream.filter("format", "yuv444p")
        stream = stream.filter("pad", width="ceil(iw/2)*2", height="ceil(ih/2)*2", x=0, y=0)
        stream = stream.filter(
            "scale", in_range="limited", out_range="limited", interl=-1, flags=EXACT_SCALING
        )
    stream = stream.filter("format", "yuv420p")
    if video.backward_times:
        stream = stream.filter("settb", expr=f"1/{_timescale(video)}")
        stream = stream.filter("setpts", expr="if(eq(N,0),PTS,max(PTS,PREV_OUTPTS+1))")
    return stream


def _encoding(video: VideoFacts) -> dict[str, Any]:
    base = f"1/{_timescale(video)}" if video.backward_times else video.timebase
    interlaced = "" if video.field_order == "progressive" else "+ilme+ildct"
    return {
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": 17,
        "profile:v": "high",
        "pix_fmt": "yuv420p",
        "color_range": "tv",
        "g": 50,
        "fps_mode": "passthrough",
        "enc_time_base": base,
        "flags": "+bitexact" + interlaced,
    }
