"""A request in a real browser: from the coverage check to verified footage, fees and all."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.asking import (
    COVERED,
    FOUND,
    Asker,
    Looks,
    accepts,
    begins_review,
    decides,
    two_days_ago,
)
from tests.browser.looking import Watch, look
from tests.browser.people import (
    PATIENCE_MS,
    Recipient,
    Visit,
    accept_terms,
    clip_in,
    confirm,
    download,
    enter,
    press,
    ready_exhibit,
    verdict,
)
from tests.browser.staff import go_on, sign_in
from tests.durability.ups import Up
from tests.evidence.requests.documents.papers_filled import PDF
from tests.evidence.requests.forms_filled import CIVIL

JO = Recipient("Jo Smith", "jo.smith@harbour-mutual.example", "Example Insurance")
GIVEN = CIVIL | {"email": JO.address, "recipient_name": JO.name, "recipient_email": JO.address}
PAYS = "4444 3333 2222 1111"


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


def pays(jo: Page, pounds: str) -> None:
    """Pay what the page of the request asks for, and come back to it."""
    jo.goto("/requests/status/request")
    press(jo, f"Pay {pounds}")
    press(jo, f"Pay {pounds}")
    jo.get_by_label("Card number").fill(PAYS)
    press(jo, f"Pay {pounds}")
    expect(jo.get_by_role("heading", name="VAT receipt")).to_be_visible()


def releases(olive: Page, rhys: Page, urn: str) -> None:
    """Propose what was filled in for the request, and have it approved and sealed."""
    press(olive, "Propose this release")
    rhys.goto(f"/console/releases/{urn}-R1")
    press(rhys, "Review and decide")
    rhys.get_by_label("Reason").fill("Necessary and proportionate")
    press(rhys, "Approve and seal")
    expect(rhys.locator("h1")).to_contain_text("Sealed", timeout=PATIENCE_MS)


def checks_documents(grace: Page, urn: str, watch: Watch) -> None:
    """Look at both documents, and accept them."""
    with grace.expect_download() as saved:
        accepts(grace, urn, "PDF", "Save it, to open it", glance_at(watch))
    assert Path(saved.value.path()).read_bytes() == PDF
    with grace.expect_popup() as opened:
        accepts(grace, urn, "PNG picture", "Look at it", glance_at(watch))
    picture = opened.value.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("it => [it.naturalWidth, it.complete]") == [1, True]
    opened.value.close()
    # Chromium styles its own page around a picture, which our policy does not let it.
    watch.complaints[:] = [one for one in watch.complaints if "/look)" not in one]


def glance_at(watch: Watch) -> Looks:
    """Return how each page is looked at by somebody whose browser is watched."""
    return lambda page, name: look(page, name, watch=watch)


def test_an_insurer_asks_pays_twice_and_collects(up: Up, visit: Visit, tmp_path: Path) -> None:
    day = two_days_ago(up)
    exhibit = ready_exhibit(up, clip_in(tmp_path), "ASK")
    assert exhibit == "ASK/1"
    jo, watch = visit()
    checks_coverage(jo, day)
    look(jo, "coverage-answer", watch=watch)
    press(jo, "Ask for the footage", "link")
    asker = Asker(jo, JO, GIVEN | {"incident_date": day})
    asker.begins("An insurer")
    asker.fills_in()
    urn = asker.sends()
    look(jo, "request-sent", watch=watch)

    olive, olive_watch = visit()
    sign_in(olive, "Olive Operator", then=f"/console/requests/{urn}")
    look(olive, "request-new", watch=olive_watch)
    press(olive, "Confirm that it is preserved")
    olive.get_by_label("Where it is").fill("protected in the recorder")
    press(olive, "Confirm that it is preserved")
    decides(olive, urn, "Say whether cameras cover it", "Save the answer", choice=COVERED)

    asker.looks_after(urn)
    look(jo, "request-to-be-paid", watch=watch)
    pays(jo, "£25")

    begins_review(olive, urn)
    found = "Say what the review found"
    decides(olive, urn, found, "Save what was found", choice=FOUND, exhibit=exhibit)
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
    every = [*watch.complaints, *grace_watch.complaints, *collector_watch.complaints]
    assert every == []
