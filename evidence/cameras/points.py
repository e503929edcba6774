"""Pure. Points on the map of Great Britain, as people write them, and how far they are apart.

A point is WGS84 in millionths of a degree: 11 cm at the most, and no floats, so that it has one
form in what the ledger commits to. British grid references: Ordnance Survey, "A guide to
coordinate systems in Great Britain", section 7.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

from evidence.errors import InvalidError

MILLION = 1_000_000
_EARTH_M = 6_371_009
_LATITUDES, _LONGITUDES = (49_800_000, 60_900_000), (-8_700_000, 1_800_000)
_EASTINGS, _NORTHINGS = 700_000, 1_300_000
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_SQUARE_M = 100_000
_DIGITS = 5
_LEAST_DIGITS = 3
_NUMBER = r"([+-]?\d{1,3}(?:\.\d{1,15})?)"
_DEGREES = re.compile(
    rf"{_NUMBER}\s*°?\s*([NS]?)\s*[,;\s]\s*{_NUMBER}\s*°?\s*([EW]?)", re.ASCII | re.IGNORECASE
)
_GRID = re.compile(r"([A-HJ-Z]{2})\s*(\d{1,5})\s*(\d{1,5})|([A-HJ-Z]{2})\s*(\d{2,10})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A point in millionths of a degree (WGS84): north and east are positive."""

    latitude: int
    longitude: int


@dataclass(frozen=True, slots=True)
class GridPoint:
    """A point of the British National Grid (EPSG:27700), in metres."""

    easting: int
    northing: int


def is_in_britain(point: Point) -> bool:
    """Tell whether a point lies where Great Britain does, seen roughly."""
    (south, north), (west, east) = _LATITUDES, _LONGITUDES
    return south <= point.latitude <= north and west <= point.longitude <= east


def is_on_grid(easting: Decimal, northing: Decimal) -> bool:
    """Tell whether metres lie within the British National Grid."""
    return 0 < easting < _EASTINGS and 0 < northing < _NORTHINGS


def distance_m(one: Point, other: Point) -> float:
    """Return how many metres two points are apart (haversine on a mean sphere: 0.5 % at most)."""
    north, north_other = (radians(point.latitude / MILLION) for point in (one, other))
    up = sin((north_other - north) / 2) ** 2
    across = sin(radians((other.longitude - one.longitude) / MILLION) / 2) ** 2
    return 2 * _EARTH_M * asin(sqrt(up + cos(north) * cos(north_other) * across))


def parse_point(field: str, text: str) -> Point | GridPoint | None:
    """Read a point as somebody typed it: ``53.4645, -2.2847`` or ``SJ 812 962``; None: it is words.

    Raises:
        InvalidError: it looks like a point, and is none in Great Britain.
    """
    given = text.strip().upper()
    if match := _DEGREES.fullmatch(given):
        return _degrees(field, *match.groups())
    if match := _GRID.fullmatch(given):
        square, east, north, other, digits = match.groups()
        if other is not None:
            half, odd = divmod(len(digits), 2)
            if odd:
                raise InvalidError(field, f"{given} has an odd number of figures: check it")
            square, east, north = other, digits[:half], digits[half:]
        return _grid(field, square, east, north)
    return None


def _degrees(field: str, north: str, south: str, east: str, west: str) -> Point:
    latitude = int(Decimal(north) * MILLION) * (-1 if south == "S" else 1)
    longitude = int(Decimal(east) * MILLION) * (-1 if west == "W" else 1)
    point = Point(latitude, longitude)
    if not is_in_britain(point):
        words = "this point is not in Great Britain: latitude first, such as 53.4645, -2.2847"
        raise InvalidError(field, words)
    return point


def _grid(field: str, square: str, east: str, north: str) -> GridPoint:
    """Return the middle of the square that a grid reference names."""
    if len(east) != len(north) or len(east) < _LEAST_DIGITS:
        raise InvalidError(
            field, "a grid reference has two letters and six figures or more, such as SJ 812 962"
        )
    first, second = (_LETTERS.index(letter) for letter in square)
    size = 10 ** (_DIGITS - len(east))
    hundreds_east = (first - 2) % 5 * 5 + second % 5
    hundreds_north = 19 - first // 5 * 5 - second // 5
    easting = hundreds_east * _SQUARE_M + int(east) * size + size // 2
    northing = hundreds_north * _SQUARE_M + int(north) * size + size // 2
    if not is_on_grid(Decimal(easting), Decimal(northing)):
        raise InvalidError(
            field, f"there is no square {square} in Great Britain: check its letters"
        )
    return GridPoint(easting, northing)
