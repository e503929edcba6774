"""A fee is paid in a real browser, at the card page of the stand-in; finance gives it back."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from custody.formats.events import RecordKind
from evidence.fees.differences import What
from evidence.fees.prices import Stage
from evidence.fees.tables import FeeRow
from tests.browser.looking import SCREENSHOTS, look, picture
from tests.browser.people import Visit, press
from tests.browser.staff import sign_in
from tests.durability.ups import Up

DECLINED, PAYS = "4000 0000 0000 0002", "4444 3333 2222 1111"


def due(up: Up, urn: str) -> FeeRow:
    """Ask for the fee of a request that nobody made."""
    services = up.services
    with services.transaction() as session:
        record = services.ledger.open_record(session, RecordKind.REQUEST)
        row = services.fees.demand(session, record, urn, Stage.REVIEW, at=datetime.now(UTC))
        session.expunge(row)
    return row


def enter(page: Page, number: str) -> None:
    """Enter a card at the stand-in's page."""
    expect(page.get_by_role("heading", name="Demonstration payment")).to_be_visible()
    page.get_by_label("Card number").fill(number)
    press(page, re.compile("^Pay"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_fee_is_declined_paid_and_given_back(up: Up, visit: Visit, script: bool) -> None:
    urn = f"BAR-PAY{'S' if script else 'N'}-2XQ9-J"
    fee = due(up, urn)
    page, watch = visit(java_script_enabled=script)
    page.goto(f"/pay/{up.services.fees.address(fee.id)}")
    if script:
        look(page, "pay-fee", watch=watch)
    press(page, "Pay £25")
    enter(page, DECLINED)
    expect(page.get_by_role("heading", name="Your card was declined")).to_be_visible()
    if script:
        look(page, "pay-declined", watch=watch)
    press(page, "Try again: pay £25")
    enter(page, PAYS)
    expect(page.get_by_role("heading", name="VAT receipt")).to_be_visible()
    if script:
        look(page, "pay-receipt", watch=watch)
        page.emulate_media(media="print")
        picture(page, SCREENSHOTS / "pay-receipt-printed.png")
        page.emulate_media(media="screen")
    give_back(up, visit, urn, script=script)
    expect(page.get_by_role("heading", name="VAT receipt")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Payment received, partly refunded")).to_be_visible()
    assert not watch.complaints


def give_back(up: Up, visit: Visit, urn: str, *, script: bool) -> None:
    """Give a part back as finance, and settle what differs."""
    services = up.services
    with services.transaction() as session:
        at = datetime.now(UTC)
        services.differences.find(
            session, What.UNKNOWN_PAYMENT, urn, f"£9 came for {urn}", fee=None, at=at
        )
    page, watch = visit(java_script_enabled=script)
    sign_in(page, "Fiona Finance")
    if script:
        look(page, "finance-home", watch=watch)
    page.goto("/console/fees")
    if script:
        look(page, "fees", watch=watch)
    press(page, re.compile(urn), "link")
    press(page, "Give money back")
    page.get_by_label("How much?").fill("4.17")
    page.get_by_label("Why is it given back?").fill("paid too much")
    if script:
        look(page, "fee-refund", watch=watch)
    press(page, "Give it back")
    expect(page.get_by_text("The refund is ordered")).to_be_visible()
    for _ in range(60):
        page.reload()
        if page.get_by_text("Partly refunded").count():
            break
        page.wait_for_timeout(250)
    expect(page.get_by_text("Partly refunded")).to_be_visible()
    if script:
        look(page, "fee", watch=watch)
    page.goto("/console/fees/differences")
    if script:
        look(page, "differences", watch=watch)
    page.get_by_role("row", name=re.compile(urn)).get_by_role("link").click()
    page.get_by_label("How was it dealt with?").fill("it was for parking")
    if script:
        look(page, "difference", watch=watch)
    press(page, "Settle it")
    expect(page.get_by_text("The difference is settled")).to_be_visible()
