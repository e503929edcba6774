"""Adapter. One budget of time for decoding all copies of a package, and what is done within it."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from export.errors import SandboxError
from export.media.examine import Examination, Limits, Progress, examine
from export.package.errors import BudgetError
from export.package.format.archive import EntrySpan, Reader

TIME_LIMIT = "time-limit"
"""The code of the finding with which the media room says that its time was over."""

_CHUNK = 1 << 20
_SPARE = 256 << 20
"""Bytes that must stay free where files are taken out."""
_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Until when copies may be decoded, and who looks on."""

    ends: float
    """On the monotonic clock, in seconds."""
    progress: Progress | None
    copies: int
    number: int = 0
    """Of the copy in hand, from 0."""

    def limits(self) -> Limits:
        """Return the limits of one run: what is left of the time.

        Raises: BudgetError if nothing is left.
        """
        left = int(self.ends - time.monotonic())
        if left <= 0:
            raise BudgetError
        return Limits(wall_seconds=left, wall_seconds_per_mib=0)

    def part(self, begins: float, ends: float) -> Progress:
        """Return what shows the progress of one part of the copy in hand, in shares of its work."""

        def show(done: int, total: int) -> None:
            share = begins + (ends - begins) * done / max(total, 1)
            if self.progress is not None:
                self.progress(int(_STEPS * (self.number + share)), _STEPS * self.copies)

        return show


def look(clip: Path, folder: Path, budget: Budget, progress: Progress) -> Examination:
    """Examine a clip in a new directory of `folder`, within the budget.

    Raises: BudgetError if the time was over before the end; SandboxError.
    """
    job = folder / f"{clip.name}.job"
    job.mkdir()
    limits = budget.limits()
    seen = examine(clip, job, limits=limits, original_name=clip.name, progress=progress)
    if any(finding.code == TIME_LIMIT for finding in seen.findings):
        raise BudgetError
    return seen


def take_out(reader: Reader, span: EntrySpan, path: Path, budget: Budget) -> None:
    """Write a file of the package to the disk.

    Raises: BudgetError if the time is over; SandboxError if it does not fit there.
    """
    if span.size > shutil.disk_usage(path.parent).free - _SPARE:
        raise SandboxError(f"there is no room for its {span.size:,} bytes in {path.parent.parent}")
    with path.open("wb") as file:
        for offset in range(0, span.size, _CHUNK):
            if time.monotonic() > budget.ends:
                raise BudgetError
            file.write(reader.read(span.offset + offset, min(_CHUNK, span.size - offset)))
