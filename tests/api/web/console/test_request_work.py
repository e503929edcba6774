"""The page of a request as the control room works with it: coverage, incident, search, intake."""

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx import Response

from api.times import utc_now
from api.web.console.intake.files import FILES
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from evidence.requests.coverage.findings import FOUND
from evidence.requests.recorded import steps_of
from evidence.requests.states import Path, RequestStep
from evidence.requests.tables import RequestRow
from tests.api.web.console.test_intake_pages import newest
from tests.api.web.visiting import Visitor, hidden_fields
from tests.evidence.cameras.lists import take_over
from tests.evidence.requests.requesting import decide, preserve, request
from tests.houses import House

Opens = Callable[..., Visitor]
DESK = "/console/requests"
NEW = "/console/exhibits/new"
LIST = """id,location,lat,lon,sensitive
BAR-0017,Quay Street,54.716400,-2.492000,no
X1,Quay Street,54.716400,-2.492000,yes
"""
QUAY = {"street": "Quay Street", "landmark": "", "point": "", "incident_date": "2026-11-20"}


@pytest.fixture(scope="module", autouse=True)
def register(house: House) -> None:
    take_over(house, LIST)


@pytest.fixture(scope="module")
def exhibit(house: House) -> ExhibitRow:
    """Return an exhibit of BAR-0017, about 2 pm on the day of the incident."""
    return house.exhibit()


def now() -> datetime:
    return utc_now().replace(microsecond=0)


def asked(house: House, mailbox: str, path: Path = Path.POLICE, **other: str) -> RequestRow:
    domain = "barset.police.example" if path is Path.POLICE else "insurer.example"
    return request(house, path, now(), email=f"{mailbox}@{domain}", **{**QUAY, **other})


def sent(house: House, visitor: Visitor, urn: str) -> str:
    """Send a file by the plain form for a request; return the upload."""
    page = f"{NEW}?request={urn}"
    files = {"file": ("ch03.mp4", b"clip", "video/mp4")}
    answer = visitor.post(FILES, hidden_fields(visitor.get(page).text), files=files)
    assert led(answer) == page
    return newest(house)


def shown(visitor: Visitor, row: RequestRow, place: str = "") -> str:
    answer = visitor.get(f"{DESK}/{row.urn}{place}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def send(visitor: Visitor, row: RequestRow, place: str, **form: str) -> Response:
    return visitor.fill(f"{DESK}/{row.urn}/{place}", form)


def led(answer: Response) -> str:
    assert answer.status_code == 303, html.unescape(answer.text)
    return str(answer.headers["location"])


def test_what_the_register_found_is_one_button_away_from_the_answer(
    browser: Opens, house: House
) -> None:
    row, operator = asked(house, "cover", cameras="BAR-0017\nX1"), browser(Role.OPERATOR)
    page = shown(operator, row)
    assert "BAR-0017</a>, Quay Street (at the place)" in page
    assert "none of the public cameras: X1." in page
    steps = house.look(lambda s: steps_of(s, row.id))
    (step,) = [one for one in steps if one.event == FOUND]
    assert step.told["facts"]["register"] in page
    filled = shown(operator, row, "/coverage")
    assert re.search(r'value="covered" checked', filled)
    assert "may have captured it: BAR-0017 (Quay Street)</textarea>" in filled
    other = shown(operator, row, "/coverage?choice=not_covered")
    assert re.search(r'value="not_covered" checked', other)
    button = re.search(r'name="reason" value="([^"]+)"', page)
    assert button is not None
    led(send(operator, row, "coverage", choice="covered", reason=button[1]))
    after = shown(operator, row)
    assert "Covered by these cameras" not in after
    assert "Cameras may have captured it</strong>, Test operator" in after
    assert "BAR-0017\n" in shown(operator, row, "/preservation")


def test_whoever_only_reads_is_offered_no_button(browser: Opens, house: House) -> None:
    page = shown(browser(Role.AUDITOR), asked(house, "reader"))
    assert "BAR-0017" in page
    assert "Covered by these cameras" not in page


def test_the_page_draws_both_clocks_and_says_what_was_done_in_order(
    browser: Opens, house: House
) -> None:
    row, operator = asked(house, "drawn", Path.INSURER), browser(Role.OPERATOR)
    preserve(house, row, now())
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, now())
    page = shown(operator, row)
    assert page.count('<svg viewBox="0 0 480') == 1, "the answer was given: its clock is not drawn"
    order = ["Request received", "Control room asked", "Register of cameras", "is preserved"]
    order += ["Cameras may have captured it</strong>", "Fee asked for"]
    timeline = page[page.index('id="timeline"') :]
    places = [timeline.index(words) for words in order]
    assert places == sorted(places)
    assert "GMT" in timeline or "BST" in timeline


def test_an_incident_is_linked_and_the_queue_finds_the_request_by_it(
    browser: Opens, house: House
) -> None:
    row, operator = asked(house, "incident"), browser(Role.OPERATOR)
    empty = send(operator, row, "incident", incident=" ")
    assert "Enter the number of the incident" in empty.text
    done = led(send(operator, row, "incident", incident="INC <b>7"))
    assert "belongs" in operator.get(done).text
    assert "INC <b>7" in shown(operator, row)
    found = operator.get(DESK, params={"q": "INC <b>7"}).text
    assert row.urn in found
    assert "<b>7" not in found
    page = f"{DESK}/{row.urn}/incident"
    assert operator.fill(page, {"reason": ""}, f"{page}/removal").status_code == 422
    led(operator.fill(page, {"reason": "another one"}, f"{page}/removal"))
    assert "None is linked" in shown(operator, row)
    led(send(operator, row, "withdrawal", reason="by telephone"))
    assert led(operator.get(f"{DESK}/{row.urn}/incident")) == f"{DESK}/{row.urn}"
    assert operator.fill("/sign-out", {"incident": "INC 8"}, page).status_code == 409


def test_the_queue_is_parted_by_path_by_who_deals_with_it_and_by_risk(
    browser: Opens, house: House
) -> None:
    day = (now() - timedelta(days=28)).date().isoformat()
    soon, other = (
        asked(house, "risk", incident_date=day),
        asked(
            house,
            "calm",
            Path.INSURER,
            incident_date=(now() - timedelta(days=1)).date().isoformat(),
        ),
    )
    releaser = browser(Role.RELEASER)

    def urns(**query: str) -> set[str]:
        answer = releaser.get(DESK, params={"show": "open", **query})
        return set(re.findall(rf'href="{DESK}/([^"?/]+)"', answer.text))

    assert {soon.urn, other.urn} <= urns()
    assert soon.urn in urns(path="police")
    assert other.urn not in urns(path="police")
    assert soon.urn in urns(show="at_risk")
    assert other.urn not in urns(show="at_risk")
    assert soon.urn not in urns(who="me")
    decide(house, soon, RequestStep.COVERED, Role.RELEASER, now())
    assert urns(who="me") == {soon.urn}
    assert urns(path="nobody") == urns()
    assert '<svg viewBox="0 0 480' in releaser.get(DESK).text


def test_a_search_shows_what_is_preserved_and_its_result_stands_on_the_page(
    browser: Opens, house: House, exhibit: ExhibitRow
) -> None:
    first, row, operator = asked(house, "first"), asked(house, "search"), browser(Role.OPERATOR)
    preserve(house, first, now())
    page = shown(operator, row, "/search")
    assert exhibit.reference in page
    assert first.urn in page
    assert "the evidence drive" not in page
    result = re.search(r'<textarea[^>]* id="reason"[^>]*>([^<]*)</textarea>', page)
    assert result is not None
    assert result[1].startswith(f"Of these cameras and this time: {exhibit.reference}, ")
    assert first.urn in result[1]
    led(send(operator, row, "search", reason=result[1]))
    assert result[1] in shown(operator, row)
    elsewhere = asked(house, "elsewhere", incident_date="2026-11-19")
    none = shown(operator, elsewhere, "/search")
    assert "Nothing of these cameras and this time is preserved." in none


def test_a_clip_is_taken_in_for_a_request_and_linked_to_it(browser: Opens, house: House) -> None:
    row, operator = asked(house, "intake"), browser(Role.OPERATOR)
    assert f"{NEW}?request={row.urn}" in shown(operator, row)
    file = sent(house, operator, row.urn)
    details = html.unescape(operator.get(f"{NEW}/details?file={file}&request={row.urn}").text)
    assert 'name="camera" type="text" value="BAR-0017"' in details
    assert 'value="14:00:00 GMT"' in details
    form = {"file": file, "request": row.urn, **CLIP}
    check = operator.fill(NEW, form, f"{NEW}/details")
    assert "For request" in check.text, check.text
    made = led(operator.fill(NEW, form))
    reference = house.look(lambda s: house.services.exhibits.find(s, made.split("/")[-1])).reference
    page = shown(operator, row)
    assert page.count(reference) == 2, "under its footage, and among what was done"
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, now())
    led(send(operator, row, "review"))
    assert f'value="{reference}"' in shown(operator, row, "/outcome")


def test_a_request_that_ended_meanwhile_costs_nobody_what_they_typed(
    browser: Opens, house: House
) -> None:
    row, operator = asked(house, "ended"), browser(Role.OPERATOR)
    file = sent(house, operator, row.urn)
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, now())
    form = {"file": file, "request": row.urn, **CLIP}
    late = operator.fill(NEW, form)
    assert late.status_code == 422
    assert "takes in no footage now" in late.text
    assert 'name="request"' not in late.text
    assert CLIP["title"] in late.text
    del form["request"]
    assert led(operator.fill(NEW, form)).startswith("/console/exhibits/")
    other = sent(house, operator, "X")
    assert "There is no request X" in operator.get(f"{NEW}/details?file={other}&request=X").text
    later = operator.get(f"{NEW}/details?file={other}&request={row.urn}").text
    assert "takes in no footage now" in later


CLIP = {
    "reference": "JS",
    "camera": "BAR-0017",
    "title": "Quay Street, east",
    "displayed_start-day": "20",
    "displayed_start-month": "11",
    "displayed_start-year": "2026",
    "displayed_start_time": "14:03:00",
    "displayed_end_time": "14:03:20",
    "clock": "unchecked",
}
