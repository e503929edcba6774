"""The form offers the cameras of the register; the page says whether the exhibit's is one."""

from collections.abc import Callable
from dataclasses import replace

from api.running.first_start import fill_register
from evidence.exhibits.description import Camera
from evidence.exhibits.recorded import described
from evidence.people.access import Role
from tests.api.web.visiting import Visitor
from tests.evidence.cameras.test_named_cameras import HIGH_STREET
from tests.houses import NEW, House

Opens = Callable[..., Visitor]
TYPED = Camera("JACK-1", "JACK-1", None, None, None, None)


def test_an_exhibit_is_stated_with_the_place_of_its_camera_and_its_page_says_so(
    house: House, browser: Opens
) -> None:
    fill_register(house.services)
    visitor = browser(Role.OPERATOR)
    for camera, stated, words in (
        ("bar-0017", HIGH_STREET, "From the register of cameras: High Street/Market Square"),
        ("JACK-1", TYPED, "As it was typed: it is not in the register of cameras"),
        ("BAR-0024", replace(TYPED, id="BAR-0024", name="BAR-0024"), "nothing more is stated"),
    ):
        row = house.exhibit(new=replace(NEW, camera=camera, reference="CR"))
        assert described(row).camera == stated
        assert row.camera == stated.id
        page = visitor.get(f"/console/exhibits/{row.reference.replace('/', '-')}").text
        assert words in page
        form = visitor.get(f"/console/exhibits/{row.reference.replace('/', '-')}/correct").text
        assert '<option value="BAR-0017">High Street/Market Square</option>' in form
        assert 'list="cameras"' in form
