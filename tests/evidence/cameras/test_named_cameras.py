"""An exhibit's camera may be one of the register: then it is stated as it was on that day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from api.running.first_start import fill_register
from evidence.cameras.named import cameras_on
from evidence.exhibits.description import Camera, Description
from evidence.exhibits.particulars import NewExhibit, describe, keeping, restated
from tests.evidence.exhibits.test_doubts import NOON, ONE
from tests.houses import NEW, House

HIGH_STREET = Camera(
    "BAR-0017", "BAR-0017", "High Street/Market Square, Cathedral", "54.712600", "-2.485400", "PTZ"
)


@pytest.fixture(scope="module", autouse=True)
def register(house: House) -> None:
    fill_register(house.services)


def on(house: House, reference: str, day: date = date(2026, 11, 20)) -> Camera | None:
    return house.look(lambda s: cameras_on(s)(reference, day))


def test_a_camera_of_the_register_is_stated_as_it_was_on_that_day(house: House) -> None:
    assert on(house, "bar-0017") == HIGH_STREET
    assert on(house, "JACK-1") is None
    moved = [on(house, "BAR-0021", day) for day in (date(2026, 10, 1), date(2026, 11, 1))]
    assert [one.location for one in moved if one] == [
        "Allington Way/Orley Farm Road, Stogumber",
        "Harding Lane (allotments), Plumstead",
    ]
    before = on(house, "BAR-0022", date(2026, 9, 1))
    assert before == Camera("BAR-0022", "BAR-0022", None, None, None, "fixed")
    vehicle = on(house, "BAR-0023")
    assert vehicle is not None
    assert (vehicle.lat, vehicle.lon) == (None, None)


def test_of_a_sensitive_camera_an_exhibit_states_what_was_typed_alone(house: House) -> None:
    assert on(house, "BAR-0024") == Camera("BAR-0024", "BAR-0024", None, None, None, None)


def said(new: NewExhibit, known: Callable[[str, date], Camera | None]) -> Description:
    return describe(new, (ONE,), role="operator", at=NOON, camera_on=known)


def test_a_correction_of_something_else_leaves_the_camera_as_it_was_stated() -> None:
    new = replace(NEW, camera="BAR-0017")
    typed = said(new, lambda *_: None)
    again = said(replace(restated(typed), title="x"), keeping(typed, lambda *_: HIGH_STREET))
    assert (again.title, again.camera) == ("x", typed.camera)
    start, end = (f"2026-11-19 14:0{minute}:00" for minute in (3, 4))
    other = replace(restated(typed), displayed_start=start, displayed_end=end)
    later = keeping(typed, lambda *_: HIGH_STREET)
    assert said(other, later).camera == HIGH_STREET, "of another day it is looked up again"
