"""Adapter. Have a copy compared with its master, picture by picture, by a child that is locked in.

Needs PyAV in the child, numpy too where pictures were encoded anew, and no program that makes
copies: a verifier compares too.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from export.errors import SandboxError
from export.media import sandbox
from export.media.examine import Limits, Progress, forward, read_text, time_limit
from export.media.facts import Facts, NoCopyError
from export.media.plan import MASTER, Way


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the contact sheet that is drawn on the way says."""

    title: str
    first_frame_at: datetime | None
    timezone: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What a comparison found."""

    unlike: str
    """Why the copy is not the master's, as a clause; empty if it is, and then there is more."""
    frames: Path
    """The frame list of the copy."""
    counts: dict[str, Any]
    """What `derivation.describe` asks for."""


def compare(
    box: Path,
    master: Path,
    facts: Facts,
    frames: Path,
    *,
    way: Way,
    limits: Limits,
    sheet: Sheet | None,
    progress: Progress | None,
) -> Measured:
    """Compare the copy in `box` with a master of these facts and this frame list.

    The copy is there as `copy.mp4`, a link to the master as `master`. `progress` gets pictures.
    Raises: NoCopyError if the time is over; SandboxError.
    """
    video = facts.video
    assert video is not None  # it was examined, and has pictures
    damaged = facts.decode_error_count or video.corrupt_frames
    task: dict[str, Any] = {
        "way": way,
        "master": MASTER,
        "source_frames": str(frames.resolve()),
        "frame_count": video.frame_count,
        "threads": limits.threads,
        "source_threads": 1 if damaged else limits.threads,
        "sheet": None if sheet is None else _sheet(sheet, facts),
    }
    argv = sandbox.python_child("export.media.child_compare", json.dumps(task))
    cage = limits.cage(facts.size)
    ran = run_in_time(argv, box, [master, frames], cage=cage, on_line=forward(progress))
    if ran.ok:
        counts = _result(box)
        return Measured(str(counts["unlike"]), box / "frames.csv", counts)
    if ran.why == "exit" and "MemoryError" not in ran.stderr:
        raise sandbox.broke("the comparison", ran)
    return Measured(f"the comparison ended with {ran.why} {ran.code}", box / "frames.csv", {})


def run_in_time(
    argv: Sequence[str],
    box: Path,
    reads: Sequence[Path],
    *,
    cage: sandbox.Cage,
    on_line: Callable[[str], None],
) -> sandbox.Ran:
    """Run a child; the time limit ends all, since another way would not be faster.

    Raises: NoCopyError if the time is over.
    """
    ran = sandbox.run(argv, box, cage=cage, reads=reads, on_line=on_line)
    if ran.why == "time":
        raise NoCopyError([time_limit(cage.wall_seconds)])
    return ran


def _sheet(sheet: Sheet, facts: Facts) -> dict[str, Any]:
    assert facts.video is not None  # checked by compare
    at = sheet.first_frame_at
    return {
        "title": sheet.title,
        "duration": facts.duration,
        "first_frame_at": None if at is None else at.isoformat(),
        "timezone": sheet.timezone,
        "sar": facts.video.sar,
        "rotation": facts.video.rotation,
    }


def _result(box: Path) -> dict[str, Any]:
    """Return what the comparison wrote.

    Raises: SandboxError if it is no such result.
    """
    try:
        result = json.loads(read_text(box / "result.json"))
    except ValueError as error:
        raise SandboxError(
            f"a sandboxed child left a result that makes no sense: {error}"
        ) from error
    if not isinstance(result, dict) or not isinstance(result.get("unlike"), str):
        raise SandboxError("a sandboxed child left a result that makes no sense")
    return result
