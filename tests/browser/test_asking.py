"""A request in a real browser: from the coverage check to verified footage, fees and all."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from evidence.exhibits.clocks import LONDON
from tests.browser.looking import Watch, look
from tests.browser.people import (
    PATIENCE_MS,
    Recipient,
    Visit,
    accept_terms,
    clip_in,
    code_in,
    confirm,
    download,
    enter,
    open_mail,
    press,
    ready_exhibit,
    verdict,
)
from tests.browser.staff import go_on, sign_in
from tests.durability.ups import Up
from tests.evidence.requests.documents.papers_filled import PDF, PNG
from tests.evidence.requests.forms_filled import CIVIL

JO = Recipient("Jo Smith", "jo.smith@harbour-mutual.example", "Example Insurance")
CODE = re.compile("your code")
PAYS = "4444 3333 2222 1111"
DATE = tuple(f"incident_date-{part}" for part in ("year", "month", "day"))
COVERED, FOUND = "Yes, cameras may have captured it", "It was found"


def checks_coverage(jo: Page, day: str) -> None:
    """Find the cameras, however the street is spelt."""
    jo.goto("/cameras")
    jo.get_by_label("Where did it happen?").fill("market sqare")
    jo.get_by_label("On which day?").fill(day)
    jo.get_by_label("At what time?").fill("14:03")
    press(jo, "Find cameras")
    if jo.get_by_role("radio").count():
        jo.get_by_role("radio").first.check()
        press(jo, "Continue")
    expect(jo.get_by_role("heading", level=1)).to_contain_text("may have captured it")


def fills_in(jo: Page, given: Mapping[str, str], watch: Watch) -> None:
    """Answer one thing a page, until the answers are shown."""
    press(jo, "Ask for the footage", "link")
    jo.get_by_label("An insurer", exact=False).first.check()
    press(jo, "Continue")
    while "/requests/check" not in jo.url:
        if "/requests/mailbox" in jo.url:
            proves(jo)
            continue
        if "/requests/documents/" in jo.url:
            attaches(jo, watch)
            continue
        for box in jo.locator("main").locator("input, textarea").all():
            name, kind = box.get_attribute("name") or "", box.get_attribute("type") or ""
            said = given.get(name, "")
            if kind in ("radio", "checkbox"):
                if box.get_attribute("value") == said:
                    box.check()
            elif name and kind != "hidden":
                box.fill(said)
        press(jo, "Save and continue")
        assert jo.get_by_role("alert").all_inner_texts() == []


def proves(jo: Page) -> None:
    """Prove the mailbox, before more is asked."""
    press(jo, "Send me a code")
    jo.get_by_label("Code", exact=True).fill(newest_code(jo))
    press(jo, "Continue")


def attaches(jo: Page, watch: Watch) -> None:
    """Add the consent as a PDF, and a picture of a passport, before anything is sent."""
    consent = "/consent" in jo.url
    name, kind, data = (
        ("consent.pdf", "application/pdf", PDF) if consent else ("photo.png", "image/png", PNG)
    )
    if consent:
        look(jo, "request-consent", watch=watch)
    box = jo.get_by_label("Choose a file")
    box.set_input_files({"name": name, "mimeType": kind, "buffer": data})
    press(jo, "Save and continue")
    assert jo.get_by_role("alert").all_inner_texts() == []


def checks_documents(grace: Page, urn: str, watch: Watch) -> None:
    """Look at both documents, and accept them."""
    for name in ("PDF", "PNG picture"):
        grace.goto(f"/console/requests/{urn}")
        press(grace, re.compile(name), "link")
        look(grace, f"request-document-{name[:3].lower()}", watch=watch)
        if name == "PDF":
            with grace.expect_download() as saved:
                grace.get_by_role("button", name="Save it, to open it").click()
            assert Path(saved.value.path()).read_bytes() == PDF
        else:
            with grace.expect_popup() as opened:
                grace.get_by_role("button", name="Look at it").click()
            picture = opened.value.locator("img")
            expect(picture).to_be_visible()
            assert picture.evaluate("it => [it.naturalWidth, it.complete]") == [1, True]
            opened.value.close()
            # Chromium styles its own page around a picture, which our policy does not let it.
            watch.complaints[:] = [one for one in watch.complaints if "/look)" not in one]
        grace.get_by_label("Accept it", exact=True).check()
        grace.get_by_label("What does it show").fill("It shows Ali Holder")
        press(grace, "Save")
        expect(grace.get_by_role("alert")).to_be_visible()


def sends(jo: Page) -> str:
    """Send the request, and return its number."""
    press(jo, "Send the request")
    found = re.search(r"BAR-[A-Z0-9-]+", jo.locator("main").inner_text())
    assert found
    return found[0]


def newest_code(jo: Page) -> str:
    """Read the newest code in the mailbox, in another tab."""
    mail = jo.context.new_page()
    code = code_in(open_mail(mail, JO, CODE))
    mail.close()
    return code


def pays(jo: Page, pounds: str) -> None:
    """Pay what the page of the request asks for, and come back to it."""
    jo.goto("/requests/status/request")
    press(jo, f"Pay {pounds}")
    press(jo, f"Pay {pounds}")
    jo.get_by_label("Card number").fill(PAYS)
    press(jo, f"Pay {pounds}")
    expect(jo.get_by_role("heading", name="VAT receipt")).to_be_visible()


def decides(page: Page, urn: str, words: str, button: str, *, choice: str = "") -> None:
    """Decide something about a request that takes a reason."""
    page.goto(f"/console/requests/{urn}")
    press(page, words)
    if choice:
        page.get_by_label(choice, exact=True).check()
    if page.locator("[name=exhibits]").count():
        page.locator("[name=exhibits]").fill("ASK/1")
    page.locator("[name=reason]").fill("as it should be")
    press(page, button)
    expect(page.get_by_role("alert")).to_be_visible()


def looks_after(jo: Page, urn: str) -> None:
    """Come to the page of a request, by a code to the mailbox."""
    jo.goto("/requests/status")
    jo.get_by_label("Reference").fill(urn)
    press(jo, re.compile("code"))
    jo.get_by_label("Code", exact=True).fill(newest_code(jo))
    press(jo, "Continue")


def releases(olive: Page, rhys: Page, urn: str) -> None:
    """Propose what was filled in for the request, and have it approved and sealed."""
    press(olive, "Propose this release")
    rhys.goto(f"/console/releases/{urn}-R1")
    press(rhys, "Review and decide")
    rhys.get_by_label("Reason").fill("Necessary and proportionate")
    press(rhys, "Approve and seal")
    expect(rhys.locator("h1")).to_contain_text("Sealed", timeout=PATIENCE_MS)


def test_an_insurer_asks_pays_twice_and_collects(up: Up, visit: Visit, tmp_path: Path) -> None:
    day = (up.services.clock().astimezone(LONDON) - timedelta(days=2)).date().isoformat()
    exhibit = ready_exhibit(up, clip_in(tmp_path), "ASK")
    assert exhibit == "ASK/1"
    jo, watch = visit()
    checks_coverage(jo, day)
    look(jo, "coverage-answer", watch=watch)
    fills_in(
        jo,
        {
            **CIVIL,
            **dict(zip(DATE, day.split("-"), strict=True)),
            "email": JO.address,
            "recipient_name": JO.name,
            "recipient_email": JO.address,
        },
        watch,
    )
    look(jo, "request-check", watch=watch)
    urn = sends(jo)
    look(jo, "request-sent", watch=watch)

    olive, olive_watch = visit()
    sign_in(olive, "Olive Operator", then=f"/console/requests/{urn}")
    look(olive, "request-new", watch=olive_watch)
    press(olive, "Confirm that it is preserved")
    olive.get_by_label("Where it is").fill("protected in the recorder")
    press(olive, "Confirm that it is preserved")
    decides(olive, urn, "Say whether cameras cover it", "Save the answer", choice=COVERED)

    looks_after(jo, urn)
    look(jo, "request-to-be-paid", watch=watch)
    pays(jo, "£25")

    olive.goto(f"/console/requests/{urn}")
    press(olive, "Begin the review")
    press(olive, "Begin the review")
    decides(olive, urn, "Say what the review found", "Save what was found", choice=FOUND)
    grace, grace_watch = visit()
    sign_in(grace, "Grace Governance")
    checks_documents(grace, urn, grace_watch)
    rhys, _ = visit()
    sign_in(rhys, "Rhys Releaser")
    decides(rhys, urn, "Approve in principle", "Approve in principle")
    pays(jo, "£75")

    olive.goto(f"/console/requests/{urn}")
    look(olive, "request-to-be-released", watch=olive_watch)
    press(olive, "Propose the release")
    look(olive, "propose-for-a-request", watch=olive_watch)
    go_on(olive)
    releases(olive, rhys, urn)

    collector, collector_watch = visit()
    enter(collector, JO)
    accept_terms(collector)
    package = download(collector, tmp_path)
    confirm(collector, package)
    assert "VERIFIED: this package is the one that Barchester Council" in verdict(
        collector, package
    )
    jo.goto("/requests/status/request")
    expect(jo.get_by_role("heading", level=1)).to_have_text("The footage was collected")
    assert [*watch.complaints, *grace_watch.complaints, *collector_watch.complaints] == []
