"""The paths of a request in a browser: of the police, of a subject, without script, by keys."""

from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import Page, expect

from evidence.people.access import Role
from tests.browser.asking import SAVE, Asker, accepts, finds, two_days_ago
from tests.browser.keyboard import Keys, fills_in_by_keys
from tests.browser.looking import NARROWEST, fits, glance, look
from tests.browser.people import Recipient, Visit, clip_in, press, ready_exhibit
from tests.browser.staff import sign_in
from tests.durability.ups import Up
from tests.evidence.requests.forms_filled import CIVIL, POLICE, SUBJECT

NEVER = "footage that shows other people is never released for it"


@pytest.fixture(scope="module")
def exhibit(up: Up, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an exhibit that can be released."""
    return ready_exhibit(up, clip_in(tmp_path_factory.mktemp("clip")), "PTH")


def asker(up: Up, page: Page, given: Mapping[str, str], mailbox: str) -> Asker:
    """Return somebody with a mailbox of their own, whose every page fits the narrowest screen."""
    day = two_days_ago(up)
    dates = {name: day for name in ("incident_date", "authorised_on") if name in given}
    own = {"email": mailbox} | ({"recipient_email": mailbox} if "recipient_email" in given else {})
    return Asker(page, Recipient(given["contact_name"], mailbox), {**given, **own, **dates}, fits)


NARROW = {"viewport": {"width": NARROWEST, "height": 568}}


def test_the_police_ask_with_an_inspector_s_authority_and_pay_nothing(
    up: Up, visit: Visit, exhibit: str
) -> None:
    page, watch = visit(**NARROW)
    page.goto("/requests")
    kim = replace(asker(up, page, POLICE, "alex.officer@barset.police.example"), looks=glance)
    kim.begins("The police")
    kim.fills_in("/requests/form/mailbox")
    stranger = replace(kim, given={**kim.given, "email": "alex@barset-police.example"})
    stranger.answers()
    press(page, SAVE)
    expect(page.get_by_role("alert")).to_contain_text("no domain of the police")
    kim.fills_in("/requests/form/authority")
    kim.answers()
    page.locator("[name=authoriser_rank]:checked").evaluate("one => one.value = 'Constable'")
    press(page, SAVE)
    expect(page.get_by_role("alert")).to_contain_text("Select the rank or post of who authorised")
    assert page.get_by_label("Constable", exact=True).count() == 0
    kim.fills_in()
    urn = kim.sends()
    assert "£" not in page.locator("main").inner_text()

    olive, olive_watch = visit()
    sign_in(olive, "Olive Operator")
    rhys, _ = visit()
    sign_in(rhys, "Rhys Releaser")
    finds(olive, rhys, urn, exhibit)
    olive.goto(f"/console/requests/{urn}")
    for said in ("Inspector", "Kim Inspector", "4711", "BAR/1/26", "Nothing else shows who drove"):
        expect(olive.locator("main")).to_contain_text(said)
    expect(olive.locator("main")).to_contain_text("pay nothing")
    look(olive, "police-request", watch=olive_watch)
    press(olive, "Propose the release")
    expect(olive.get_by_label("Our reference number")).to_have_value(urn)
    assert not watch.complaints


def test_footage_of_oneself_ends_at_awaiting_redaction_and_no_way_leads_past_it(
    up: Up, visit: Visit, exhibit: str
) -> None:
    page, watch = visit()
    page.goto("/requests")
    pat = asker(up, page, SUBJECT, "pat.person@gmail.com")
    pat.begins("Somebody who wants footage of themselves")
    pat.fills_in()
    urn = pat.sends()
    olive, olive_watch = visit()
    sign_in(olive, "Olive Operator")
    rhys, _ = visit()
    sign_in(rhys, "Rhys Releaser")
    grace, _ = visit()
    sign_in(grace, "Grace Governance")
    accepts(grace, urn, "PNG picture", "Look at it")
    finds(olive, rhys, urn, exhibit)
    olive.goto(f"/console/requests/{urn}")
    expect(olive.locator("main")).to_contain_text("other people are hidden")
    assert olive.get_by_role("button", name="Propose the release").count() == 0
    glance(olive, "subject-request")
    olive.goto(f"/console/releases/new?request={urn}")
    expect(olive).to_have_url(f"{up.settings.origin}/console/requests/{urn}")
    proposes_by_hand(olive, urn, exhibit)
    expect(olive.get_by_role("alert")).to_contain_text(NEVER)
    refused = by_machine(up, urn, exhibit)
    assert refused.status_code == httpx.codes.CONFLICT
    assert NEVER in refused.json()["detail"]
    pat.looks_after(urn)
    glance(page, "subject-waits")
    assert not [*watch.complaints, *olive_watch.complaints]


def proposes_by_hand(olive: Page, urn: str, exhibit: str) -> None:
    """Type the number of a request into the form of a release, for somebody else."""
    olive.goto(f"/console/releases/new?exhibit={exhibit}&kind=police&step=details")
    olive.get_by_label("Our reference number").fill(urn)
    olive.get_by_label("Full name of the one person").fill("Pat Person")
    olive.get_by_label("Organisation", exact=True).fill("Pat Person")
    olive.get_by_label("Their e-mail address at that organisation").fill(
        "pat@barset.police.example"
    )
    olive.get_by_label("Why they need the footage").fill("subject access")
    olive.get_by_role("radio", name="crime", exact=False).first.check()
    press(olive, "Continue")


def by_machine(up: Up, urn: str, exhibit: str) -> httpx.Response:
    """Propose a release under the number of a request through the API."""
    token = (up.settings.tokens / f"{Role.OPERATOR}.token").read_text(encoding="ascii")
    wanted = {
        "exhibits": [exhibit],
        "kind": "police",
        "urn": urn,
        "recipient_name": "Pat Person",
        "recipient_email": "pat@barset.police.example",
        "organisation": "Pat Person",
        "purpose": "subject access",
        "basis": "DPA 2018 Sch 2 para 2",
    }
    headers = {"Authorization": f"Bearer {token.strip()}"}
    return httpx.post(f"{up.settings.origin}/api/v1/releases", json=wanted, headers=headers)


def test_an_insurer_asks_without_any_script_on_the_narrowest_screen(up: Up, visit: Visit) -> None:
    page, watch = visit(java_script_enabled=False, **NARROW)
    page.goto("/requests")
    sam = asker(up, page, CIVIL, "sam@no-script.example")
    sam.begins("An insurer")
    first = page.url
    press(page, SAVE)
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto(first)
    sam.fills_in()
    urn = sam.sends()
    fits(page, "sent")
    sam.looks_after(urn)
    fits(page, "status")
    assert urn in page.locator("main").inner_text()
    assert not watch.complaints


def test_an_insurer_asks_by_the_keyboard_alone(up: Up, visit: Visit) -> None:
    page, watch = visit(**NARROW)
    page.goto("/requests")
    jo = asker(up, page, CIVIL, "jo@keys.example")
    keys = Keys(page)
    while keys.step()["kind"] != "radio":
        pass
    page.keyboard.press("Space")
    keys.presses("Continue")
    keys.is_told_of_errors()
    page.goto(page.url)
    fills_in_by_keys(jo)
    fits(page, "check")
    keys.presses("Send the request")
    assert page.url.endswith("/requests/sent")
    assert not watch.complaints


def test_a_focus_that_nobody_sees_and_a_page_that_is_too_wide_are_found(visit: Visit) -> None:
    page, _ = visit(bypass_csp=True, **NARROW)
    page.goto("/requests")
    Keys(page).step()
    page.add_style_tag(content="* { outline: none !important; box-shadow: none !important }")
    with pytest.raises(AssertionError, match="nobody sees the focus"):
        Keys(page).step()
    page.add_style_tag(content="main { width: 400px }")
    with pytest.raises(AssertionError, match="on a screen of 320"):
        fits(page, "wide")
