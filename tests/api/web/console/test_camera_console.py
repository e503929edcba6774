"""The register of cameras in the console: looked through, marked, changed as rehearsed."""

import html
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from httpx import Response
from sqlmodel import func, select

from api.web.console.cameras.lists import IMPORT
from api.web.console.cameras.pages import LIST, PAGE
from evidence.cameras.tables import CameraImportRow, CameraRow
from evidence.people.access import Role
from tests.api.web.visiting import Visitor, hidden_fields
from tests.houses import House

Opens = Callable[..., Visitor]
HEAD = "camera_id,Site description,lat,lon,views,sensitive\n"
ROWS = (
    "BAR-0001,High Street/Market Square,53.100000,-2.200000,north;south,no\n"
    "BAR-0002,Station Road,53.103000,-2.204000,,no\n"
    "X1,Covert <b>Corner</b>,53.106000,-2.208000,,yes\n"
)
PLAIN = "camera_id,location,lat,lon,views,sensitive\n"
MAPPED = {"map_location": "Site description"}


@pytest.fixture
def governance(browser: Opens) -> Visitor:
    return browser(Role.GOVERNANCE)


def sent(visitor: Visitor, content: str | bytes, name: str = "cameras.csv") -> Response:
    """Send a list as a form does that runs no script."""
    fields = hidden_fields(visitor.get(IMPORT).text)
    bytes_ = content.encode() if isinstance(content, str) else content
    form = {**fields, "source": "https://barchester.example/cctv", "licence": "OGL v3.0"}
    return visitor.post(IMPORT, form, files={"file": (name, bytes_, "text/csv")})


def again(visitor: Visitor, page: Response, place: str, **form: str) -> Response:
    """Send a form of the page that shows what a list would change, with what it carries."""
    return visitor.post(place, {**hidden_fields(page.text), **form})


def changed(visitor: Visitor, content: str) -> None:
    page = again(visitor, sent(visitor, content), IMPORT, **MAPPED)
    answer = again(visitor, page, f"{IMPORT}/apply")
    assert answer.status_code == 303, html.unescape(answer.text)


def camera(house: House, reference: str) -> UUID:
    found = select(CameraRow.id).where(CameraRow.reference == reference)
    return house.look(lambda s: s.exec(found).one())


def imports(house: House) -> int:
    return house.look(lambda s: s.exec(select(func.count(CameraImportRow.number))).one())  # type: ignore[arg-type]


def test_a_list_is_mapped_once_rehearsed_and_taken_over(governance: Visitor, house: House) -> None:
    assert "The register is empty" in governance.get(LIST).text
    broken = sent(governance, HEAD + ROWS)
    assert broken.status_code == 422
    assert "location" in broken.text
    mapped = again(governance, broken, IMPORT, **MAPPED)
    assert "3 added" in mapped.text
    assert imports(house) == 0, "nothing is changed yet"
    done = again(governance, mapped, f"{IMPORT}/apply")
    assert done.status_code == 303, done.text
    shown = governance.get(done.headers["location"]).text
    assert "The list was taken over." in shown
    assert "https://barchester.example/cctv" in shown
    assert "Covert &lt;b&gt;Corner" in shown
    remembered = sent(governance, HEAD + ROWS.replace("53.103000", "53.105000"))
    assert "1 moved" in remembered.text, "its column is known by now"
    assert "Site description (found)" in remembered.text


def test_what_would_change_anything_else_by_now_is_not_taken_over(
    governance: Visitor, house: House
) -> None:
    page = sent(governance, HEAD + ROWS + "BAR-0003,Mill Lane,53.107000,-2.209000,,no\n")
    changed(governance, HEAD + ROWS + "BAR-0004,Mill Lane,53.107000,-2.209000,,no\n")
    before = imports(house)
    late = again(governance, page, f"{IMPORT}/apply")
    assert late.status_code == 422
    assert "not what was rehearsed" in late.text
    assert imports(house) == before
    right = again(governance, late, f"{IMPORT}/apply")
    assert right.status_code == 303, "what it shows now can be taken over"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PLAIN + 'BAR-0001,"open', "double quotes"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"\x00\x01\x02", "no text file"),
        ("", "the list holds nothing"),
        (PLAIN + "BAR-0001,High Street,north,-2.2,,no\n", "is no number"),
        (b"x" * 1_000_000, "no CSV"),
    ],
    ids=["quotes", "utf-16", "binary", "empty", "cells", "long"],
)
def test_a_broken_list_is_named_and_changes_nothing(
    governance: Visitor, house: House, content: str | bytes, words: str
) -> None:
    before = imports(house)
    answer = sent(governance, content)
    assert answer.status_code == 422
    assert words in html.unescape(answer.text)
    assert imports(house) == before


def test_what_a_page_carries_may_be_anything(governance: Visitor, house: House) -> None:
    token, before = hidden_fields(governance.get(IMPORT).text), imports(house)
    bomb = "eNrtwTEBAAAAwqD1T20ND6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    for carried in ("", "%%%", "AAAA", bomb, "é"):
        form = {**token, "list": carried, "name": "x.csv"}
        for place in (IMPORT, f"{IMPORT}/apply"):
            assert governance.post(place, form).status_code == 422
    assert imports(house) == before


def test_the_register_is_found_parted_and_read_page_by_page(
    governance: Visitor, browser: Opens
) -> None:
    many = "".join(
        f"CAM-{number:03},Long Lane,53.1{number:03}00,-2.200000,,no\n" for number in range(PAGE + 5)
    )
    changed(governance, HEAD + ROWS + many)
    auditor = browser(Role.AUDITOR)
    first = auditor.get(LIST).text
    following = re.search(r'href="([^"]*after=[^"]*)" rel="next"', first)
    assert following is not None
    second = auditor.get(html.unescape(following[1])).text
    references = re.findall(r'/console/cameras/[0-9a-f-]{36}"><span[^>]*>([^<]+)<', first + second)
    assert len(references) == len(set(references)) == PAGE + 8
    found = auditor.get(LIST, params={"q": "station"}).text
    assert "BAR-0002" in found
    assert "BAR-0001" not in found
    assert "BAR-0001" not in auditor.get(LIST, params={"q": "%"}).text
    hidden = auditor.get(LIST, params={"show": "sensitive"}).text
    assert "X1" in hidden
    assert "BAR-0001" not in hidden
    changed(governance, HEAD + ROWS)
    assert "CAM-001" in auditor.get(LIST, params={"show": "gone", "q": "long lane"}).text
    assert "Take over a list" not in auditor.get(LIST).text


def test_a_camera_is_marked_with_a_reason_by_who_may(
    governance: Visitor, browser: Opens, house: House
) -> None:
    changed(governance, HEAD + ROWS)
    place = f"{LIST}/{camera(house, 'BAR-0001')}"
    shown = governance.get(place).text
    assert "<li>north</li>" in shown
    assert "<svg" in shown
    for form in ({"choice": "", "reason": "x"}, {"choice": "sensitive", "reason": " "}):
        assert governance.fill(f"{place}/marking", form).status_code == 422
    form = {"choice": "sensitive", "reason": "an operation"}
    done = governance.fill(f"{place}/marking", form)
    assert done.status_code == 303, done.text
    assert "whether there is such a camera" in governance.get(done.headers["location"]).text
    assert governance.fill(f"{place}/marking", form).status_code == 409, "it is so already"
    assert "High Street" not in browser().get("/cameras/all").text
    assert browser(Role.OPERATOR).get(f"{place}/marking").status_code == 403


def test_a_camera_that_has_gone_stays_in_the_register(governance: Visitor, house: House) -> None:
    changed(governance, HEAD + ROWS)
    place = f"{LIST}/{camera(house, 'BAR-0002')}"
    form = {"choice": "gone", "reason": "the pole was taken down"}
    token = hidden_fields(governance.get(f"{place}/marking").text)
    assert governance.post(f"{place}/marking", {**token, **form}).status_code == 303
    shown = governance.get(place).text
    assert "Gone since" in shown
    assert "until" in shown
    assert governance.post(f"{place}/marking", {**token, **form}).status_code == 409
    assert governance.get(f"{place}/marking").status_code == 303
    assert governance.get(f"{LIST}/{UUID(int=1)}").status_code == 404
