"""The map that we draw: what is north lies above, and its scale is true."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.public.camera_map import HEIGHT, WIDTH, CameraMap, draw
from evidence.cameras.points import Point, distance_m

HERE = Point(54_712_600, -2_485_400)


def drawn(*points: Point) -> CameraMap:
    found = draw([(point, str(number), f"C{number}") for number, point in enumerate(points, 1)])
    assert found is not None
    return found


def metres(map_: CameraMap) -> float:
    number, unit = map_.scale_words.split()
    return int(number) * (1000 if unit == "km" else 1)


def test_north_is_up_and_east_is_right() -> None:
    north, east = Point(54_722_600, -2_485_400), Point(54_712_600, -2_475_400)
    here, above, right = drawn(HERE, north, east).cameras
    assert above.y < here.y == right.y
    assert right.x > here.x == above.x
    assert (here.label, above.label, right.label) == ("1", "2", "3")
    assert (above.name, above.at) == ("C2", "54.722600,-2.485400"), "what the script is told"


def test_nothing_has_no_map_and_one_point_lies_in_the_middle() -> None:
    assert draw([]) is None
    alone = draw([], [HERE])
    assert alone is not None
    assert [(spot.x, spot.y) for spot in alone.asked] == [(WIDTH / 2, HEIGHT / 2)]


@given(st.integers(1, 200_000), st.integers(-300_000, 300_000))
def test_everything_lies_inside_and_the_scale_is_true(north: int, east: int) -> None:
    other = Point(HERE.latitude + north, HERE.longitude + east)
    found = drawn(HERE, other)
    assert all(0 < spot.x < WIDTH and 0 < spot.y < HEIGHT for spot in found.cameras)
    assert 20 <= found.scale_px <= 140
    one, two = found.cameras
    px = ((one.x - two.x) ** 2 + (one.y - two.y) ** 2) ** 0.5
    told = px * metres(found) / found.scale_px
    assert told == pytest.approx(distance_m(HERE, other), rel=0.03, abs=2 * metres(found) / 100)
