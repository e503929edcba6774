"""Adapter. V8's pictures: decode a copy that lies in a package, compare it with its frame list.

The copy is taken out of the package and decoded in the same sandbox as footage at intake: to a
verifier it is a file from strangers.
"""

import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from custody.check.finding import Finding, Outcome
from export.errors import SandboxError
from export.media.examine import Limits, examine
from export.media.frames import (
    CopyFrame,
    FrameListError,
    SourceFrame,
    read_copy_frames,
    read_source_frames,
)
from export.package.format.archive import EntrySpan, Reader

_CHUNK = 1 << 20


def check_pictures(reader: Reader, copy: EntrySpan, frames: EntrySpan) -> tuple[Finding, ...]:
    """Decode the copy at one span, compare each picture with the frame list at the other."""
    subject = copy.path.partition("/")[2]
    try:
        with tempfile.TemporaryDirectory(prefix="custos-verify-") as folder:
            return (_compare(reader, copy, frames, Path(folder), subject),)
    except (SandboxError, OSError) as error:
        words = f"The copy could not be decoded here: {error}"
        return (Finding("V8", Outcome.NOT_CHECKED, words, subject),)


def _compare(
    reader: Reader, copy: EntrySpan, frames: EntrySpan, folder: Path, subject: str
) -> Finding:
    clip, listed, job = folder / "copy.mp4", folder / "frames.csv", folder / "job"
    _take_out(reader, copy, clip)
    _take_out(reader, frames, listed)
    job.mkdir()
    seen = examine(clip, job, limits=Limits(), original_name="copy.mp4", progress=None)
    if seen.frames is None:
        words = " ".join(finding.words for finding in seen.findings)
        return Finding("V8", Outcome.FAIL, f"The copy cannot be decoded: {words}", subject)
    try:
        with seen.frames.open(encoding="ascii") as found, listed.open(encoding="ascii") as expected:
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


def _take_out(reader: Reader, span: EntrySpan, path: Path) -> None:
    with path.open("wb") as file:
        for chunk in _chunks(reader, span):
            file.write(chunk)


def _chunks(reader: Reader, span: EntrySpan) -> Iterator[bytes]:
    for offset in range(0, span.size, _CHUNK):
        yield reader.read(span.offset + offset, min(_CHUNK, span.size - offset))
