"""Messages on a request as both sides see them, and machines; and what is seen of an erased one."""

import html
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx import Response
from sqlmodel import select

from api.outbound.records import facts_of
from api.times import utc_now
from api.web.console.requests import messages as console_messages
from api.web.public.requests import messages as own_messages
from api.words import local_date, local_time
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.requests.correspondence.messages import MOST_WORDS
from evidence.requests.states import Path, Refusal, RequestStep
from evidence.requests.tables import RequestRow
from tests.api.asking import Web
from tests.api.web.public.test_request_pages import led, look_after
from tests.api.web.visiting import Visitor, hidden_fields
from tests.evidence.requests.requesting import decide, preserve, request
from tests.houses import House

Opens = Callable[..., Visitor]
OWN = "/requests/status/messages"
MARKUP = "<script>alert(1)</script>\n<b>the second line</b> & 'more'"
BAD = (
    *("exit \u202egpj", "\x1b[2J", "a\x00b"),
    *("x" * (MOST_WORDS + 1), "\u00e9" * 500_000),
)


def asked(house: House, name: str) -> RequestRow:
    return request(house, Path.INSURER, utc_now(), email=f"{name}@insurer.example")


def desk(row: RequestRow) -> str:
    return f"/console/requests/{row.urn}/messages"


def text(answer: Response) -> str:
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_a_question_and_its_answer_go_both_ways(browser: Opens, house: House) -> None:
    row, staff, visitor = asked(house, "ways"), browser(Role.OPERATOR), browser()
    assert "Write to whoever asked" in text(staff.get(f"/console/requests/{row.urn}"))
    place = led(staff.fill(desk(row), {"message": "Which exit?\r\nHigh Street?"}))
    assert "gets a letter that says so" in text(staff.get(place))
    shown = look_after(visitor, house, row)
    assert "1 message<" in shown
    own = text(visitor.get(OWN))
    assert "Which exit?\nHigh Street?" in own
    assert house.services.council.name in own
    assert "Test operator" not in own, "whoever asked is told the council, and no name"
    assert "We have your message" in text(visitor.get(led(visitor.post(OWN, {"message": MARKUP}))))
    assert "request has a message to read" in text(staff.get("/console"))
    assert "To read" in text(staff.get(f"/console/requests/{row.urn}"))
    seen = staff.get(desk(row))
    assert html.escape("<script>alert(1)</script>", quote=False) in seen.text
    assert "<script>alert" not in seen.text
    page = house.look(lambda s: house.services.correspondence.own(s, row.id, most=1))
    assert local_time(page.rows[0].at) in seen.text
    assert "It is on record that you have read it" in text(
        staff.get(led(staff.fill(desk(row), {}, to=f"{desk(row)}/read")))
    )
    assert "has a message to read" not in text(staff.get("/console"))
    assert "I have read it" not in text(staff.get(desk(row)))


def test_the_letter_holds_nothing_of_the_message(house: House) -> None:
    row, by = asked(house, "letter"), house.subjects[Role.RELEASER]
    secret = "the man in the red coat"
    house.do(
        Role.RELEASER,
        lambda s: house.services.correspondence.send(s, row.urn, secret, by=by, at=utc_now()),
    )
    about = select(MessageRow).where(
        MessageRow.about == row.id, MessageRow.kind == "request_message"
    )
    with house.services.transaction() as session:
        posting = house.services.posting
        letter = posting._letter(
            session,
            session.exec(about).one(),
            facts_of(session, row.id),
            utc_now(),
        )
    for part in (letter.subject, letter.text, letter.html):
        assert secret not in part
    assert row.urn in letter.subject
    assert f"{house.settings.origin}/requests/status" in letter.text


def test_what_cannot_be_sent_is_said_and_stays_in_the_form(browser: Opens, house: House) -> None:
    row, staff, visitor = asked(house, "bad"), browser(Role.OPERATOR), browser()
    look_after(visitor, house, row)
    hidden = hidden_fields(staff.get(desk(row)).text)
    for bad in BAD:
        for answer in (
            visitor.post(OWN, {"message": bad}),
            staff.post(desk(row), {**hidden, "message": bad}),
        ):
            assert answer.status_code in {413, 422}, answer.status_code
            assert answer.status_code == 413 or 'href="#message"' in answer.text
            assert not set(answer.text) & {"\u202e", "\x1b", "\x00"}
    page = house.look(lambda s: house.services.correspondence.own(s, row.id, most=1))
    assert not page.rows
    empty = visitor.post(OWN, {"message": " \r\n"})
    assert "Enter your message" in empty.text
    kept = visitor.post(OWN, {"message": "kept as it was \u200b"})
    assert "kept as it was" in kept.text


def test_two_presses_send_once_and_another_page_may_not_send(browser: Opens, house: House) -> None:
    row, visitor = asked(house, "presses"), browser()
    look_after(visitor, house, row)
    for _ in range(2):
        led(visitor.post(OWN, {"message": "only once"}))
    assert text(visitor.get(OWN)).count("only once") == 1
    away = {"Sec-Fetch-Site": "cross-site"}
    assert visitor.post(OWN, {"message": "forged"}, headers=away).status_code == 403
    staff = browser(Role.OPERATOR)
    assert staff.post(desk(row), {"message": "forged"}).status_code == 403
    assert "forged" not in text(visitor.get(OWN))


def test_nobody_reads_or_writes_for_somebody_else_s_request(browser: Opens, house: House) -> None:
    rows, visitor = [asked(house, name) for name in ("mine", "yours")], browser()
    look_after(visitor, house, rows[0])
    led(visitor.post(OWN, {"message": "about mine"}))
    other = browser()
    look_after(other, house, rows[1])
    assert "about mine" not in text(other.get(OWN))
    stranger = browser()
    assert led(stranger.get(OWN)) == "/requests/status"
    assert led(stranger.post(OWN, {"message": " "})) == "/requests/status"
    away = stranger.post(OWN, {"message": "typed for an hour\n<b>"})
    assert away.status_code == 422
    assert "typed for an hour\n&lt;b&gt;" in away.text
    assert "was not sent" in away.text


def test_an_ended_request_says_what_to_do_instead_and_loses_nothing(
    browser: Opens, house: House
) -> None:
    row, visitor = asked(house, "ended"), browser()
    look_after(visitor, house, row)
    decide(house, row, RequestStep.WITHDRAWN, Role.OPERATOR, utc_now())
    shown = text(visitor.get(OWN))
    assert "no messages can be sent here any more" in shown
    assert house.services.council.email in shown
    assert "<textarea" not in shown
    late = visitor.post(OWN, {"message": "typed before it ended"})
    assert late.status_code == 422
    assert "typed before it ended" in late.text


def test_many_messages_are_paged_on_both_sides(
    browser: Opens, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (console_messages, own_messages):
        monkeypatch.setattr(module, "PAGE", 2)
    row, staff = asked(house, "many"), browser(Role.OPERATOR)
    by, visitor = house.subjects[Role.OPERATOR], browser()
    look_after(visitor, house, row)

    def send(number: int) -> None:
        house.do(
            Role.OPERATOR,
            lambda s: house.services.correspondence.send(
                s, row.urn, f"question {number:02}", by=by, at=utc_now()
            ),
        )

    for number in range(3):
        send(number)
    for who, place in ((staff, desk(row)), (visitor, OWN)):
        first = text(who.get(place))
        assert "question 02" in first
        assert "question 00" not in first
        older = first.split(f'href="{place}?cursor=')[1].split('"')[0]
        last = text(who.get(f"{place}?cursor={older}"))
        assert "question 00" in last
        assert who.get(f"{place}?cursor=rubbish").status_code == 422


def test_machines_list_and_send_by_the_same_rules(web: Web, house: House) -> None:
    row = asked(house, "machine")
    place = f"/requests/{row.urn}/messages"
    made = web.ask("POST", place, Role.GOVERNANCE, json={"message": "Which exit?"})
    assert made.status_code == 201
    assert (made.json()["direction"], made.json()["by"]) == ("sent", "Test governance")
    with house.services.transaction() as session:
        house.services.correspondence.answer(session, row.id, "The north one.", at=utc_now())
    listed = web.ask("GET", f"{place}?limit=1", Role.AUDITOR)
    (newest,) = listed.json()
    assert (newest["direction"], newest["by"], newest["message"]) == (
        "received",
        "",
        "The north one.",
    )
    assert 'rel="next"' in listed.headers["link"]
    assert web.ask("GET", place, Role.FINANCE).status_code == 403
    assert web.ask("POST", place, Role.AUDITOR, json={"message": "x"}).status_code == 403
    refused = web.ask("POST", place, Role.OPERATOR, json={"message": "a\u202eb"})
    assert (refused.status_code, refused.json()["field"]) == (422, "message")
    long = web.ask("POST", place, Role.OPERATOR, json={"message": "x" * (MOST_WORDS + 1)})
    assert long.status_code == 422


def test_an_erased_request_says_when_on_every_page_and_breaks_none(
    browser: Opens, house: House, web: Web
) -> None:
    at, services = utc_now() - timedelta(days=400), house.services
    row, lasting = (
        request(house, Path.INSURER, at, email="gone@insurer.example") for _ in range(2)
    )
    preserve(house, row, at)
    decide(house, row, RequestStep.COVERED, Role.OPERATOR, at, "a private reason")
    refuse(house, row, at)
    visitor, staff = browser(), browser(Role.OPERATOR)
    assert services.erasures.erase(row.id, at=utc_now())
    day = local_date(utc_now())
    own = look_after(visitor, house, row)
    assert "were erased on" in own
    assert day in own
    assert "private" not in own
    assert f'href="{OWN}"' not in own
    assert "no messages can be sent here" in text(visitor.get(OWN))
    shown = text(staff.get(f"/console/requests/{row.urn}"))
    assert "It was erased on" in shown
    assert "private" not in shown
    assert "gone@insurer.example" not in shown
    assert "Every message was erased on" in text(staff.get(desk(row)))
    assert "Erased" in text(staff.get(f"/console/requests?q={row.urn}&show=ended"))
    history = text(staff.get(f"/console/requests/{row.urn}/history"))
    assert "erased: it can no longer be opened" in history
    whole = web.ask("GET", f"/requests/{row.urn}", Role.OPERATOR).json()
    assert (whole["answers"], whole["start"]) == ({}, None)
    assert web.ask("GET", f"/requests/{row.urn}/messages", Role.OPERATOR).json() == []
    refused = web.ask("POST", f"/requests/{row.urn}/messages", Role.OPERATOR, json={"message": "x"})
    assert refused.status_code == 409
    decide(house, lasting, RequestStep.WITHDRAWN, Role.OPERATOR, at)
    assert services.erasures.erase(lasting.id, at=utc_now())
    pages = []
    for urn in (lasting.urn, "BAR-2222-2222-2"):
        stranger = browser()
        asked = stranger.post("/requests/status", {"urn": urn})
        pages.append((asked.status_code, stranger.get(led(asked)).text))
    assert pages[0] == pages[1], "its number leads nobody to a code any more"
    letters = select(MessageRow.id).where(MessageRow.about == lasting.id)
    assert house.look(lambda s: s.exec(letters).all()) == []


def refuse(house: House, row: RequestRow, at: datetime) -> None:
    """Refuse a request, for a reason that names somebody."""
    by, decisions = house.subjects[Role.GOVERNANCE], house.services.request_decisions
    house.do(
        Role.GOVERNANCE,
        lambda s: decisions.refuse(
            s, row.urn, Refusal.HARM, by=by, at=at, reason="a private reason"
        ),
    )
