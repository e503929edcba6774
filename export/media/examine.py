"""Adapter. Examine a master: decode it once, locked in, and say what it is and what is wrong."""

import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from custody.printable import printable
from export.errors import SandboxError
from export.media import findings, kinds, sandbox
from export.media.facts import (
    BROKE_EXIT,
    REFUSED_EXIT,
    Facts,
    FactsError,
    MediaFinding,
    parse_facts,
)

Progress = Callable[[int, int], None]
MIB = 1 << 20
FACTS_MAX = 1 * MIB
"""More than this is no list of facts: the child is not to be believed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a clip may ask of this machine. Times grow with the file's size."""

    wall_seconds: int = 300
    wall_seconds_per_mib: int = 20
    memory_bytes: int = 4 << 30
    file_bytes: int = 1 << 30
    file_factor: int = 16
    """A file that a child writes may be this many times the master, plus `file_bytes`."""
    threads: int = 2

    def cage(self, size: int) -> sandbox.Cage:
        """Return the limits of one run on a master of this size."""
        wall = self.wall_seconds + self.wall_seconds_per_mib * (size // MIB + 1)
        return sandbox.Cage(
            wall_seconds=wall,
            cpu_seconds=wall * max(2, self.threads),
            memory_bytes=self.memory_bytes,
            file_bytes=self.file_bytes + self.file_factor * size,
        )


@dataclass(frozen=True, slots=True)
class Examination:
    """What is known about a master after one full decode."""

    facts: Facts | None
    """None if no decoder opens the file."""
    findings: tuple[MediaFinding, ...]
    frames: Path | None
    """The frame list, where there are pictures."""
    playable: bool
    """There are pictures of which a copy can be tried."""

    @property
    def needs_person(self) -> bool:
        """Say whether a person must decide before a copy is made."""
        return not self.playable or any(found.severity == "problem" for found in self.findings)


def examine(
    master: Path,
    job: Path,
    *,
    limits: Limits,
    original_name: str,
    progress: Progress | None,
) -> Examination:
    """Examine a master; leave `source.frames.csv` in `job`, an empty directory.

    Never raises for what is in the file: that gives findings. `progress` gets bytes done and all.
    Raises: SandboxError if the sandbox fails; OSError if files of ours cannot be written.
    """
    size = master.stat().st_size
    with master.open("rb") as file:
        recognised = kinds.recognise(file.read(kinds.HEAD_SIZE))
    if size == 0:
        return _closed((findings.problem("empty", "The file is empty (0 bytes)."),))
    box = make_box(job, "examine")
    cage = limits.cage(size)
    ran = sandbox.run(
        sandbox.python_child(
            "export.media.child_examine", str(master.resolve()), str(limits.threads)
        ),
        box,
        cage=cage,
        reads=(master,),
        on_line=forward(progress),
    )
    if not ran.ok:
        return _closed(_failure(ran, box, cage, recognised))
    facts = _read_facts(box)
    if facts.video is not None and facts.video.frame_count > 1:
        recognised = None  # a stream of JPEG pictures begins like one picture
    found = findings.judge(facts, original_name, recognised)
    playable = findings.is_playable(facts, recognised)
    frames = take(box / "source.frames.csv", job / "source.frames.csv") if playable else None
    return Examination(facts, found, frames, playable)


def make_box(job: Path, name: str) -> Path:
    """Make the directory of one run: the only one that the child may write."""
    box = job / name
    box.mkdir(mode=0o700)
    return box


def take(made: Path, wanted: Path) -> Path:
    """Move what a child has made out of its box, if it is a plain file and nothing else.

    Raises: SandboxError otherwise: a link would lead us to a file that the child may not read.
    """
    try:
        kind = made.lstat()
    except FileNotFoundError as error:
        raise SandboxError(f"a sandboxed child did not leave {made.name}") from error
    if not stat.S_ISREG(kind.st_mode) or kind.st_nlink != 1:
        raise SandboxError(f"a sandboxed child left something else in place of {made.name}")
    return made.replace(wanted)


def forward(progress: Progress | None) -> Callable[[str], None]:
    """Return what passes a child's lines "progress DONE TOTAL" on."""

    def on_line(line: str) -> None:
        words = line.split(" ")
        if progress is not None and words[0] == "progress" and len(words) == 3:  # noqa: PLR2004
            done, total = words[1:]
            if done.isdecimal() and total.isdecimal():
                progress(min(int(done), int(total)), int(total))

    return on_line


def time_limit(seconds: int) -> MediaFinding:
    """Return what to say when the time limit has ended a run."""
    words = f"Work on the file was stopped after {seconds:,} seconds, the limit for its size."
    return findings.problem("time-limit", words)


def _closed(found: tuple[MediaFinding, ...]) -> Examination:
    return Examination(facts=None, findings=found, frames=None, playable=False)


def _failure(
    ran: sandbox.Ran, box: Path, cage: sandbox.Cage, recognised: str | None
) -> tuple[MediaFinding, ...]:
    if ran.why == "time":
        return (time_limit(cage.wall_seconds),)
    if ran.why == "exit" and ran.code == REFUSED_EXIT:
        refusal = printable(read_text(box / "refused.txt"))
        return findings.unreadable(recognised, refusal)
    if ran.why == "exit" and ran.code != BROKE_EXIT:
        raise sandbox.broke("the examination", ran)
    reason = (
        printable(read_text(box / "refused.txt")) if ran.why == "exit" else f"signal {ran.code}"
    )
    words = (
        "The decoder broke down on this file. It ran locked in, and did no harm. The file may be "
        "damaged, made to do this, or ask for more memory than it is given."
    )
    return (findings.problem("decoder-broke", words, reason[:200]),)


def _read_facts(box: Path) -> Facts:
    try:
        return parse_facts(json.loads(read_text(box / "facts.json")))
    except (ValueError, FactsError) as error:
        raise SandboxError(f"a sandboxed child left facts that make no sense: {error}") from error


def read_text(path: Path) -> str:
    """Read a small file that a child has written, and neither follow a link nor wait at a pipe."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise SandboxError(f"a sandboxed child left something else in place of {path.name}")
        return file.read(FACTS_MAX)
