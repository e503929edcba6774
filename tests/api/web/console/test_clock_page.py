"""The page and the call by which a picture of the clock comes, and where it is shown."""

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image

from evidence.exhibits.description import clock_picture
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.release.releases import label
from tests.api.asking import Web
from tests.api.web.console.test_additions import arrive, path, said
from tests.api.web.visiting import Visitor, hidden_fields
from tests.export.holdings.test_clock_pictures import photograph
from tests.export.release.release_acts import propose
from tests.houses import NEW, House, digest

Opens = Callable[..., Visitor]


@pytest.fixture
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def send(visitor: Visitor, exhibit: ExhibitRow, **form: str) -> tuple[int, str]:
    where = f"{path(exhibit)}/clock-picture"
    shown = visitor.get(where)
    assert shown.status_code == 200
    answer = visitor.post(where, {"form_token": hidden_fields(shown.text)["form_token"], **form})
    return answer.status_code, said(answer)


def stated(house: House, exhibit: ExhibitRow) -> str:
    row = house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))
    return clock_picture(described(row).clock_check)


def test_it_is_added_and_shown_where_footage_may_be_seen(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    operator, content = browser(Role.OPERATOR), photograph()
    assert "Add a picture of the clock" in said(operator.get(path(exhibit)))
    file = arrive(house, content, "screen.png")
    assert send(operator, exhibit, file=file, reason="the screen")[0] == 303
    assert stated(house, exhibit) == digest(content)
    page, source = operator.get(path(exhibit)), f"{path(exhibit)}/clock-picture.jpg"
    assert f'src="{source}"' in page.text
    assert digest(content) in page.text
    picture = operator.get(source)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.content != content
    with Image.open(io.BytesIO(picture.content)) as drawn:
        assert drawn.format == "JPEG"
    auditor = browser(Role.AUDITOR)
    assert source not in auditor.get(path(exhibit)).text
    assert auditor.get(source).status_code == 403
    release = propose(house, exhibit.reference)
    decision = browser(Role.RELEASER).get(f"/console/releases/{label(release)}/decision")
    assert f'src="{source}"' in decision.text
    assert "clock-check.png Picture of the clock" in said(decision)


def test_what_is_no_picture_is_told_at_its_field(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    operator = browser(Role.OPERATOR)
    status, words = send(operator, exhibit)
    assert status == 422
    assert "Select the picture" in words
    assert "Enter why it is added" in words
    file = arrive(house, b"<svg onload='alert(1)'/>", "screen.png")
    status, words = send(operator, exhibit, file=file, reason="why")
    assert status == 422
    assert "This picture is not taken" in words
    for gone in ("x", "00000000-0000-4000-8000-000000000000"):
        assert "is not here any more" in send(operator, exhibit, file=gone, reason="why")[1]
    assert send(operator, exhibit, file=arrive(house, photograph()), reason="x" * 2001)[0] == 422
    assert stated(house, exhibit) == ""


def test_a_correction_by_form_leaves_the_picture_and_one_without_a_comparison_has_none(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    operator, content = browser(Role.OPERATOR), photograph()
    send(operator, exhibit, file=arrive(house, content, "screen.png"), reason="the screen")
    form = operator.get(f"{path(exhibit)}/correct")
    fields = dict(
        re.findall(r'<input[^>]* name="([^"]+)" type="text"[^>]* value="([^"]*)"', form.text)
    )
    fields |= {"form_token": hidden_fields(form.text)["form_token"], "reason": "typed"}
    fast = {"clock": "fast", "title": "Mill Lane"}
    assert operator.post(f"{path(exhibit)}/correct", {**fields, **fast}).status_code == 303
    assert stated(house, exhibit) == digest(content)
    without = {**fields, "clock": "unchecked"}
    assert operator.post(f"{path(exhibit)}/correct", without).status_code == 303
    assert stated(house, exhibit) == ""
    assert "Add a picture" not in said(operator.get(path(exhibit)))


def test_the_calls_take_one_at_intake_and_later(house: House, web: Web) -> None:
    first, second = photograph(), photograph()
    body = {
        "reference": "CK",
        "camera": NEW.camera,
        "displayed_start": NEW.displayed_start,
        "displayed_end": NEW.displayed_end,
        "clock_offset_ms": 73000,
        "clock_picture": str(house.store(first)),
        "files": [{"upload": str(house.store(b"clip")), "name": "clip.mp4"}],
    }
    wrong = {**body, "clock_picture": str(house.store(b"no picture"))}
    answer = web.ask("POST", "/exhibits", Role.OPERATOR, json=wrong)
    assert (answer.status_code, answer.json()["field"]) == (422, "clock_picture")
    answer = web.ask("POST", "/exhibits", Role.OPERATOR, json=body)
    assert answer.status_code == 201, answer.text
    where = f"/exhibits/{answer.json()['id']}/corrections"
    change = {"reason": "a better one", "clock_picture": str(house.store(second))}
    assert web.ask("POST", where, Role.RELEASER, json=change).status_code == 403
    answer = web.ask("POST", where, Role.OPERATOR, json=change)
    assert answer.status_code == 200, answer.text
    kinds = [one["kind"] for one in answer.json()["files"]]
    assert kinds.count("clock_picture") == 2
