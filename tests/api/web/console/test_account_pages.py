"""Firms that pay monthly: finance's pages, and the page of whoever puts a fee on account."""

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from api.times import utc_now
from api.web.console.accounts.words import DECISIONS, GROUPS
from evidence.fees.invoicing.lines import Line, statement_reference
from evidence.fees.invoicing.states import AccountState
from evidence.people.access import Role
from evidence.people.tables import PersonRow
from evidence.requests.notices.tables import ChangeRow
from evidence.requests.states import Path
from export.desk.invoicing import accounts
from export.desk.spreadsheet import STATEMENT_COLUMNS, format_statement
from tests.api.asking import Web
from tests.api.web.public.test_request_pages import led, look_after
from tests.api.web.visiting import Visitor, hidden_fields
from tests.evidence.fees.invoicing.firms import Firm
from tests.houses import House

Opens = Callable[..., Visitor]
NEW = {
    "organisation": "Harbour Mutual",
    "domains": "harbour-mutual.example\r\nharbour.example",
    "reference": "PO-7",
    "address": "1 Quay\r\nBarchester",
    "days": "30",
    "limit": "500",
    "reason": "agreed with its claims team",
}


def test_every_state_has_its_words() -> None:
    assert GROUPS.keys() == {None, *AccountState}
    assert set(DECISIONS) == {"approved", "closed"}


def test_two_people_open_an_account_and_one_closes_it(browser: Opens) -> None:
    finance, grace = browser(Role.FINANCE), browser(Role.GOVERNANCE)
    assert "No account was opened yet" in finance.get("/console/accounts?show=").text
    form = "/console/accounts/new"
    for wrong, words in (
        ({"organisation": ""}, "Enter the name of the organisation"),
        ({"domains": "gmail.com"}, "free mail"),
        ({"domains": "jo@harbour.example"}, "no domain of mailboxes"),
        ({"days": "soon"}, "Enter a number of days"),
        ({"days": "91"}, "1 to 90"),
        ({"limit": "lots"}, "Enter an amount in pounds"),
        ({"reason": " "}, "Enter why the account is opened"),
    ):
        refused = finance.fill(form, {**NEW, **wrong})
        assert refused.status_code == 422, wrong
        assert words in html.unescape(refused.text), wrong
        assert "1 Quay" in refused.text, "nothing typed is lost"
    place = led(finance.fill(form, NEW))
    here = place.partition("?")[0]
    assert "waits for a second person" in finance.get(place).text
    again = finance.fill(form, NEW)
    assert "an account of harbour-mutual.example already" in again.text
    assert "You opened this account" in finance.get(here).text
    own = finance.fill(f"{here}/approval", {"reason": "fine"})
    assert own.status_code == 403
    assert "must not approve it" in own.text
    assert "invoice account waits for approval" in grace.get("/console").text
    missing = grace.fill(f"{here}/approval", {"reason": ""})
    assert "Enter why you approve it" in missing.text
    assert (
        "account is open" in grace.get(led(grace.fill(f"{here}/approval", {"reason": "ok"}))).text
    )
    late = grace.fill(f"{here}/approval", {"reason": "ok"})
    assert (late.status_code, "This account is open" in late.text) == (422, True)
    assert "Close this account" not in grace.get(here).text
    assert (
        "account is closed"
        in finance.get(led(finance.fill(f"{here}/closure", {"reason": "it left"}))).text
    )
    closed = finance.get(here).text
    assert all(words in closed for words in ("it left", "Test finance", "Test governance"))
    assert "Harbour Mutual" in finance.get("/console/accounts?show=closed").text
    assert "Harbour Mutual" not in finance.get("/console/accounts?show=open").text


def test_statements_follow_page_by_page(
    browser: Opens, web: Web, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "MOST_STATEMENTS", 1)
    firm = Firm(house)
    account = firm.opened()
    for _ in range(2):
        firm.charged()
        firm.later(days=31)
        house.services.statements.due(at=firm.at)
    first, second = (statement_reference(one.number) for one in firm.statements(account))
    finance = browser(Role.FINANCE)
    newest = finance.get(f"/console/accounts/{account}").text
    older = re.search(r'href="(/console/accounts/[^"]*before=[^"]*)"', newest)
    assert older
    then = finance.get(html.unescape(older[1])).text
    assert (second in newest, first in newest) == (True, False)
    assert (second in then, first in then) == (False, True)
    assert "Newest statements" in then
    assert "Older statements" not in then
    assert "none before that" in finance.get(f"/console/accounts/{account}?before=x").text
    told = web.ask("GET", f"/accounts/{account}?before={second}", Role.FINANCE).json()
    assert [one["reference"] for one in told["statements"]] == [first]
    assert told["older"] == ""


@pytest.fixture
def firm(house: House) -> Firm:
    return Firm(house, at=utc_now())


def test_whoever_proved_a_mailbox_of_the_firm_puts_the_fee_on_account(
    browser: Opens, house: House, firm: Firm
) -> None:
    account, row, visitor = firm.opened(), firm.asks(), browser()
    shown = look_after(visitor, house, row)
    assert "Put it on the account of Harbour Mutual instead" in shown
    form = "/requests/status/account"
    for order, words in (("", "Enter the reference"), ("x" * 61, "60 are allowed")):
        refused = visitor.fill(form, {"purchase_order": order})
        assert refused.status_code == 422
        assert words in refused.text
    sent = {**hidden_fields(visitor.get(form).text), "purchase_order": "PO <7>"}
    assert led(visitor.post(form, sent)).endswith("?done=on_account")
    assert led(visitor.post(form, sent)) == "/requests/status/request", "pressed twice"
    assert len(firm.lines(account)) == 1
    shown = visitor.get("/requests/status/request?done=on_account").text
    assert "on your organisation" in shown
    assert "On account" in shown
    assert "Pay £25" not in shown
    receipt = visitor.get(f"/pay/{house.services.fees.address(firm.fee(row).id)}").text
    assert "PO &lt;7&gt;" in receipt
    assert "this page is no receipt" in receipt
    assert "money that arrives all the same goes back to the card" in receipt
    for untrue in ("Payment received", "VAT receipt", "Date of payment", "paid by card</th>"):
        assert untrue not in receipt
    assert led(visitor.get(form)) == "/requests/status/request"
    worked_on = browser(Role.OPERATOR).get(f"/console/requests/{row.urn}").text
    assert "Fee put on account" in worked_on
    assert "Payment received" not in worked_on


def test_a_claims_system_is_told_that_a_fee_on_account_moved_its_request(
    house: House, firm: Firm
) -> None:
    firm.opened()
    row, by = firm.asks(), house.subjects[Role.ADMINISTRATOR]
    with house.services.transaction() as session:
        person = session.get_one(PersonRow, row.person).email
        house.services.requesters.name(
            session, person, Path.INSURER, "Harbour Mutual", by=by, at=firm.at
        )
    firm.charge(row)
    told = select(ChangeRow.state).where(ChangeRow.request == row.id)
    assert house.look(lambda s: s.exec(told).all()) == ["reviewable"]


def test_a_stranger_and_another_firm_are_offered_no_account(
    browser: Opens, house: House, firm: Firm
) -> None:
    account, row = firm.opened(), firm.asks(domain="other.example", organisation="Harbour Mutual")
    visitor, form = browser(), "/requests/status/account"
    assert led(visitor.get(form)) == "/requests/status"
    assert led(visitor.post(form, {"purchase_order": "x"})) == "/requests/status"
    assert "on the account of" not in look_after(visitor, house, row)
    assert led(visitor.get(form)) == "/requests/status/request"
    for fee in (firm.fee(row).id, firm.fee(firm.asks()).id):
        visitor.post(form, {"fee": str(fee), "purchase_order": "PO-1"})
    assert not firm.lines(account)
    elsewhere = visitor.post(
        form,
        {"fee": str(firm.fee(row).id), "purchase_order": "PO"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert elsewhere.status_code == 403


def stated(firm: Firm, account: UUID) -> str:
    """Have last month's statement made; return how it is quoted."""
    firm.house.services.statements.due(at=firm.at + timedelta(days=32))
    return statement_reference(firm.statements(account)[-1].number)


def test_a_statement_is_shown_taken_out_and_settled(browser: Opens, firm: Firm) -> None:
    account, row = firm.opened(), firm.asks(claim_reference="=1+1")
    firm.charge(row, "@PO")
    finance = browser(Role.FINANCE)
    fee = f"/console/fees/{firm.fee(row).id}"
    assert "See the account" in finance.get(fee).text
    assert "credited on the account" in finance.get(f"{fee}/refund").text
    credited = led(finance.fill(f"{fee}/refund", {"amount": "10", "reason": "too much"}))
    assert "stands on the next statement" in finance.get(credited).text
    assert "Partly credited" in finance.get(fee).text
    reference = stated(firm, account)
    here = f"/console/accounts/statements/{reference}"
    shown = finance.get(here).text
    for words in (reference, row.urn, "£20.83", "£4.17", "£25.00", "-£10.00", "£15.00", "PO-7"):
        assert words in shown, words
    assert here in finance.get(f"/console/accounts/{account}").text
    taken = finance.get(f"{here}.csv")
    assert taken.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(taken.text.removeprefix("\ufeff"))))
    assert [(one["For"], one["Net"], one["VAT"], one["Gross"]) for one in rows] == [
        ("review", "20.83", "4.17", "25.00"),
        ("credit: review", "-8.33", "-1.67", "-10.00"),
    ]
    assert (rows[0]["Claim reference"], rows[0]["Purchase order"]) == ("'=1+1", "'@PO")
    missing = finance.fill(here, {"remittance": " "})
    assert "Enter the reference of the money" in missing.text
    assert "settled" in finance.get(led(finance.fill(here, {"remittance": "BACS 1"}))).text
    settled = finance.get(here).text
    assert "BACS 1" in settled
    assert "Say that it is settled" not in settled
    assert finance.get("/console/accounts/statements/S-999999").status_code == 404


def test_a_file_of_a_statement_runs_nothing_and_hides_nothing() -> None:
    evil = Line("BAR-1", "review", "\t=1\u202e", "+1+1", -1, 0, utc_now())
    text = "".join(format_statement("S-000001", [evil]))
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert tuple(row) == STATEMENT_COLUMNS
    assert row["Purchase order"] == "'+1+1"
    assert row["Claim reference"].startswith("'") or row["Claim reference"].startswith("\\")
    assert "\u202e" not in text
    assert (row["Net"], row["Gross"]) == ("-0.01", "-0.01")


def test_a_machine_of_finance_opens_follows_and_settles(web: Web, house: House) -> None:
    firm = Firm(house, at=utc_now())
    wanted = {
        "organisation": "Harbour Mutual",
        "domains": [firm.domain.upper()],
        "reference": "PO-7",
        "address": "1 Quay",
        "limit_pence": 50_000,
        "reason": "agreed",
    }
    opened = web.ask("POST", "/accounts", Role.FINANCE, json=wanted)
    assert opened.status_code == 201, opened.text
    account = opened.json()
    assert (account["state"], account["domains"]) == ("proposed", [firm.domain])
    again = web.ask("POST", "/accounts", Role.FINANCE, json=wanted)
    assert (again.status_code, again.json()["field"]) == (422, "domains")
    path, reason = f"/accounts/{account['id']}", {"reason": "known"}
    assert web.ask("POST", f"{path}/approval", Role.FINANCE, json=reason).status_code == 403
    approved = web.ask("POST", f"{path}/approval", Role.GOVERNANCE, json=reason)
    assert approved.json()["state"] == "open"
    firm.charged()
    whole = web.ask("GET", path, Role.AUDITOR).json()
    assert (whole["unsettled_pence"], whole["waiting_pence"]) == (2500, 2500)
    reference = stated(firm, UUID(account["id"]))
    statement = web.ask("GET", f"/accounts/statements/{reference}", Role.FINANCE).json()
    assert [one["pence"] for one in statement["lines"]] == [2500]
    lines = web.ask("GET", f"/accounts/statements/{reference}/lines", Role.FINANCE)
    assert lines.headers["content-type"].startswith("text/csv")
    settlement = f"/accounts/statements/{reference}/settlement"
    for status in (200, 409):
        answer = web.ask("POST", settlement, Role.FINANCE, json={"remittance": "BACS 2"})
        assert answer.status_code == status
    listed = web.ask("GET", "/accounts?show=open&limit=1", Role.FINANCE)
    assert listed.json()[0]["id"] == account["id"]
    assert web.ask("POST", f"{path}/closure", Role.FINANCE, json=reason).json()["state"] == "closed"
