"""Asking for footage in a browser without scripts: page by page, and looking after it."""

import html
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from httpx import Response
from sqlmodel import col, func, select

from api.times import utc_now
from api.web.public.requests.words import NEXT, STATE_TAGS
from custody.ledger.tables import CustodyEventRow
from evidence.mailbox.tables import MessageRow
from evidence.people.access import Role
from evidence.requests.notices.tables import WebhookRow
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path, RequestState, RequestStep
from evidence.requests.tables import RequestDraftRow, RequestRow
from tests.api.web.visiting import Visitor, hidden_fields
from tests.evidence.requests.listing import listed
from tests.evidence.requests.requesting import code_about, decide, filled, request
from tests.houses import House

Opens = Callable[..., Visitor]


def led(answer: Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def sent_as(path: Path, slug: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return what a browser sends of a page: a date in three boxes, no box that is not ticked."""
    page = FORMS[path].page(slug)
    assert page is not None
    form: dict[str, str] = {}
    for field in page.fields:
        said = given.get(field.name, "")
        if field.kind == "date" and said:
            year, month, day = said.split("-")
            form |= {
                f"{field.name}-day": str(int(day)),
                f"{field.name}-month": str(int(month)),
                f"{field.name}-year": year,
            }
        elif field.kind != "tick" or said:
            form[field.name] = said
    return form


def newest_code(house: House) -> str:
    """Return the code that was sent last to a mailbox that is nobody's yet."""
    letters = (
        select(MessageRow)
        .where(MessageRow.kind == "request_mailbox", col(MessageRow.sealed).is_not(None))
        .order_by(col(MessageRow.queued_at).desc())
    )
    row = house.look(lambda s: s.exec(letters).first())
    assert row is not None
    return house.services.messages.open(row)["code"]


def fill_in(visitor: Visitor, house: House, path: Path, given: Mapping[str, str]) -> str:
    """Walk through the form of a path as it leads; return where it ends: check answers."""
    place, visited = led(visitor.post("/requests", {"path": path.value})), list[str]()
    while place != "/requests/check":
        shown = visitor.get(place)
        assert shown.status_code == 200, shown.text
        assert len(re.findall("<h1", shown.text)) == 1, place
        assert place not in visited
        visited.append(place)
        if place == "/requests/mailbox":
            assert given["email"] in html.unescape(shown.text)
            assert led(visitor.post("/requests/mailbox/code")) == "/requests/mailbox"
            place = led(visitor.post("/requests/mailbox", {"code": newest_code(house)}))
        elif place.startswith("/requests/documents/"):
            place = led(visitor.post(place))  # without a document: it can come later
        else:
            slug = place.rsplit("/", 1)[1]
            place = led(visitor.post(place, sent_as(path, slug, given)))
    return place


def urn_on(page: str) -> str:
    found = re.search(r"[A-Z]{3}-\w{4}-\w{4}-\w", page)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("path", Path)
def test_each_path_leads_to_a_number(browser: Opens, house: House, path: Path) -> None:
    visitor = browser()
    given = filled(path, utc_now())
    if path is not Path.SUBJECT:
        given["email"] = given["email"].replace("@", f".{path}@")
    fill_in(visitor, house, path, given)
    check = visitor.get("/requests/check")
    assert check.status_code == 200
    for name in ("contact_name", "street", "email"):
        assert html.escape(given[name]) in check.text
    assert led(visitor.post("/requests/check")) == "/requests/sent"
    sent = visitor.get("/requests/sent").text
    urn = urn_on(sent)
    row = house.look(lambda s: house.services.requests.find(s, urn))
    assert (row.path, row.state) == (path, RequestState.SUBMITTED)
    assert "overwritten on" in sent
    assert led(visitor.post("/requests/check")) == "/requests/sent", "a second press is no second"
    assert urn_on(visitor.get("/requests/sent").text) == urn
    people = select(func.count()).where(RequestRow.person == row.person)
    assert house.look(lambda s: s.exec(people).one()) == 1


def test_whoever_asked_for_it_before_is_told_on_the_last_page(browser: Opens, house: House) -> None:
    visitor, at = browser(), utc_now()
    given = {**filled(Path.INSURER, at), "email": "twice@insurer.example", "street": "Twice Lane"}
    fill_in(visitor, house, Path.INSURER, given)
    assert "asked for this claim" not in visitor.get("/requests/check").text
    before = request(house, Path.INSURER, at, **given)
    other = request(house, Path.INSURER, at, **{**given, "email": "other@insurer.example"})
    shown = visitor.get("/requests/check").text
    assert f"time before: {before.urn}." in shown
    assert other.urn not in shown


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    browser: Opens, house: House
) -> None:
    visitor = browser()
    led(visitor.post("/requests", {"path": "insurer"}))
    refused = visitor.post("/requests/form/crime", {"is_criminal": "yes"})
    assert refused.status_code == 422
    assert "they ask us themselves" in refused.text
    wrong = visitor.post(
        "/requests/form/date",
        {"incident_date-day": "31", "incident_date-month": "2", "incident_date-year": "2026"},
    )
    assert wrong.status_code == 422
    assert 'href="#incident_date-day"' in wrong.text
    assert 'value="31"' in wrong.text
    contact = visitor.post(
        "/requests/form/contact", {"contact_name": "Jo <b>", "job_title": "", "phone": "x"}
    )
    assert 'value="Jo &lt;b&gt;"' in contact.text
    assert 'href="#job_title"' in contact.text
    assert 'href="#phone"' in contact.text
    drafts = select(RequestDraftRow.answers).where(RequestDraftRow.path == "insurer")
    assert {} in house.look(lambda s: s.exec(drafts).all())


def test_back_keeps_what_was_saved_and_change_leads_back_to_the_answers(
    browser: Opens, house: House
) -> None:
    visitor = browser()
    given = {**filled(Path.INSURER, utc_now()), "email": "back@insurer.example"}
    fill_in(visitor, house, Path.INSURER, given)
    page = visitor.get("/requests/form/place?change=yes")
    assert 'value="High Street"' in page.text
    form = {**sent_as(Path.INSURER, "place", given), "street": "Low Street", "change": "yes"}
    assert led(visitor.post("/requests/form/place", form)) == "/requests/check"
    assert "Low Street" in visitor.get("/requests/check").text
    assert "Low Street" in visitor.get("/requests/form/place").text
    going = visitor.get("/requests")
    assert "Go on with it" in going.text


def test_another_mailbox_must_be_proven_again(browser: Opens, house: House) -> None:
    visitor = browser()
    given = {**filled(Path.INSURER, utc_now()), "email": "once@insurer.example"}
    fill_in(visitor, house, Path.INSURER, given)
    form = {"email": "other@insurer.example", "change": "yes"}
    assert led(visitor.post("/requests/form/mailbox", form)) == "/requests/mailbox"
    assert led(visitor.get("/requests/check")) == "/requests/mailbox"
    assert led(visitor.post("/requests/check")) == "/requests/mailbox"
    wrong = visitor.post("/requests/mailbox", {"code": "12"})
    assert "8 digits" in wrong.text


def test_nobody_comes_to_a_page_without_what_comes_before_it(browser: Opens) -> None:
    visitor = browser()
    for place in (
        "/requests/form/crime",
        "/requests/mailbox",
        "/requests/check",
        "/requests/sent",
    ):
        assert led(visitor.get(place)) == "/requests"
    led(visitor.post("/requests", {"path": "police"}))
    assert led(visitor.get("/requests/form/vehicle")) == "/requests", "no page of this form"
    assert led(visitor.get("/requests/check")) == "/requests/form/contact"
    assert led(visitor.get("/requests/mailbox/code")) == "/requests/mailbox"
    nothing = visitor.post("/requests", {"path": "nobody"})
    assert nothing.status_code == 422
    assert 'href="#path"' in nothing.text


def test_a_form_from_elsewhere_does_nothing(browser: Opens, house: House) -> None:
    visitor = browser()
    drafts = select(func.count()).select_from(RequestDraftRow)
    before = house.look(lambda s: s.exec(drafts).one())
    away = {"Sec-Fetch-Site": "cross-site"}
    assert visitor.post("/requests", {"path": "police"}, headers=away).status_code == 403
    assert house.look(lambda s: s.exec(drafts).one()) == before


def test_the_cookies_say_nothing_and_are_strict(browser: Opens, house: House) -> None:
    answer = browser().post("/requests", {"path": "police"})
    (cookie,) = answer.headers.get_list("set-cookie")
    assert re.search(r"custos_draft=[\w-]{43};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    digests = house.look(lambda s: s.exec(select(RequestDraftRow.secret_sha256)).all())
    secret = cookie.split("=", 1)[1].split(";")[0]
    assert secret not in digests


def look_after(visitor: Visitor, house: House, row: RequestRow) -> str:
    """Come past the code to the page of a request."""
    assert led(visitor.post("/requests/status", {"urn": row.urn.lower()})).endswith("/code")
    code = code_about(house, row.id, "request_code")
    assert led(visitor.post("/requests/status/code", {"code": code})).endswith("/request")
    shown = visitor.get("/requests/status/request")
    assert shown.status_code == 200
    return html.unescape(shown.text)


def test_who_asked_sees_how_it_stands_corrects_and_withdraws(browser: Opens, house: House) -> None:
    row = request(house, Path.INSURER, utc_now(), email="status@insurer.example")
    visitor = browser()
    shown = look_after(visitor, house, row)
    assert NEXT[RequestState.SUBMITTED][0] in shown
    assert "Not preserved yet" in shown
    assert "High Street" in shown
    assert led(visitor.post("/requests/status/correct")) == "/requests/check"
    page = FORMS[Path.INSURER].page("place")
    assert page is not None
    form = {"street": "Broad Street", "landmark": "", "point": "", "change": "yes"}
    assert led(visitor.post("/requests/form/place", form)) == "/requests/check"
    place = led(visitor.post("/requests/check"))
    assert urlsplit(place).path == "/requests/status/request"
    corrected = html.unescape(visitor.get(place).text)
    assert "Your correction is on record" in corrected
    assert "Broad Street" in corrected
    missing = visitor.post("/requests/status/withdraw", {"reason": " "})
    assert missing.status_code == 422
    assert "Enter why you withdraw it" in missing.text
    led(visitor.post("/requests/status/withdraw", {"reason": "settled\r\nbefore"}))
    assert "It was withdrawn" in visitor.get("/requests/status/request").text
    again = visitor.post("/requests/status/withdraw", {"reason": "once more"})
    assert again.status_code == 409
    assert visitor.post("/requests/status/correct").status_code == 409
    led(visitor.post("/requests/status/leave"))
    assert led(visitor.get("/requests/status/request")) == "/requests/status"


def test_a_number_that_is_nobody_s_meets_the_same_pages(browser: Opens, house: House) -> None:
    row = request(house, Path.INSURER, utc_now(), email="same-page@insurer.example")
    pages = []
    for urn in (row.urn, "BAR-2222-2222-2"):
        visitor = browser()
        asked = visitor.post("/requests/status", {"urn": urn})
        shown = visitor.get(led(asked))
        wrong = visitor.post("/requests/status/code", {"code": "12345678"})
        pages.append((asked.status_code, shown.text, wrong.status_code, wrong.text))
        assert led(visitor.get("/requests/status/request")) == "/requests/status"
    assert pages[0] == pages[1]
    refused = browser().post("/requests/status", {"urn": "BAR-7K4M-2XQ9-K"})
    assert "typing error" in html.unescape(refused.text)


def test_one_request_is_not_reached_by_who_looks_after_another(
    browser: Opens, house: House
) -> None:
    rows = [
        request(house, Path.INSURER, utc_now(), email=f"{name}@insurer.example")
        for name in ("mine", "yours")
    ]
    visitor = browser()
    assert rows[0].urn in look_after(visitor, house, rows[0])
    assert led(visitor.post("/requests/status", {"urn": rows[1].urn})).endswith("/code")
    assert led(visitor.get("/requests/status/request")) == "/requests/status"


def test_a_refusal_says_why_and_what_can_be_done(browser: Opens, house: House) -> None:
    row = request(house, Path.INSURER, utc_now(), email="refused@insurer.example")
    decide(house, row, RequestStep.NOT_COVERED, Role.OPERATOR, utc_now(), "no camera there")
    shown = look_after(browser(), house, row)
    assert "No camera of ours can have captured it" in shown
    assert "no camera there" in shown


def test_looking_and_typing_write_nothing_into_the_ledger(browser: Opens, house: House) -> None:
    events = select(func.count()).select_from(CustodyEventRow)
    before = house.look(lambda s: s.exec(events).one())
    visitor = browser()
    led(visitor.post("/requests", {"path": "insurer"}))
    led(visitor.post("/requests/form/crime", {"is_criminal": "no"}))
    led(visitor.post("/requests/status", {"urn": "BAR-2222-2222-2"}))
    visitor.get("/requests/status/code")
    assert house.look(lambda s: s.exec(events).one()) == before


def test_each_state_has_its_words() -> None:
    assert set(NEXT) == set(STATE_TAGS) == set(RequestState)


def test_a_list_is_checked_sent_once_and_its_numbers_are_a_file(
    browser: Opens, house: House
) -> None:
    at, visitor = utc_now(), browser()
    made = select(func.count()).select_from(RequestRow)
    path = "/requests/status/list"
    assert led(visitor.get(path)) == "/requests/status"
    assert led(visitor.post(f"{path}/send", {"list": ""})) == "/requests/status"
    look_after(visitor, house, request(house, Path.INSURER, at, email="list@insurer.example"))
    assert path in visitor.get("/requests/status/request").text
    before = house.look(lambda s: s.exec(made).one())
    named = {"street": "=1+1", "claim_reference": "@SUM(A1)", "cameras": ""}
    content = listed(at, named, {"claim_reference": "<b>L-2</b>"})
    assert visitor.post(path, files={}).status_code == 422
    torn = visitor.post(path, files={"file": ("l.csv", listed(at, {"time_from": "x"}))})
    assert torn.status_code == 422
    assert "line 2, column time_from: Enter a time" in torn.text
    checked = visitor.post(path, files={"file": ("l.csv", content)})
    assert checked.status_code == 200, checked.text
    assert "&lt;b&gt;L-2&lt;/b&gt;" in checked.text
    form = hidden_fields(checked.text)
    changed = visitor.post(f"{path}/send", {**form, "list": form["list"][:-8]})
    assert changed.status_code == 422
    assert "not the list that was" in changed.text
    assert visitor.post(f"{path}/send", {**form, "list": "no base64!"}).status_code == 422
    assert house.look(lambda s: s.exec(made).one()) == before
    sent = visitor.post(f"{path}/send", form)
    urns = re.findall(r"BAR-\w{4}-\w{4}-\w", sent.text)
    assert len(urns) == 2
    assert visitor.post(f"{path}/send", form).text == sent.text, "a second press is no second"
    assert house.look(lambda s: s.exec(made).one()) == before + 2
    file = visitor.post(f"{path}/numbers.csv", hidden_fields(sent.text))
    assert file.headers["content-type"].startswith("text/csv")
    assert file.text.splitlines()[1:] == [f"2,'@SUM(A1),{urns[0]}", f"4,<b>L-2</b>,{urns[1]}"]


def test_what_a_list_may_say_is_told_to_everybody(browser: Opens) -> None:
    shown = browser().get("/requests/list").text
    assert "claim_reference" in shown
    template = browser().get("/requests/list.csv")
    assert template.text.startswith("\ufeffis_criminal,")
    assert "organisation" not in template.text
    assert "/requests/list" in browser().get("/requests").text


def test_who_pays_nothing_sends_no_list(browser: Opens, house: House) -> None:
    visitor = browser()
    row = request(house, Path.POLICE, utc_now(), email="list@barset.police.example")
    assert "/requests/status/list" not in look_after(visitor, house, row)
    assert led(visitor.get("/requests/status/list")) == "/requests/status"


def test_who_asked_is_told_that_their_system_is_called_no_more(
    browser: Opens, house: House
) -> None:
    at = utc_now()
    row = request(house, Path.INSURER, at, email="uncalled@insurer.example")
    visitor = browser()
    assert "stopped calling" not in look_after(visitor, house, row)
    with house.services.transaction() as session:
        session.add(
            WebhookRow(
                person=row.person,
                url="https://claims.example/",
                secret_id=uuid4(),
                set_at=at,
                told=0,
                stopped_at=at,
            )
        )
    assert "we stopped calling it on" in visitor.get("/requests/status/request").text
