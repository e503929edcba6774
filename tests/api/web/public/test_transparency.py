"""What everybody may read of how cameras are used: small numbers hidden, and none of others."""

from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest

from api.web.public import cameras as pages
from evidence.cameras.register import NewList
from evidence.exhibits.clocks import LONDON
from evidence.people.access import Role
from evidence.requests.states import Path
from tests.api.web.visiting import Visitor
from tests.evidence.requests.requesting import request
from tests.houses import House

Opens = Callable[..., Visitor]
PAGE = "/transparency"
LIST = """id,location,lat,lon,type,maker,origin,sensitive
1,High Street,54.712600,-2.485400,PTZ,Axis,Sweden,no
2,Quay Street,54.713300,-2.486500,fixed,Axis,Sweden,no
3,Market,54.713300,-2.486500,fixed,<b>Nobody</b>,,no
X1,Covert Corner,54.713350,-2.486550,multi-lens,Secretive,Atlantis,yes
"""


@pytest.fixture(scope="module", autouse=True)
def register(house: House) -> None:
    """Take over a list with a sensitive camera."""
    cameras, by = house.services.cameras, house.subjects[Role.GOVERNANCE]
    new, at = NewList(LIST.encode(), "cameras.csv", {}), house.services.clock()
    with house.services.transaction() as session:
        name = cameras.rehearse(session, new, by=by, at=at).digest
        cameras.apply(session, new, name, by=by, at=at)


def test_cameras_are_counted_and_sensitive_ones_are_nowhere(browser: Opens) -> None:
    shown = browser().get(PAGE)
    assert shown.status_code == 200
    assert "<strong>3</strong> public cameras" in shown.text
    assert "Axis" in shown.text
    assert "&lt;b&gt;Nobody&lt;/b&gt;" in shown.text
    for word in ("Secretive", "Atlantis", "Multi-lens", "Covert"):
        assert word not in shown.text


def test_the_page_says_what_the_council_says(browser: Opens, house: House) -> None:
    shown = browser().get(PAGE).text
    council = house.services.council
    for said in (
        *council.told.purposes,
        f"overwrite footage by themselves after {council.retention_days} days",
        "no facial recognition is used with these cameras or their footage, live or later",
        "section 33 of the Protection of Freedoms Act 2012",
        council.email,
    ):
        assert said in shown
    assert '<script src="http' not in shown


def test_a_year_is_told_once_its_month_is_over_and_enough_came(
    browser: Opens, house: House
) -> None:
    at = house.services.clock()
    for path in (*[Path.INSURER] * 8, *[Path.COUNCIL] * 2):
        request(house, path, at)
    assert browser().get(PAGE).text.count("too few to say more") == 2
    later = at.astimezone(LONDON).replace(day=1, hour=0) + timedelta(days=40)
    with mock.patch.object(type(house.services), "clock", return_value=later):
        shown = browser().get(PAGE).text
    assert shown.count("too few to say more") == 1
    assert f"Figures of {at.astimezone(LONDON).year}" in shown
    assert "fewer than 5" in shown
    # Eight and two are ten, and eight to the nearest five are ten: nobody is told of the two.
    assert ">8<" not in shown
    assert shown.count("<strong>10</strong>") >= 2
    assert ">too few<" in shown


@pytest.mark.parametrize("place", ["/", "/cameras"])
def test_the_page_is_found(browser: Opens, place: str) -> None:
    assert 'class="govuk-link" href="/transparency"' in browser().get(place).text


def test_nobody_can_have_it_counted_without_end(
    browser: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_AN_HOUR", 0)
    assert browser().get(PAGE).status_code in {200, 429}
    assert browser().get(PAGE).status_code == 429
