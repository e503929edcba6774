"""Edge. What grows with a log and what does not, from ten thousand entries to ten million.

    python -m benchmarks.log.long_log --plot docs/images/ledger-growth.svg

writes one log into a folder that goes again, and measures it at each size: what an audit takes, and
what a proof and a monitor's look take. The entries are short; only the hashing of longer ones would
take more. Prints the figures, and draws them.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path

from benchmarks.log.logs import (
    LogWriter,
    Proving,
    auditing,
    beside_entries,
    proving,
    small,
    watching,
)

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_WIDTH, _HEIGHT, _LEFT, _TOP, _SPAN, _RISE = 760, 320, 60, 50, 270, 200
_COLOURS = ("#12403c", "#b3541e", "#4a5fa5")
_FEWEST, _MOST = 4, 7
"""Powers of ten: entries."""


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at one size."""

    size: int
    audit_s: float
    """Of processor time."""
    proof: Proving
    look_ms: float
    """Of a monitor that saw nine tenths of the log before."""
    beside: float
    """Bytes for each entry beside the entry itself."""


def measure(sizes: Sequence[int]) -> list[Point]:
    """Measure one growing log at each size."""
    points = []
    with tempfile.TemporaryDirectory(prefix="custos-bench-") as name:
        folder = Path(name)
        log = LogWriter(folder, small)
        for size in sizes:
            before = log.grow(size * 9 // 10)
            log.grow(size)
            proof, look = proving(folder), watching(folder, before)
            audit, beside = auditing(folder, of_ours=False), beside_entries(folder, size, small)
            points.append(Point(size, audit, proof, look, beside))
            print(table(points[-1:]))
    return points


def table(points: Sequence[Point]) -> str:
    """Return the figures as lines of a table in a document."""
    return "\n".join(
        f"| {one.size:,} | {one.audit_s:.2f} s | {one.size / one.audit_s:,.0f} | "
        f"{one.proof.milliseconds:.2f} ms | {one.proof.reads} | {one.proof.size:,} bytes | "
        f"{one.look_ms:.2f} ms | {one.beside:.1f} bytes |"
        for one in points
    )


def draw(points: Sequence[Point]) -> str:
    """Draw the figures: on the left what grows with the log, on the right what hardly does."""
    right = _LEFT + _SPAN + 120
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"',
        'font-family="sans-serif" font-size="12" fill="#222">',
        "<title>An audit takes as long as the log is; a proof and a look hardly change</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        *_panel(_LEFT, "A whole audit, seconds of processor time", (0.01, 0.1, 1, 10, 100)),
        *_line(_LEFT, points, lambda one: one.audit_s, (-2, 2), _COLOURS[0]),
        *_panel(right, "One proof, one look", (0.1, 1, 10, 100, 1000, 10_000)),
        *_line(right, points, lambda one: one.proof.size, (-1, 4), _COLOURS[0]),
        *_line(right, points, lambda one: one.proof.milliseconds, (-1, 4), _COLOURS[1]),
        *_line(right, points, lambda one: one.look_ms, (-1, 4), _COLOURS[2]),
        *_legend(right, ("proof file, bytes", "a proof, ms", "a monitor's look, ms")),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(left: int, title: str, ticks: Sequence[float]) -> list[str]:
    parts = [f'<text x="{left}" y="{_TOP - 20}" font-weight="bold">{title}</text>']
    low, high = log10(ticks[0]), log10(ticks[-1])
    for tick in ticks:
        y = _TOP + _RISE * (1 - (log10(tick) - low) / (high - low))
        parts.append(
            f'<path d="M{left} {y:.1f}h{_SPAN}" stroke="#ddd"/>'
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>'
        )
    parts += [
        f'<text x="{_across(left, 10**power):.1f}" y="{_TOP + _RISE + 18}" '
        f'text-anchor="middle">{_short(10**power)}</text>'
        for power in range(_FEWEST, _MOST + 1)
    ]
    middle = left + _SPAN / 2
    y = _TOP + _RISE + 38
    return [*parts, f'<text x="{middle:.0f}" y="{y}" text-anchor="middle">entries</text>']


def _line(
    left: int,
    points: Sequence[Point],
    value: Callable[[Point], float],
    powers: tuple[int, int],
    colour: str,
) -> list[str]:
    low, high = powers
    places = [
        (
            _across(left, one.size),
            _TOP + _RISE * (1 - (log10(value(one)) - low) / (high - low)),
        )
        for one in points
    ]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places)
    return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]


def _legend(left: int, names: Sequence[str]) -> list[str]:
    return [
        f'<circle cx="{left - 30 + 105 * number}" cy="{_HEIGHT - 12}" r="4" fill="{colour}"/>'
        f'<text x="{left - 22 + 105 * number}" y="{_HEIGHT - 8}" font-size="11">{name}</text>'
        for number, (name, colour) in enumerate(zip(names, _COLOURS, strict=True))
    ]


def _across(left: int, size: int) -> float:
    return left + _SPAN * (log10(size) - _FEWEST) / (_MOST - _FEWEST)


def _short(size: int) -> str:
    return f"{size // 1_000_000} million" if size >= 1_000_000 else f"{size // 1000} thousand"  # noqa: PLR2004 - what a million is


def main() -> None:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--plot", type=Path, help="where to draw it (SVG)")
    given = parser.parse_args()
    points = measure(given.sizes)
    if given.plot:
        given.plot.write_text(draw(points), encoding="utf-8")


if __name__ == "__main__":
    main()
