"""Remux copy, decoded once and compared picture by picture, against the bare ffmpeg.

Bar: at most 2 times `ffmpeg -c copy` plus one decode of the same clip. Best of several rounds,
taken in turn, so that both meet the same machine.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from export.media.copy import make_copy
from export.media.examine import Examination, Limits, examine
from export.media.ffmpeg import find_tool
from export.media.sample import H264, make_sample

ROUNDS = 3
BAR = "at most 2"
SECONDS, SIZE = 60, (1280, 720)
NOISY = (*H264, "-vf", "noise=alls=6:allf=t", "-b:v", "4M")
"""As a camera's sensor gives it: a drawn scene without noise decodes unnaturally fast."""


def run() -> list[tuple[str, float, str]]:
    """Return what was measured: its name, the ratio, and the bar."""
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as folder:
        return [(f"remux copy of {SECONDS} s of 720p, compared", _ratio(Path(folder)), BAR)]


def _ratio(folder: Path) -> float:
    clip, limits = folder / "clip.mp4", Limits()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    make_sample(clip, seconds=SECONDS, size=SIZE, first_at=at, encoding=NOISY)
    job = _new(folder / "examined")
    examined = examine(clip, job, limits=limits, original_name=clip.name, progress=None)
    ours, bare = [], []
    for n in range(ROUNDS):
        target = _new(folder / f"copy-{n}")
        ours.append(_seconds(partial(_ours, clip, examined, target, limits)))
        bare.append(_seconds(partial(_bare, clip, target / "bare.mp4")))
    return min(ours) / min(bare)


def _ours(clip: Path, examined: Examination, job: Path, limits: Limits) -> None:
    make_copy(
        clip,
        examined,
        job,
        exhibit="JS-1",
        master_sha256="00" * 32,
        limits=limits,
        first_frame_at=None,
        progress=None,
    )


def _bare(clip: Path, target: Path) -> None:
    quiet = [str(find_tool().path), "-nostdin", "-y", "-loglevel", "error"]
    subprocess.run([*quiet, "-i", clip, "-c", "copy", target], check=True)
    subprocess.run([*quiet, "-i", target, "-f", "null", "-"], check=True)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    for name, ratio, bar in run():
        print(f"{name}: {ratio:.2f} ({bar})")
