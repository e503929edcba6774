"""The page on which an exhibit is corrected, and where it shows what was corrected."""

import html
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from httpx import Response
from sqlmodel import select

from evidence.exhibits.particulars import NewExhibit, NewFile
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from tests.api.asking import Web
from tests.api.web.console.test_intake_pages import inputs
from tests.api.web.visiting import Visitor, hidden_fields
from tests.export.release.release_acts import exhibit_of
from tests.houses import NEW, House

Opens = Callable[..., Visitor]


@pytest.fixture
def exhibit(house: House) -> ExhibitRow:
    return house.unplayable()


def path(exhibit: ExhibitRow) -> str:
    return f"/console/exhibits/{exhibit.reference.replace('/', '-')}"


def said(answer: Response) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def send(visitor: Visitor, exhibit: ExhibitRow, **change: str) -> Response:
    """Send the form as it is shown, with what somebody changed in it."""
    shown = visitor.get(f"{path(exhibit)}/correct")
    assert shown.status_code == 200
    token = hidden_fields(shown.text)["form_token"]
    return visitor.post(
        f"{path(exhibit)}/correct", {**inputs(shown.text), "form_token": token, **change}
    )


def now(house: House, exhibit: ExhibitRow) -> ExhibitRow:
    return house.look(lambda s: s.get_one(ExhibitRow, exhibit.id))


def test_a_form_that_nobody_changes_states_the_same(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    answer = send(browser(Role.OPERATOR), exhibit, reason="nothing")
    assert answer.status_code == 422
    assert "described like this already" in said(answer)
    assert described(now(house, exhibit)) == described(exhibit)


@pytest.mark.parametrize("offset", [None, 0, -4_500, 3_723_004])
def test_a_form_says_the_clock_as_it_was_said(
    house: House, browser: Opens, offset: int | None
) -> None:
    new = NewExhibit(
        "AA", "BAR-0017", "2026-07-01 14:03:00.25", "2026-07-01 14:05:00", clock_offset_ms=offset
    )
    row = house.exhibit(uuid4().bytes, new)
    assert "described like this already" in said(send(browser(Role.OPERATOR), row, reason="none"))


def test_a_form_says_each_file_as_it_was_said(house: House, browser: Opens) -> None:
    row = exhibit_of(house, uuid4().bytes, uuid4().bytes)
    operator = browser(Role.OPERATOR)
    assert "described like this already" in said(send(operator, row, reason="none"))
    assert send(operator, row, reason="typed", file2_camera="BAR-0018").status_code == 303
    assert [file.camera.id for file in described(now(house, row)).files] == [
        "BAR-0017",
        "BAR-0018",
    ]
    assert NewFile(NEW.displayed_start, NEW.displayed_end).camera == ""


def test_a_correction_shows_who_when_why_old_and_new(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    releaser = browser(Role.RELEASER)
    answer = send(releaser, exhibit, reason="the <wrong> label", camera="BAR-0018")
    assert (answer.status_code, answer.headers["location"]) == (303, path(exhibit))
    page = browser(Role.AUDITOR).get(path(exhibit))
    words = said(page)
    assert "Corrections" in words
    assert house.subjects[Role.RELEASER].name in words or "Another" in words
    assert "the <wrong> label" in words
    assert "camera.id" in words
    assert "BAR-0017 → BAR-0018" in words
    assert "<wrong>" not in page.text


def test_a_mistake_loses_nothing_that_was_typed(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    answer = send(browser(Role.OPERATOR), exhibit, camera="BAR-0099", reason=" ")
    assert answer.status_code == 422
    assert 'href="#reason"' in answer.text
    assert inputs(answer.text)["camera"] == "BAR-0099"
    answer = send(
        browser(Role.OPERATOR), exhibit, reason="x", displayed_end_time="14:00", title="Mill Lane"
    )
    assert answer.status_code == 422
    assert inputs(answer.text)["title"] == "Mill Lane"
    assert described(now(house, exhibit)) == described(exhibit)


def test_what_is_unlikely_is_asked_here_too(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    operator, off = browser(Role.OPERATOR), {"clock": "fast", "clock_hours": "30"}
    answer = send(operator, exhibit, reason="the clock", **off)
    assert 'id="confirm_clock_offset"' in answer.text
    sure = {**off, "confirm_clock_offset": "yes"}
    assert send(operator, exhibit, reason="the clock", **sure).status_code == 303
    assert described(now(house, exhibit)).confirmed == ("clock_offset",)


def test_a_release_says_that_it_was_corrected_until_somebody_saw_to_it(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    house.seal(release)
    operator = browser(Role.OPERATOR)
    send(operator, exhibit, reason="the wrong label", camera="BAR-0018")
    at = f"/console/releases/{release.urn}-R{release.number}"
    shown = operator.get(at)
    assert "was corrected after this release was sealed" in said(shown)
    assert "releases need a person" in said(operator.get("/console")) or (
        "release needs a person" in said(operator.get("/console"))
    )
    token = hidden_fields(shown.text)["form_token"]
    assert operator.post(f"{at}/corrected", {"form_token": token}).status_code == 303
    shown = operator.get(at)
    assert "was corrected after this release was sealed" not in said(shown)
    assert f"stated of {exhibit.reference} before it was corrected" in said(shown)


def test_a_proposal_says_that_it_was_corrected_since(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    send(browser(Role.OPERATOR), exhibit, reason="the wrong label", camera="BAR-0018")
    at = f"/console/releases/{release.urn}-R{release.number}"
    for page in (at, f"{at}/decision"):
        assert "was corrected since this release was proposed" in said(
            browser(Role.RELEASER).get(page)
        )


def test_a_call_corrects_what_it_names_and_leaves_the_rest(web: Web, exhibit: ExhibitRow) -> None:
    where = f"/api/v1/exhibits/{exhibit.id}/corrections"
    answer = web.ask("POST", where, Role.OPERATOR, json={"reason": "x", "camera": "BAR-0018"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["camera"], body["title"], body["clock_offset_ms"]) == (
        "BAR-0018",
        "High Street",
        73_000,
    )
    answer = web.ask("POST", where, Role.OPERATOR, json={"reason": "x", "clock_offset_ms": None})
    assert answer.json()["clock_offset_ms"] is None
    for wrong, status in (
        ({"reason": "x"}, 409),
        ({"camera": "BAR-0019"}, 422),
        ({"reason": " ", "camera": "BAR-0019"}, 422),
        ({"reason": "x", "reference": "ZZ/1"}, 422),
        ({"reason": "x", "files": []}, 409),
        ({"reason": "x", "confirmed": ["everything"]}, 422),
    ):
        assert web.ask("POST", where, Role.OPERATOR, json=wrong).status_code == status, wrong


def test_whoever_has_the_package_is_told_by_a_letter_once(
    house: House, browser: Opens, exhibit: ExhibitRow
) -> None:
    release = house.propose(exhibit.reference)
    house.approve(release)
    house.seal(release)
    operator, subject = browser(Role.OPERATOR), house.subjects[Role.OPERATOR]
    at = f"/console/releases/{release.urn}-R{release.number}"
    send(operator, exhibit, reason="the wrong label", camera="BAR-0018")
    shown = operator.get(at)
    assert "Tell the recipient by a letter" not in shown.text
    token = hidden_fields(shown.text)["form_token"]
    told = {"form_token": token, "tell": "yes"}
    assert "there is nobody to tell" in said(operator.post(f"{at}/corrected", told))
    house.do(
        Role.OPERATOR,
        lambda s: house.services.packages.collect(
            s, str(release.id), by=subject, at=house.services.clock()
        ),
    )
    assert "Tell the recipient by a letter" in operator.get(at).text
    for _ in range(2):
        assert operator.post(f"{at}/corrected", told).status_code == 303
    letters = house.look(
        lambda s: s.exec(select(MessageRow).where(MessageRow.about == release.id)).all()
    )
    assert [(one.kind, one.person) for one in letters] == [("corrected", release.recipient)]
    send(operator, exhibit, reason="again", camera="BAR-0019")
    assert operator.post(f"{at}/corrected", told).status_code == 303
    assert said(operator.get(at)).count("That an exhibit of it was corrected") == 2
