"""A firm that pays monthly in a real browser: opened by two, used by its mailbox, and settled."""

from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.asking import COVERED, Asker, decides, two_days_ago
from tests.browser.looking import SCREENSHOTS, glance, look, picture
from tests.browser.people import Recipient, Visit, press
from tests.browser.staff import sign_in
from tests.durability.ups import Up
from tests.evidence.requests.forms_filled import CIVIL

SAM = Recipient("Sam Claims", "sam.claims@monthly.example")


def test_a_firm_is_let_on_account_by_two_and_its_statement_is_settled(up: Up, visit: Visit) -> None:
    fiona, watch = visit()
    sign_in(fiona, "Fiona Finance", then="/console/accounts")
    press(fiona, "Open an account")
    press(fiona, "Open the account")
    expect(fiona.locator(".govuk-error-summary")).to_be_focused()
    look(fiona, "account-new", watch=watch)
    for label, words in {
        "Organisation": "Monthly Insurance",
        "Domains of its mailboxes": "monthly.example",
        "Its reference for invoices": "PO-7",
        "Where statements go": "1 Quay\nBarchester",
        "Most that may be on it": "500",
        "Why is it opened?": "agreed with its claims team",
    }.items():
        fiona.get_by_label(label, exact=False).fill(words)
    press(fiona, "Open the account")
    glance(fiona, "account-proposed")
    here = fiona.url.partition("?")[0]

    grace, grace_watch = visit()
    sign_in(grace, "Grace Governance")
    press(grace, "Monthly Insurance", "link")
    press(grace, "Approve this account")
    grace.get_by_label("Why do you approve it?").fill("its domain is its own")
    glance(grace, "account-approval")
    press(grace, "Approve the account")
    glance(grace, "account-open")

    puts_on_account(up, visit)
    services = up.services
    services.statements.due(at=services.clock() + timedelta(days=32))
    fiona.goto(here)
    look(fiona, "account", watch=watch)
    fiona.get_by_role("link", name="S-0", exact=False).first.click()
    expect(fiona.get_by_role("heading", level=1)).to_contain_text("Statement S-0")
    look(fiona, "statement", watch=watch)
    fiona.emulate_media(media="print")
    picture(fiona, SCREENSHOTS / "statement-printed.png")
    fiona.emulate_media(media="screen")
    fiona.get_by_label("Reference of the money that came").fill("BACS 4711")
    press(fiona, "Say that it is settled")
    expect(fiona.locator("main")).to_contain_text("BACS 4711")
    fiona.goto("/console/accounts")
    glance(fiona, "accounts")
    assert not [*watch.complaints, *grace_watch.complaints]


def puts_on_account(up: Up, visit: Visit) -> None:
    """Ask for footage from a mailbox of the firm, and put the fee on its account."""
    page, watch = visit()
    page.goto("/requests")
    given = CIVIL | {"email": SAM.address, "recipient_email": SAM.address}
    sam = Asker(page, SAM, given | {"incident_date": two_days_ago(up)})
    sam.begins("An insurer")
    sam.fills_in()
    urn = sam.sends()
    olive, _ = visit()
    sign_in(olive, "Olive Operator")
    decides(olive, urn, "Say whether cameras cover it", "Save the answer", choice=COVERED)
    sam.looks_after(urn)
    press(page, "Put it on the account of Monthly Insurance instead", "link")
    look(page, "put-on-account", watch=watch)
    page.get_by_label("Reference of your purchase order").fill("PO-2026/11")
    press(page, "Put it on account")
    glance(page, "request-on-account")
    page.get_by_role("link", name="What is on account", exact=False).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This fee is on account")
    look(page, "pay-on-account", watch=watch)
