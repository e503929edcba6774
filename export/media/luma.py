"""Adapter. Compare the brightness of two pictures, in the copy's own format; runs locked in.

PSNR is measured on the luma plane, in hundredths of a decibel, whole numbers only.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from av.video.frame import VideoFrame

Values = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
STRIP = 64
"""Rows that are compared at a time, so that memory does not grow with the picture."""
_TWO_BYTES = 8
_WHITE, _BLACK = 235, 16


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two pictures differ: squared errors of the whole, and of the worst row or column.

    The worst line is looked at because a lost last column hardly shows in the whole: measured.
    """

    whole: int
    pixels: int
    worst_line: int
    line_pixels: int


def difference(source: VideoFrame, copy: VideoFrame) -> Difference:
    """Return the squared differences over the source's area; padding is not compared.

    Raises: ValueError if the copy is smaller than the source.
    """
    width, height = source.width, source.height
    if copy.width < width or copy.height < height:
        raise ValueError(
            f"expected a picture of {width}x{height}, found {copy.width}x{copy.height}"
        )
    wanted, table = _luma(source)
    found = _plane(copy, "u1")
    columns, worst_row = np.zeros(width, np.int64), 0
    for top in range(0, height, STRIP):
        rows = slice(top, min(top + STRIP, height))
        strip = table[wanted[rows, :width]].astype(np.int32)
        strip -= found[rows, :width]
        strip *= strip
        columns += strip.sum(axis=0)
        worst_row = max(worst_row, int(strip.sum(axis=1).max()))
    worst_column = int(columns.max())
    if worst_row * height >= worst_column * width:
        return Difference(int(columns.sum()), width * height, worst_row, width)
    return Difference(int(columns.sum()), width * height, worst_column, height)


def psnr_centidb(error: int, pixels: int) -> int | None:
    """Return the PSNR of a sum of squared errors, rounded down; None where there is no error."""
    if error == 0:
        return None
    return math.floor(1000 * math.log10(255 * 255 * pixels / error))


def _luma(frame: VideoFrame) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.uint16]], Values]:
    """Return the source's luma values, and the table that takes each to the copy's format."""
    form = frame.format.name
    if not form.startswith(("yuv", "nv12", "nv16", "p010", "p210")) or form.endswith("be"):
        frame = frame.reformat(format="yuv420p", dst_color_range="MPEG", threads=1)
        return _plane(frame, "u1"), _table(8, 0, full=False)
    if form.startswith(("yuyv", "yuva")) or len(frame.planes) == 1:
        frame = frame.reformat(format="yuv420p", dst_color_range="MPEG", threads=1)
        return _plane(frame, "u1"), _table(8, 0, full=False)
    bits = frame.format.components[0].bits
    shift = 16 - bits if form.startswith("p") else 0
    full = form.startswith("yuvj") or int(frame.color_range) == 2  # noqa: PLR2004 - AVCOL_RANGE_JPEG
    return _plane(frame, "<u2" if bits > _TWO_BYTES else "u1"), _table(bits, shift, full=full)


@cache
def _table(bits: int, shift: int, *, full: bool) -> Values:
    """Map each luma value of the source to 8 bits, limited range."""
    size = 1 << (16 if bits > _TWO_BYTES else 8)
    values = (np.arange(size, dtype=np.float64) / (1 << shift)).clip(0, (1 << bits) - 1)
    if full:
        eight = _BLACK + values * (_WHITE - _BLACK) / ((1 << bits) - 1)
    else:
        eight = values / (1 << (bits - 8))
    table: Values = np.floor(eight + 0.5).clip(0, 255).astype(np.uint8)
    return table


def _plane(frame: VideoFrame, kind: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    plane = frame.planes[0]
    values = np.frombuffer(memoryview(plane), kind)
    rows: np.ndarray[tuple[int, int], np.dtype[np.uint16]] = values[
        : plane.line_size * plane.height // values.itemsize
    ].reshape(plane.height, -1)
    return rows
