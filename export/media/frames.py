"""Pure. Frame lists: one line for each picture, in the order in which it is shown.

Format: docs/formats/frames.md. Lines are streamed; nothing here holds a whole list.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from export.errors import MediaError

SOURCE_HEADER = "n,pts,timebase,sha256\n"
COPY_HEADER = "n,pts,timebase,source_n,source_pts,sha256\n"

# A container counts in 64 bits: 19 digits.
_INT = r"(0|-?[1-9][0-9]{0,18})"
_NAT = r"(0|[1-9][0-9]{0,18})"
_BASE = r"([1-9][0-9]{0,18}/[1-9][0-9]{0,18})"
_SHA = r"([0-9a-f]{64})"
_SOURCE_LINE = re.compile(f"{_NAT},{_INT},{_BASE},{_SHA}\n", re.ASCII)
_COPY_LINE = re.compile(f"{_NAT},{_INT},{_BASE},{_NAT},{_INT},{_SHA}\n", re.ASCII)
# Times are products of two numbers of a clip, each of 64 bits.
_RATIO = re.compile(r"(0|-?[1-9][0-9]{0,38})/([1-9][0-9]{0,38})", re.ASCII)


class FrameListError(MediaError):
    """A frame list is not in its one form; refuse it."""


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """A picture of the master: its number, its time in ticks of `timebase` seconds, its digest."""

    n: int
    pts: int
    timebase: Fraction
    sha256: str

    @property
    def time(self) -> Fraction:
        """Return the exact time in seconds."""
        return self.pts * self.timebase


@dataclass(frozen=True, slots=True)
class CopyFrame:
    """A picture of a copy, and the picture of the master that it shows."""

    n: int
    pts: int
    timebase: Fraction
    source_n: int
    source_pts: int
    sha256: str


def format_source_frame(frame: SourceFrame) -> str:
    """Return the line of a picture of the master, with its line end."""
    return f"{frame.n},{frame.pts},{format_ratio(frame.timebase)},{frame.sha256}\n"


def parse_source_frame(line: str) -> SourceFrame:
    """Return the picture of a line.

    Raises: FrameListError if the line is not in the one form.
    """
    match = _SOURCE_LINE.fullmatch(line)
    if match is None:
        raise FrameListError(f"not a line of a frame list: {line[:80]!r}")
    n, pts, base, digest = match.groups()
    return SourceFrame(int(n), int(pts), parse_ratio(base), digest)


def format_copy_frame(frame: CopyFrame) -> str:
    """Return the line of a picture of a copy, with its line end."""
    base = format_ratio(frame.timebase)
    return f"{frame.n},{frame.pts},{base},{frame.source_n},{frame.source_pts},{frame.sha256}\n"


def parse_copy_frame(line: str) -> CopyFrame:
    """Return the picture of a line.

    Raises: FrameListError if the line is not in the one form.
    """
    match = _COPY_LINE.fullmatch(line)
    if match is None:
        raise FrameListError(f"not a line of a frame list: {line[:80]!r}")
    n, pts, base, source_n, source_pts, digest = match.groups()
    return CopyFrame(int(n), int(pts), parse_ratio(base), int(source_n), int(source_pts), digest)


def read_source_frames(lines: Iterable[str]) -> Iterator[SourceFrame]:
    """Yield the pictures of a master's frame list, which must count from 0 without a gap.

    Raises: FrameListError at the first line that is wrong.
    """
    for n, line in enumerate(_body(lines, SOURCE_HEADER)):
        frame = parse_source_frame(line)
        if frame.n != n:
            raise FrameListError(f"frame list: expected picture {n}, found {frame.n}")
        yield frame


def read_copy_frames(lines: Iterable[str]) -> Iterator[CopyFrame]:
    """Yield the pictures of a copy's frame list, which must count from 0 without a gap.

    Raises: FrameListError at the first line that is wrong.
    """
    for n, line in enumerate(_body(lines, COPY_HEADER)):
        frame = parse_copy_frame(line)
        if frame.n != n:
            raise FrameListError(f"frame list: expected picture {n}, found {frame.n}")
        yield frame


def format_ratio(value: Fraction) -> str:
    """Return "num/den" in lowest terms, the denominator positive."""
    return f"{value.numerator}/{value.denominator}"


@lru_cache(64)
def parse_ratio(text: str) -> Fraction:
    """Return the fraction of "num/den".

    Raises: FrameListError unless it is in lowest terms.
    """
    match = _RATIO.fullmatch(text)
    value = Fraction(int(match[1]), int(match[2])) if match else None
    if value is None or format_ratio(value) != text:
        raise FrameListError(f"not a fraction in lowest terms: {text[:40]!r}")
    return value


def _body(lines: Iterable[str], header: str) -> Iterator[str]:
    rest = iter(lines)
    first = next(rest, "")
    if first != header:
        raise FrameListError(f"frame list: expected the header {header!r}, found {first[:80]!r}")
    return rest
