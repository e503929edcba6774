"""Pure. A map of cameras, drawn by us: where they are to one another, with a scale and the north.

No tile, no script and no third party: what a browser is sent is a small picture in the page, and
the list beside it says the same in words. A script makes a map of it that can be moved, from what
stands in the picture. Points are laid on a plane about their middle, which for
a town is right to the width of a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

from evidence.cameras.points import MILLION, Point

WIDTH, HEIGHT = 480, 380
"""Of the picture, in its own units; it is as wide as its column."""
_MARGIN = 40
_LEAST_M = 300.0
"""Metres that a map shows at the least: a single point has no size."""
_DEGREE_M = 111_195.0
_SCALES_M = tuple(step * 10**power for power in (1, 2, 3, 4, 5) for step in (1, 2, 5))
_LONGEST_SCALE = 140
_KILO = 1000


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something lies on the picture."""

    x: float
    y: float
    at: str
    """Latitude and longitude in degrees, for the script."""
    label: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class CameraMap:
    """A picture: spots of cameras, and of what was asked about."""

    cameras: tuple[Spot, ...]
    asked: tuple[Spot, ...]
    scale_px: float
    scale_words: str
    width: int = WIDTH
    height: int = HEIGHT


def draw(
    cameras: Sequence[tuple[Point, str, str]], asked: Sequence[Point] = ()
) -> CameraMap | None:
    """Return the map of cameras, each with its label and name, and of points; None: nothing.

    North is up.
    """
    points = [*(point for point, _, _ in cameras), *asked]
    if not points:
        return None
    south, north = (pick(one.latitude for one in points) / MILLION for pick in (min, max))
    west, east = (pick(one.longitude for one in points) / MILLION for pick in (min, max))
    middle = (south + north) / 2, (west + east) / 2
    narrowing = cos(radians(middle[0]))
    wide = max((east - west) * narrowing * _DEGREE_M, _LEAST_M)
    high = max((north - south) * _DEGREE_M, _LEAST_M)
    px_per_m = min((WIDTH - 2 * _MARGIN) / wide, (HEIGHT - 2 * _MARGIN) / high)

    def spot(point: Point, label: str = "", name: str = "") -> Spot:
        right = (point.longitude / MILLION - middle[1]) * narrowing * _DEGREE_M
        up = (point.latitude / MILLION - middle[0]) * _DEGREE_M
        x, y = WIDTH / 2 + right * px_per_m, HEIGHT / 2 - up * px_per_m
        at = f"{point.latitude / MILLION:.6f},{point.longitude / MILLION:.6f}"
        return Spot(round(x, 1), round(y, 1), at, label, name)

    metres = max(
        (one for one in _SCALES_M if one * px_per_m <= _LONGEST_SCALE), default=_SCALES_M[0]
    )
    words = f"{metres // _KILO} km" if metres >= _KILO else f"{metres} metres"
    return CameraMap(
        tuple(spot(*camera) for camera in cameras),
        tuple(spot(point) for point in asked),
        round(metres * px_per_m, 1),
        words,
    )
