"""Adapter. PROJ, by pyproj: from the British National Grid to WGS84, without any network.

Without Ordnance Survey's grid of corrections (OSTN15), which pyproj would fetch, a point is right
to some metres: less than what a camera's own row in a list is.
"""

from collections.abc import Callable
from functools import cache

from evidence.cameras.points import MILLION, GridPoint, Point

_GRID, _WGS84 = 27700, 4326


def to_point(point: GridPoint) -> Point:
    """Return where a point of the British National Grid lies."""
    longitude, latitude = _transform()(float(point.easting), float(point.northing))
    return Point(round(latitude * MILLION), round(longitude * MILLION))


@cache
def _transform() -> Callable[[float, float], tuple[float, float]]:
    # Loaded when somebody needs it: it takes a quarter of a second, of every start otherwise.
    from pyproj import Transformer  # noqa: PLC0415
    from pyproj._network import set_network_enabled  # noqa: PLC0415 - told in pyproj.network

    set_network_enabled(active=False)
    made = Transformer.from_crs(_GRID, _WGS84, always_xy=True, allow_ballpark=False)
    return lambda east, north: made.transform(east, north, errcheck=True)
