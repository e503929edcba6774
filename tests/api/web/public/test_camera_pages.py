"""What strangers are told of cameras: which may have captured it, and nothing of any other."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from sqlalchemy import text
from sqlmodel import select

from api.app import create_app
from api.settings.facts import Council
from api.settings.street_map import StreetMap
from api.web.public import cameras as pages
from evidence.cameras.lists.columns import NOBODY
from evidence.limits import HOUR, AskedOftenRow
from storage.database import connect
from tests.api.statements import statements
from tests.api.web.visiting import Visitor, visiting
from tests.evidence.cameras.lists import listed, take_over
from tests.houses import House

Opens = Callable[..., Visitor]
LIST = """id,location,ward,lat,lon,type,owner,sensitive
1,High Street/Market Square,Old Town,54.712600,-2.485400,PTZ,Council,no
2,High Street (Town Hall),Old Town,54.713300,-2.486500,fixed,Council,no
10,Quay Street,,54.716400,-2.492000,fixed,=1+1,no
11,<b>Hostile</b> & Sons,,54.706400,-2.492000,fixed,,no
X1,Covert Corner,,54.713350,-2.486550,fixed,,yes
X2,Hidden Lane,,54.730000,-2.486550,fixed,,yes
"""
WHEN = {"date": "2026-11-20", "time": "14:03"}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def register(house: House) -> None:
    """Take over a list with two sensitive cameras."""
    take_over(house, LIST)


@pytest.fixture(autouse=True)
def now(house: House) -> Iterator[None]:
    """Ask two days after it happened, whenever the tests are run."""
    with clock_at(house, NOW):
        yield


@contextmanager
def clock_at(house: House, now: datetime) -> Iterator[None]:
    with mock.patch.object(type(house.services), "clock", return_value=now):
        yield


def asked(visitor: Visitor, **more: str) -> str:
    answer = visitor.get(pages.CHECK, params={**WHEN, **more})
    assert answer.status_code == 200, answer.text
    return re.sub(r"</?time[^>]*>", "", answer.text)


def told(page: str) -> list[tuple[str, str]]:
    """Return the cameras of an answer, each with how far away it is."""
    rows = re.findall(r"<li><strong>(.*?)</strong>.*: (.*) away</li>", page)
    return [(re.sub(r"<[^>]+>", "", reference), away) for reference, away in rows]


def test_a_place_in_words_leads_to_the_cameras_near_it(browser: Opens) -> None:
    page = asked(browser(), where="hihg street town hal")
    assert "Do you mean one of these?" in page
    assert 'value="High Street (Town Hall)"' in page
    page = asked(browser(), place="High Street (Town Hall)")
    assert told(page) == [("2", "less than 10 metres"), ("1", "about 100 metres")]
    assert "kept until" in page
    assert told(asked(browser(), where="town hall")) == told(page), "there is one of this name"


def test_several_places_of_a_name_are_chosen_from(browser: Opens) -> None:
    page = asked(browser(), where="high st")
    assert "Which place do you mean?" in page
    assert page.count('name="place"') == 2
    assert "Old Town" in page


@pytest.mark.parametrize("where", ["54.7164, -2.4920", "NY 684 358"])
def test_a_point_leads_to_the_cameras_near_it(browser: Opens, where: str) -> None:
    assert [one for one, _ in told(asked(browser(), where=where))] == ["10"]


def test_a_point_far_from_all_has_none(browser: Opens) -> None:
    page = asked(browser(), where="54.76, -2.4")
    assert told(page) == []
    assert "None of our public cameras is near this place" in page
    assert "kept until" not in page


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"where": ""}, "where", "Enter a street"),
        ({"where": "", "date": "", "time": ""}, "date", "Enter a street"),
        ({"where": "nowhere in particular"}, "where", "None of our cameras"),
        ({"where": "48.85, 2.35"}, "where", "not in Great Britain"),
        ({"where": "x" * 5000}, "where", "200 characters"),
        ({"where": "high street", "date": ""}, "date", "Enter the day"),
        ({"where": "high street", "time": "25:00"}, "time", "24-hour clock"),
        ({"where": "high street", "date": "2999-01-01"}, "date", "still to come"),
    ],
    ids=range(8),
)
def test_what_cannot_be_right_is_asked_again_and_keeps_what_was_typed(
    browser: Opens, given: dict[str, str], field: str, words: str
) -> None:
    answer = browser().get(pages.CHECK, params={**WHEN, **given})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert words in answer.text
    assert "Error: " in answer.text
    kept = given.get("time", WHEN["time"])
    assert f'value="{kept}"' in answer.text


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (30, "kept until 21 December 2026, 2:03 pm GMT"),
        (31, "has been overwritten"),
        (32, "has been overwritten"),
    ],
)
def test_the_answer_says_whether_footage_is_still_there(
    browser: Opens, house: House, days: int, words: str
) -> None:
    incident = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)
    with clock_at(house, incident + timedelta(days=days)):
        assert words in asked(browser(), place="Quay Street")


def test_across_the_end_of_summer_time_the_earlier_moment_is_said(
    browser: Opens, house: House
) -> None:
    with clock_at(house, NOW):
        page = asked(browser(), place="Quay Street", date="2026-10-24", time="14:03")
        assert "24 October 2026, 2:03 pm BST" in page
        assert "kept until 24 November 2026, 1:03 pm GMT" in page
        again = browser().get(
            pages.CHECK, params={"place": "Quay Street", "date": "2026-03-29", "time": "01:30"}
        )
    assert "the clocks went forward" in again.text


QUESTIONS = (
    {"place": "High Street (Town Hall)"},
    {"where": "54.713350, -2.486550"},
    {"where": "54.73, -2.48655"},
    {"where": "covert corner"},
    {"where": "hidden lane"},
    {"where": "high street"},
)


def answers(browser: Opens, house: House) -> tuple[list[bytes], list[str]]:
    """Return every answer to a stranger, byte for byte, and what was asked of the database."""
    visitor, found = browser(), []
    with statements(house) as seen:
        for question in QUESTIONS:
            answer = visitor.get(pages.CHECK, params={**WHEN, **question})
            found.append(answer.content)
        found += [visitor.get(path).content for path in ("/cameras/all", "/cameras.csv")]
    return found, [one for one in seen if "asked_often" not in one]


def test_whether_there_is_a_sensitive_camera_changes_no_byte_and_no_work(
    browser: Opens, house: House
) -> None:
    with clock_at(house, NOW):
        there, work = answers(browser, house)
        # As if they had never been: past the register, in which nothing is ever deleted.
        owner = connect(house.settings.addresses().owner_url)
        with owner.begin() as connection:
            for change in (
                "DELETE FROM camera_placement USING camera WHERE camera = id AND sensitive",
                "DELETE FROM camera WHERE sensitive",
            ):
                assert connection.execute(text(change)).rowcount == 2
        owner.dispose()
        never, as_much = answers(browser, house)
    assert there == never
    assert work == as_much
    assert not any(re.search(rb"X1|X2|Covert Corner<|Hidden Lane<", one) for one in there)


def test_the_public_is_read_by_an_index_that_holds_no_sensitive_camera(house: House) -> None:
    with house.services.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = session.execute(
            text(
                "EXPLAIN SELECT * FROM camera WHERE NOT sensitive ORDER BY "
                'char_length(reference), reference COLLATE "C", id'
            )
        ).scalars()
        assert "camera_public" in "\n".join(plan)


def test_the_list_names_every_public_camera_page_by_page(
    browser: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    first = browser().get("/cameras/all").text
    following = re.search(r'href="(/cameras/all\?after=[0-9a-f-]+)"', first)
    assert following
    second = browser().get(following[1]).text
    names = re.findall(r'scope="row"[^>]*><span[^>]*>(.*?)</span></th>', first + second)
    assert names == ["1", "2", "10", "11"]
    assert "<strong>4</strong> cameras" in first
    assert first.count("<circle") == 4
    assert "&lt;b&gt;Hostile&lt;/b&gt; &amp; Sons" in second
    assert browser().get("/cameras/all?after=x").text.count("<circle") == 4


def test_the_open_data_holds_public_cameras_alone_and_runs_in_no_spreadsheet(
    browser: Opens,
) -> None:
    answer = browser().get("/cameras.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["camera_id", "1", "2", "10", "11"]
    assert rows[1][3:5] == ["54.712600", "-2.485400"]
    assert rows[3][-1] == "'=1+1"
    again = listed(answer.content, NOBODY)
    assert [camera.reference for camera in again.cameras] == ["1", "2", "10", "11"]
    assert again.cameras[0].placements[0].area == "Old Town"


def test_a_council_that_publishes_no_points_tells_streets_and_references_alone(
    browser: Opens, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.services.public_cameras, "_points", False)
    monkeypatch.setattr(Council, "camera_points", False)
    visitor = browser()
    page = visitor.get(pages.CHECK, params={**WHEN, "place": "High Street (Town Hall)"}).text
    refused = visitor.get(pages.CHECK, params={**WHEN, "where": "54.7133, -2.4865"})
    form, every = (visitor.get(path).text for path in ("/cameras", "/cameras/all"))
    sheet = visitor.get("/cameras.csv").text
    assert re.findall(r"<li><strong><span[^>]*>(.*?)</span></strong>", page) == ["1", "2"]
    assert "metres" not in page
    assert "<circle" not in page + every
    assert refused.status_code == 422
    assert "no points are answered here" in refused.text
    assert "grid reference" not in form
    assert "54.7" not in sheet
    assert "High Street/Market Square" in sheet


def test_who_asks_too_often_waits_for_the_next_hour_and_others_do_not(
    browser: Opens, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = NOW.replace(hour=15, minute=20)
    monkeypatch.setattr(pages, "MOST_AN_HOUR", 3)
    with clock_at(house, later):
        codes = [browser().get(pages.CHECK, params=WHEN).status_code for _ in range(5)]
        assert codes == [422, 422, 422, 429, 429]
        refused = browser().get(pages.CHECK, params=WHEN)
        assert refused.headers["retry-after"] == str(40 * 60 + 1)
        assert browser().get("/cameras.csv").status_code == 200, "it is counted for itself"
        assert browser().get("/cameras").status_code == 200
    with clock_at(house, later + HOUR):
        assert browser().get(pages.CHECK, params=WHEN).status_code == 422
    with clock_at(house, later + 3 * HOUR):
        browser().get(pages.CHECK, params=WHEN)
    kept = house.look(lambda s: s.exec(select(AskedOftenRow)).all())
    assert not any("127.0.0.1" in row.address for row in kept)
    assert min(row.hour for row in kept if row.what == "cameras") > later, "others are forgotten"


TILES = StreetMap("https://tiles.example/{z}/{x}/{y}.png", 'Streets & "Lanes"', most_zoom=18)


def pictures_allowed(visitor: Visitor, path: str) -> str:
    policy = visitor.get(path, params=WHEN).headers["content-security-policy"]
    found = re.search("img-src ([^;]*);", policy)
    assert found
    return found[1]


def test_without_a_tile_address_the_map_stands_on_nothing_and_asks_nobody(browser: Opens) -> None:
    visitor = browser()
    page = asked(visitor, place="Quay Street")
    assert 'data-at="54.716400,-2.492000" data-label="1" data-name="10"' in page
    assert "data-tiles" not in page
    assert "camera-map.js" in page
    assert pictures_allowed(visitor, pages.CHECK) == "'self'"


def test_tiles_of_the_council_are_allowed_on_the_pages_with_a_map_and_named_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Council, "streets", TILES)
    with visiting(create_app(house.services), house) as visitor:
        page = asked(visitor, place="Quay Street")
        private = visitor.get("/privacy").text
        allowed = {path: pictures_allowed(visitor, path) for path in ("/", *sorted(pages.MAPPED))}
        staff = visitor.get("/console/cameras").headers["content-security-policy"]
    assert 'data-tiles="https://tiles.example/{z}/{x}/{y}.png"' in page
    assert 'data-attribution="Streets &amp; &#34;Lanes&#34;"' in page
    assert "The streets come from tiles.example" in page
    assert "its streets come from tiles.example" in private
    assert allowed == {"/": "'self'"} | dict.fromkeys(pages.MAPPED, "'self' https://tiles.example")
    assert "tiles.example" not in staff
