"""Adapter. Make a working copy, compare it with the master picture by picture, and prove it.

The least invasive way comes first; what does not stand the comparison is thrown away, and the
next way is tried. Formats: docs/formats/derivation.md, docs/formats/frames.md.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from export.errors import SandboxError
from export.media import derivation, ffmpeg, findings, sandbox
from export.media.examine import (
    Examination,
    Limits,
    Progress,
    forward,
    make_box,
    read_text,
    take,
    time_limit,
)
from export.media.facts import Facts, Json, MediaFinding, NoCopyError
from export.media.plan import Plan, Way, encode_instead, encode_sound_too, plan

TIMEZONE = "Europe/London"


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """A working copy that stood the comparison, and what proves it."""

    mp4: Path
    frames_csv: Path
    contact_sheet: Path
    derivation: Json
    sentence: str
    findings: tuple[MediaFinding, ...]
    """Ways that were tried in vain, and anything else that a person should know."""


def make_copy(
    master: Path,
    examination: Examination,
    job: Path,
    *,
    exhibit: str,
    master_sha256: str,
    limits: Limits,
    first_frame_at: datetime | None,
    progress: Progress | None,
    timezone: str = TIMEZONE,
) -> WorkingCopy:
    """Make the working copy of a playable master in `job`, an empty directory.

    `first_frame_at` is the corrected time of the first picture, with its timezone. `progress`
    gets steps done and all, two for each picture; it starts again if another way is tried.
    The same call on the same machine gives the same bytes.

    Raises: NoCopyError, with findings, if no way stands the comparison; SandboxError, ToolError.
    """
    facts, frames = examination.facts, examination.frames
    if not examination.playable or facts is None or facts.video is None or frames is None:
        raise NoCopyError(examination.findings)
    work = _Work(master, facts, frames, job, exhibit, limits, first_frame_at, timezone, progress)
    failed: list[MediaFinding] = []
    attempt: Plan | None = plan(facts)
    while attempt is not None:
        box = make_box(job, f"way-{len(failed) + 1}")
        why = _produce(work, attempt, box) or _compare(work, attempt, box)
        if not why:
            return _finish(work, attempt, box, master_sha256, failed)
        failed.append(_in_vain(attempt, why))
        attempt = _next_way(attempt, why)
    raise NoCopyError(failed)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a comparison found."""

    unlike: str
    """Why the copy is not the master's, as a clause; empty if it is, and then there is more."""
    frames: Path
    """The frame list of the copy."""
    counts: dict[str, Any]
    """What `derivation.describe` asks for."""


def compare_again(
    master: Path,
    examination: Examination,
    box: Path,
    *,
    way: Way,
    limits: Limits,
    progress: Progress | None,
) -> Measured:
    """Compare a finished copy, which lies in `box` as `copy.mp4`, with its master.

    Raises: NoCopyError if the time is over; SandboxError.
    """
    facts, frames = examination.facts, examination.frames
    assert facts is not None  # the master was decoded
    assert frames is not None
    (box / ffmpeg.MASTER).symlink_to(master.resolve())
    work = _Work(master, facts, frames, box, "", limits, None, TIMEZONE, progress, first=0)
    unlike = _compare(work, Plan(way, "", ()), box)
    return Measured(unlike, box / "frames.csv", _result(box))


@dataclass(frozen=True, slots=True)
class _Work:
    """What every way needs to know."""

    master: Path
    facts: Facts
    frames: Path
    job: Path
    exhibit: str
    limits: Limits
    first_frame_at: datetime | None
    timezone: str
    progress: Progress | None
    first: int = 1
    """How many shares of the work, each as long as the comparison, come before it."""

    @property
    def count(self) -> int:
        assert self.facts.video is not None  # checked by make_copy
        return self.facts.video.frame_count


def _next_way(failed: Plan, why: str) -> Plan | None:
    if failed.way == "remux":
        return encode_instead(failed, why)
    return encode_sound_too(failed) if any(failed.copy_sound) else None


def _in_vain(attempt: Plan, why: str) -> MediaFinding:
    way = "Taking the pictures over untouched" if attempt.way == "remux" else "Encoding them anew"
    return findings.note("way-failed", f"{way} did not give a faithful copy: {why}.")


def _produce(work: _Work, attempt: Plan, box: Path) -> str:
    """Run ffmpeg; return why there is no copy, empty if there is one."""
    (box / ffmpeg.MASTER).symlink_to(work.master.resolve())
    tool = ffmpeg.find_tool()
    arguments = ffmpeg.command(work.facts, attempt, work.limits.threads)
    argv = [str(tool.path), *ffmpeg.PROGRESS, *arguments]
    ran = _run(work, argv, box, [work.master, tool.path], on_line=_ffmpeg_progress(work))
    if not ran.ok:
        return f"ffmpeg ended with {ran.why} {ran.code}: {_last_line(ran.stderr)}"
    return "" if (box / ffmpeg.COPY).is_file() else "ffmpeg left no file"


def _compare(work: _Work, attempt: Plan, box: Path) -> str:
    """Compare the copy in the box; return why it is not faithful, empty if it is."""
    video = work.facts.video
    assert video is not None  # checked by make_copy
    damaged = work.facts.decode_error_count or video.corrupt_frames
    at = work.first_frame_at
    task = {
        "way": attempt.way,
        "master": ffmpeg.MASTER,
        "source_frames": str(work.frames.resolve()),
        "frame_count": video.frame_count,
        "threads": work.limits.threads,
        "source_threads": 1 if damaged else work.limits.threads,
        "title": f"Exhibit {work.exhibit}: contact sheet of the working copy",
        "duration": work.facts.duration,
        "first_frame_at": None if at is None else at.isoformat(),
        "timezone": work.timezone,
        "sar": video.sar,
        "rotation": video.rotation,
    }
    argv = sandbox.python_child("export.media.child_compare", json.dumps(task))
    shifted = _shifted(work)
    ran = _run(work, argv, box, [work.master, work.frames], on_line=forward(shifted))
    if not ran.ok:
        if ran.why == "exit" and "MemoryError" not in ran.stderr:
            raise SandboxError(f"the comparison failed: {ran.stderr[-2000:]}")
        return f"the comparison ended with {ran.why} {ran.code}"
    return str(_result(box)["unlike"])


def _run(
    work: _Work,
    argv: Sequence[str],
    box: Path,
    reads: Sequence[Path],
    *,
    on_line: Callable[[str], None],
) -> sandbox.Ran:
    """Run a child; the time limit ends all, since another way would not be faster.

    Raises: NoCopyError if the time is over.
    """
    cage = work.limits.cage(work.facts.size)
    ran = sandbox.run(argv, box, cage=cage, reads=reads, on_line=on_line)
    if ran.why == "time":
        raise NoCopyError([time_limit(cage.wall_seconds)])
    return ran


def _finish(
    work: _Work, attempt: Plan, box: Path, master_sha256: str, failed: list[MediaFinding]
) -> WorkingCopy:
    """Take the copy and its proofs out of the box, and write down how it was made."""
    measured = _result(box)
    names = (ffmpeg.COPY, "frames.csv", "contact-sheet.jpg")
    mp4, frames, sheet = (take(box / name, work.job / name) for name in names)
    tool, threads = ffmpeg.find_tool(), work.limits.threads
    arguments = tuple(ffmpeg.command(work.facts, attempt, threads))
    record = derivation.describe(
        work.exhibit,
        work.facts,
        attempt,
        derivation.Made(
            master_sha256=master_sha256,
            source_frames_sha256=_sha256(work.frames),
            copy_sha256=_sha256(mp4),
            copy_size=mp4.stat().st_size,
            copy_frames_sha256=_sha256(frames),
        ),
        derivation.Maker(tool.version, tool.sha256, arguments, threads, ffmpeg.cpu_flags()),
        measured,
        [finding.words for finding in failed],
    )
    return WorkingCopy(mp4, frames, sheet, record, record["sentence"], tuple(failed))


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


def _ffmpeg_progress(work: _Work) -> Callable[[str], None]:
    """Return what reads ffmpeg's `-progress` lines: the first half of the work."""

    def on_line(line: str) -> None:
        key, _, value = line.partition("=")
        if work.progress is not None and key == "frame" and value.strip().isdecimal():
            work.progress(min(int(value), work.count), 2 * work.count)

    return on_line


def _shifted(work: _Work) -> Progress:
    """Return what reports the second half of the work."""

    def report(done: int, total: int) -> None:
        if work.progress is not None:
            work.progress(work.first * total + done, (work.first + 1) * total)

    return report


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else "no message"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
