"""Pure. Bars that we draw ourselves: no script, no third party, and readable without colour.

Each bar has its name above it and its number beside it, so that length is never the only sign; one
whose number is hidden is an empty, dashed box of the same length as every other such one.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

Row: TypeAlias = tuple[str, int | Decimal | None, str]
WIDTH = 360
"""Of the picture, in its own units: on a telephone its letters are as large as those of the page's
small print."""
LINE = 18
BAR = 16
_GAP = 14
_NUMBERS = 90
"""What is left free for the number behind the longest bar."""
_LETTERS = 44
_HIDDEN = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a picture."""

    lines: tuple[str, ...]
    """Its name, broken where it is too long for one line."""
    y: int
    """Of the first line's foot."""
    top: int
    """Of the bar itself."""
    length: int
    said: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class BarChart:
    """A picture of bars, one below the other."""

    bars: tuple[Bar, ...]
    height: int
    width: int = WIDTH


def draw_bars(rows: Sequence[Row]) -> BarChart:
    """Return the bars of rows: the name of each, its number (None: hidden), and that in words."""
    most = max((number for _, number, _ in rows if number), default=1)
    bars, y = [], 0
    for name, number, said in rows:
        lines = tuple(textwrap.wrap(name, _LETTERS))
        top = y + LINE * len(lines) + 4
        length = _HIDDEN if number is None else round((WIDTH - _NUMBERS) * number / most)
        bars.append(Bar(lines, y + LINE - 3, top, length, said, number is None))
        y = top + BAR + _GAP
    return BarChart(tuple(bars), max(y - _GAP + 2, 1))
