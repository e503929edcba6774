"""Adapter. V8's pictures: decode the copies in a package, hold them against lists and originals.

Files are taken out of the package and decoded in the same sandbox as footage at intake: to a
verifier they are files from strangers. One budget of time holds for all of them together.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from custody.check.finding import Finding, Outcome
from export.errors import SandboxError
from export.media.examine import Progress
from export.media.facts import Facts
from export.media.frames import (
    CopyFrame,
    FrameListError,
    SourceFrame,
    read_copy_frames,
    read_source_frames,
)
from export.package.budget import Budget, look, take_out
from export.package.errors import BudgetError
from export.package.format.archive import Reader
from export.package.originals import Stated, check_original, read_stated
from export.package.verify.derived import CopyFiles

OUT_OF_TIME = (
    "The copy was not decoded to its end: the time for decoding all copies of the package was over "
    "(--decode-minutes gives more)."
)


def check_pictures(
    reader: Reader, copies: Sequence[CopyFiles], *, seconds: int, progress: Progress | None
) -> Iterator[Finding]:
    """Decode the copies for at most so many seconds, all together; yield the findings of V8."""
    ends = time.monotonic() + seconds
    for number, copy in enumerate(copies):
        budget = Budget(ends, progress, len(copies), number)
        try:
            with tempfile.TemporaryDirectory(prefix="custos-verify-") as folder:
                yield from _check(reader, copy, Path(folder), budget)
        except BudgetError:
            yield Finding("V8", Outcome.NOT_CHECKED, OUT_OF_TIME, copy.path)
        except (SandboxError, OSError) as error:
            words = f"The copy could not be decoded here: {error}"
            yield Finding("V8", Outcome.NOT_CHECKED, words, copy.path)


def _check(reader: Reader, copy: CopyFiles, folder: Path, budget: Budget) -> Iterator[Finding]:
    take_out(reader, copy.frames, folder / "frames.csv", budget)
    stated = read_stated(copy.derivation)
    if copy.master is not None and stated is not None:
        yield from check_original(reader, copy, copy.master, stated, folder, budget)
        return
    take_out(reader, copy.copy, folder / "copy.mp4", budget)
    seen = look(folder / "copy.mp4", folder, budget, budget.part(0, 1))
    if seen.frames is None or seen.facts is None:
        words = " ".join(finding.words for finding in seen.findings)
        yield Finding("V8", Outcome.FAIL, f"The copy cannot be decoded: {words}", copy.path)
        return
    yield from _streams(seen.facts, stated, copy.path)
    yield _compare(seen.frames, folder / "frames.csv", copy.path)
    yield _as_stated(copy, stated)


def _streams(facts: Facts, stated: Stated | None, subject: str) -> Iterator[Finding]:
    """Yield a finding where the copy holds more than one track of pictures and the sound stated."""
    if facts.other_streams:
        words = "The copy holds tracks that nothing describes: a player may show another film."
        found = ", ".join(facts.other_streams)
        yield Finding("V8", Outcome.FAIL, words, subject, "one track of pictures, and sound", found)
    if stated is not None and len(facts.audio) != len(stated.sound):
        words = "The copy has another number of sound tracks than its description says."
        expected, count = str(len(stated.sound)), str(len(facts.audio))
        yield Finding("V8", Outcome.FAIL, words, subject, expected, count)


def _as_stated(copy: CopyFiles, stated: Stated | None) -> Finding:
    """Say what nobody can measure again who has this package alone."""
    why = (
        "the original is not in this package"
        if copy.master is None
        else "this version does not know how the copy was made"
    )
    said = f'; the council states: "{stated.sentence}"' if stated and stated.sentence else ""
    words = f"The copy was not compared with its original, because {why}{said}."
    return Finding("V8", Outcome.NOTE, words, copy.path)


def _compare(seen: Path, listed: Path, subject: str) -> Finding:
    """Compare what was decoded with the frame list, picture by picture."""
    try:
        with seen.open(encoding="ascii") as found, listed.open(encoding="ascii") as expected:
            count = 0
            pairs = zip_longest(read_copy_frames(expected), read_source_frames(found))
            for count, (wanted, got) in enumerate(pairs, 1):  # noqa: B007 - the last one counts
                if wanted is None or got is None or _place(wanted) != _place(got):
                    return _differs(wanted, got, subject)
    except (FrameListError, UnicodeDecodeError) as error:
        return Finding("V8", Outcome.FAIL, f"The frame list cannot be read: {error}", subject)
    words = f"All {count:,} pictures of the copy were decoded: each is the one in its frame list."
    return Finding("V8", Outcome.PASS, words, subject)


def _differs(wanted: CopyFrame | None, got: SourceFrame | None, subject: str) -> Finding:
    n = wanted.n if wanted is not None else got.n if got is not None else 0
    return Finding(
        "V8",
        Outcome.FAIL,
        f"Picture {n} of the copy is not the one in its frame list.",
        subject,
        expected=_say(wanted),
        found=_say(got),
    )


def _place(frame: CopyFrame | SourceFrame) -> tuple[int, object, str]:
    return frame.pts, frame.timebase, frame.sha256


def _say(frame: CopyFrame | SourceFrame | None) -> str:
    return "no picture" if frame is None else f"{frame.sha256} at {frame.pts} x {frame.timebase} s"
