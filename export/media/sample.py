"""Adapter. Make a clip with a burnt-in clock, for the demonstration and for tests.

Pictures are drawn with the font that Pillow brings along and piped into ffmpeg, so that nothing
but our own wheels is needed. The clip shows no person and no place.
"""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from export.errors import ToolError
from export.media.ffmpeg import find_tool

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
DAY, ROAD, LINE, CAR, INK = (96, 112, 104), (58, 60, 62), (226, 222, 190), (178, 52, 44), (245,) * 3


def make_sample(
    path: Path,
    *,
    seconds: Fraction | int = 20,
    first_at: datetime,
    size: tuple[int, int] = (640, 360),
    fps: Fraction | int = 25,
    encoding: tuple[str, ...] = H264,
    sound: tuple[str, ...] = (),
) -> None:
    """Make a clip of a road, a passing car and a clock that runs from `first_at`.

    `encoding` are ffmpeg's arguments for the pictures and, with `sound`, which holds those for a
    tone, the container follows from the name.
    Raises: ToolError if ffmpeg fails.
    """
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={float(seconds)}") if sound else ()
    arguments = [
        *("-nostdin", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{size[0]}x{size[1]}", "-r", str(Fraction(fps)), "-i", "pipe:0", *tone),
        *("-fflags", "+bitexact", "-flags", "+bitexact", *encoding, *sound, str(path)),
    ]
    with subprocess.Popen(
        [find_tool().path, *arguments], stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={}
    ) as process:
        assert process.stdin is not None  # asked for above
        assert process.stderr is not None
        try:
            for picture in draw(seconds, first_at, size, fps):
                process.stdin.write(picture)
            process.stdin.close()
        except BrokenPipeError:
            # ffmpeg has had enough, or given up; why, it says below. What is left goes nowhere.
            with suppress(BrokenPipeError):
                process.stdin.close()
        said = process.stderr.read().decode("utf-8", "replace")
    if process.returncode:
        raise ToolError(f"ffmpeg could not make the sample clip: {said.strip()}")


def draw(
    seconds: Fraction | int, first_at: datetime, size: tuple[int, int], fps: Fraction | int
) -> Iterator[bytes]:
    """Yield the pictures as RGB bytes."""
    width, height = size
    font = ImageFont.load_default(max(10, height // 16))
    for n in range(int(seconds * fps)):
        elapsed = n / Fraction(fps)
        picture = Image.new("RGB", size, DAY)
        pen = ImageDraw.Draw(picture)
        pen.rectangle((0, height // 2, width, height * 9 // 10), ROAD)
        for left in range(-(n * 2 % 80), width, 80):
            pen.rectangle((left, height * 7 // 10, left + 40, height * 7 // 10 + 2), LINE)
        left = int(elapsed / 6 % 1 * (width + width // 4)) - width // 4
        pen.rectangle((left, height * 11 // 20, left + width // 5, height * 13 // 20), CAR)
        at = first_at + timedelta(microseconds=int(elapsed * 1_000_000))
        words = f"CAM 07  {at:%d-%m-%Y %H:%M:%S}.{at.microsecond // 10000:02d}"
        pen.text((height // 30, height // 40), words, INK, font)
        yield picture.tobytes()
