"""Adapter. Make a working copy, compare it with the master picture by picture, and prove it.

The least invasive way comes first; what does not stand the comparison is thrown away, and the
next way is tried. Formats: docs/formats/derivation.md, docs/formats/frames.md.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from custody.printable import printable
from export.media import derivation, ffmpeg, findings
from export.media.comparison import Measured, Sheet, compare, run_in_time
from export.media.examine import (
    Examination,
    Limits,
    Progress,
    make_box,
    take,
)
from export.media.facts import Facts, Json, MediaFinding, NoCopyError
from export.media.plan import COPY, MASTER, Plan, encode_instead, encode_sound_too, plan

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
        why = _produce(work, attempt, box)
        if not why:
            found = _compare(work, attempt, box)
            why = found.unlike
            if not why:
                return _finish(work, attempt, box, found.counts, master_sha256, failed)
        failed.append(_in_vain(attempt, why))
        attempt = _next_way(attempt, why)
    raise NoCopyError(failed)


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
    (box / MASTER).symlink_to(work.master.resolve())
    tool = ffmpeg.find_tool()
    arguments = ffmpeg.command(work.facts, attempt, work.limits.threads)
    argv = [str(tool.path), *ffmpeg.PROGRESS, *arguments]
    cage = work.limits.cage(work.facts.size)
    reads, on_line = [work.master, tool.path], _ffmpeg_progress(work)
    ran = run_in_time(argv, box, reads, cage=cage, on_line=on_line)
    if not ran.ok:
        return f"ffmpeg ended with {ran.why} {ran.code}: {_last_line(ran.stderr)}"
    return "" if (box / COPY).is_file() else "ffmpeg left no file"


def _compare(work: _Work, attempt: Plan, box: Path) -> Measured:
    """Compare the copy in the box with its master."""
    title = f"Exhibit {work.exhibit}: contact sheet of the working copy"
    return compare(
        box,
        work.master,
        work.facts,
        work.frames,
        way=attempt.way,
        limits=work.limits,
        sheet=Sheet(title, work.first_frame_at, work.timezone),
        progress=_shifted(work),
    )


def _finish(
    work: _Work,
    attempt: Plan,
    box: Path,
    measured: dict[str, Any],
    master_sha256: str,
    failed: list[MediaFinding],
) -> WorkingCopy:
    """Take the copy and its proofs out of the box, and write down how it was made."""
    names = (COPY, "frames.csv", "contact-sheet.jpg")
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
            work.progress(total + done, 2 * total)

    return report


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return printable(lines[-1][:300]) if lines else "no message"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
