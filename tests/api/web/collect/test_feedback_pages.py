"""Whoever has the footage says whether it helped: past the code, and on the page of a request."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.times import utc_now
from evidence.people.access import Role
from evidence.requests.states import Path
from export.feedback.feedback import MOST_ANSWERS, latest_answer
from export.feedback.letters import FeedbackLetter
from tests.api.web.collect.recipients import Mailbox, at_the_package, mailbox
from tests.api.web.visiting import Visitor
from tests.evidence.requests.requesting import code_about, request
from tests.houses import House

Opens = Callable[..., Visitor]
FEEDBACK = "/collect/feedback"
HELPED = "tell us whether the footage helped"


@pytest.fixture(scope="module")
def box(house: House) -> Mailbox:
    return mailbox(house)


@pytest.fixture
def visitor(browser: Opens, box: Mailbox) -> Visitor:
    """Return a recipient who has downloaded the package."""
    visitor = browser()
    visitor.get(at_the_package(visitor, box))
    return visitor


def outcomes(house: House, box: Mailbox) -> list[object]:
    return [
        values["outcome"]
        for name, values in house.events(box.release.id)
        if name == "feedback.given"
    ]


def test_nobody_is_asked_before_it_left(browser: Opens, box: Mailbox, house: House) -> None:
    early = browser()
    at_the_package(early, box)
    assert HELPED not in early.get("/collect").text.lower()
    assert early.get(FEEDBACK).headers["location"] == "/collect"
    sent = early.fill("/collect", {"outcome": "identified"}, to=FEEDBACK)
    assert sent.status_code == 409
    assert outcomes(house, box) == []


def test_an_answer_is_given_and_changed_and_not_doubled(
    visitor: Visitor, box: Mailbox, house: House
) -> None:
    assert HELPED in visitor.get("/collect").text.lower()
    nothing = visitor.fill(FEEDBACK, {"words": "<b>what we know</b>"})
    assert nothing.status_code == 422
    assert "Select whether the footage helped" in nothing.text
    assert "&lt;b&gt;what we know&lt;/b&gt;" in nothing.text
    for outcome in ("too_early", "identified", "identified"):
        sent = visitor.fill(FEEDBACK, {"outcome": outcome, "words": "O'Brien"})
        assert sent.headers["location"] == f"{FEEDBACK}/thanks"
    assert "Thank you" in visitor.get(f"{FEEDBACK}/thanks").text
    assert outcomes(house, box) == ["too_early", "identified"]
    shown = visitor.get(FEEDBACK).text
    assert "O&#39;Brien" in shown
    assert "You answered on" in shown
    assert 'value="identified" checked' in shown


def test_staff_read_it_and_governance_erases_its_words(
    visitor: Visitor, browser: Opens, box: Mailbox, house: House
) -> None:
    visitor.fill(FEEDBACK, {"outcome": "ruled_out", "words": "Anna Example was elsewhere"})
    page = f"/console/releases/{box.release.urn}-R1"
    assert "Anna Example was elsewhere" in browser(Role.OPERATOR).get(page).text
    erased = house.do(
        Role.GOVERNANCE,
        lambda s: house.services.feedback.erase(
            s,
            str(box.release.id),
            by=house.subjects[Role.GOVERNANCE],
            at=utc_now(),
            reason="the case is closed",
        ),
    )
    assert erased >= 1
    shown = browser(Role.OPERATOR).get(page).text
    assert "Anna Example" not in shown
    assert "It ruled something or somebody out" in shown
    told = str(house.events(box.release.id))
    assert "Anna Example" not in told


def test_a_form_from_elsewhere_or_after_leaving_records_nothing(
    visitor: Visitor, box: Mailbox, house: House
) -> None:
    before = outcomes(house, box)
    assert visitor.post(FEEDBACK, {"outcome": "identified"}).status_code == 403
    visitor.fill("/collect", {}, to="/collect/leave")
    assert visitor.get(FEEDBACK).status_code == 403
    assert visitor.post(FEEDBACK, {"outcome": "not_useful"}).status_code == 403
    assert outcomes(house, box) == before


def test_a_recipient_is_asked_by_one_letter_and_none_of_those_who_want_none(
    visitor: Visitor, box: Mailbox, browser: Opens, house: House
) -> None:
    other, at = mailbox(house, exhibit=house.unplayable()), utc_now()

    def written(after: timedelta) -> int:
        with house.services.transaction() as session:
            house.services.feedback_invitations.write(session, at=at + after)
        return other.has(FeedbackLetter.ASKED)

    week = timedelta(days=7, minutes=5)
    assert written(week) == 0, "it has not left"
    taker = browser()
    taker.get(at_the_package(taker, other))
    visitor.fill(FEEDBACK, {"outcome": "declined"})
    assert written(week) == 0, "they want none"
    visitor.fill(FEEDBACK, {"outcome": "not_useful"})
    assert written(timedelta(days=6)) == 0, "it is too early"
    assert written(timedelta(days=20)) == 0, "the link has ended"
    assert written(week) == 1
    assert written(week + timedelta(days=1)) == 1
    assert box.has(FeedbackLetter.ASKED) == 0, "they have answered"


def test_answers_about_one_release_are_limited(
    visitor: Visitor, box: Mailbox, house: House
) -> None:
    found = {
        visitor.fill(FEEDBACK, {"outcome": "identified", "words": f"{number}"}).status_code
        for number in range(MOST_ANSWERS + 1)
    }
    assert found == {303, 409}
    last = house.look(lambda s: latest_answer(s, box.release.id))
    assert last is not None
    assert last.number == MOST_ANSWERS


def test_whoever_asked_says_it_on_the_page_of_their_request(browser: Opens, house: House) -> None:
    at = house.services.clock()
    official, other = (request(house, path, at) for path in (Path.POLICE, Path.CPS))
    moved = mailbox(house, exhibit=house.unplayable())
    with house.services.transaction() as session:
        session.execute(
            text("UPDATE release SET urn = :urn, collected_at = now() WHERE id = :id"),
            {"urn": official.urn, "id": moved.release.id},
        )
    for row, path in ((other, "/requests/status/request"), (official, "")):
        visitor = browser()
        visitor.post("/requests/status", {"urn": row.urn})
        visitor.post("/requests/status/code", {"code": code_about(house, row.id, "request_code")})
        shown = visitor.get("/requests/status/request")
        assert (HELPED in shown.text) == (not path)
        asked = visitor.get("/requests/status/feedback")
        assert asked.headers.get("location", "") == path
        sent = visitor.post("/requests/status/feedback", {"outcome": "supported_charge"})
        assert sent.headers["location"] == (path or "/requests/status/feedback/thanks")
    assert outcomes(house, moved) == ["supported_charge"]
    stranger = browser()
    assert stranger.get("/requests/status/feedback").headers["location"] == "/requests/status"
    assert stranger.get("/requests/status/feedback/thanks").status_code == 303
    assert stranger.post("/requests/status/feedback", {"outcome": "identified"}).status_code == 303
