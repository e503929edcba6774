"""A fee is paid at its own address, by people who press twice, come back late, and are declined."""

from collections.abc import Callable, Iterator

import pytest

from api.app import create_app
from api.web.public.pay import FAILURES
from evidence.fees.payments import MOST_ATTEMPTS
from evidence.fees.prices import Stage
from evidence.fees.states import UNPAID
from evidence.people.access import Role
from tests.api.payments.described import DECLINED, ERRS, ORIGIN, OURS, SUCCEEDS, desk
from tests.api.web.visiting import Visitor, visiting
from tests.evidence.fees.tills import Till
from tests.houses import House


@pytest.fixture(scope="module")
def till(house: House) -> Iterator[Till]:
    with desk() as opened:
        yield Till(house, opened)


@pytest.fixture
def payer(till: Till) -> Iterator[Visitor]:
    with visiting(create_app(till.services()), till.house) as visitor:
        yield visitor


def test_a_fee_is_paid_and_its_receipt_shows_the_vat(till: Till, payer: Visitor) -> None:
    fee = till.due()
    here = f"/pay/{till.fees.address(fee.id)}"
    page = payer.get(here)
    assert page.status_code == 200
    assert "£25</strong>, including £4.17 VAT" in page.text
    assert fee.urn in page.text
    pressed = payer.post(here)
    assert pressed.status_code == 303
    assert pressed.headers["location"].startswith(f"{ORIGIN}/secure/")
    assert payer.get(here).text.count("Go on with the payment") == 1
    back = till.desk.pay(pressed.headers["location"]).headers["location"]
    assert back == f"{OURS}{here}/return"
    returned = payer.get(f"{here}/return")
    assert (returned.status_code, returned.headers["location"]) == (303, here)
    receipt = payer.get(here).text
    for words in ("VAT receipt", "£20.83", "VAT at 20%", "£4.17", "£25.00", "20 November 2026"):
        assert words in receipt, words
    assert till.rows(fee.id)[0].provider_reference in receipt
    assert "no receipt" in receipt, "a demonstration takes no money"
    again = payer.post(here)
    assert (again.status_code, again.headers["location"]) == (303, here)
    assert len(till.rows(fee.id)) == 1


@pytest.mark.parametrize(
    ("card", "action", "state"),
    [
        (DECLINED, "pay", "failed"),
        (ERRS, "pay", "error"),
        (SUCCEEDS, "cancel", "cancelled"),
        ("", "", "expired"),
    ],
)
def test_each_failure_says_what_to_do_and_the_next_press_is_a_new_payment(
    till: Till, payer: Visitor, card: str, action: str, state: str
) -> None:
    fee = till.due(Stage.RELEASE)
    here = f"/pay/{till.fees.address(fee.id)}"
    url = payer.post(here).headers["location"]
    if card:
        till.desk.pay(url, card, action)
    else:
        till.desk.later(minutes=91)
    assert payer.get(f"{here}/return").status_code == 303
    page = payer.get(here).text
    heading, advice = FAILURES[state]
    assert heading in page
    assert advice in page
    assert "Try again: pay £75" in page
    till.desk.pay(payer.post(here).headers["location"])
    payer.get(f"{here}/return")
    assert "Payment received" in payer.get(here).text
    assert len(till.rows(fee.id)) == 2


def test_every_end_without_money_has_its_words() -> None:
    assert FAILURES.keys() == set(UNPAID)


@pytest.mark.parametrize("broken", ["before", "after"])
def test_a_provider_that_does_not_answer_is_a_page_and_nothing_is_lost(
    till: Till, payer: Visitor, broken: str
) -> None:
    fee = till.due()
    here = f"/pay/{till.fees.address(fee.id)}"
    till.desk.transport.breaks.append(broken)
    away = payer.post(here)
    assert away.status_code == 503
    assert "You have not paid, and nothing is lost" in away.text
    till.desk.pay(payer.post(here).headers["location"])
    till.desk.transport.breaks.append(broken)
    unknown = payer.get(f"{here}/return")
    assert unknown.status_code == 503
    assert "Do not pay again" in unknown.text
    assert payer.get(f"{here}/return").status_code == 303
    assert "Payment received" in payer.get(here).text
    assert len(till.rows(fee.id)) == 1


def test_a_provider_that_refuses_is_a_page_and_finance_sees_why(till: Till, payer: Visitor) -> None:
    fee = till.due()
    till.desk.fail_next(422, "P0940")
    refused = payer.post(f"/pay/{till.fees.address(fee.id)}")
    assert refused.status_code == 503
    assert "finance team is shown why" in refused.text
    assert till.found(fee.id) == ["not begun"]


def test_fifty_payments_that_came_to_nothing_are_enough(
    till: Till, payer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_ATTEMPTS == 50
    monkeypatch.setattr("evidence.fees.payments.MOST_ATTEMPTS", 1)
    fee = till.due()
    here = f"/pay/{till.fees.address(fee.id)}"
    till.desk.pay(payer.post(here).headers["location"], DECLINED)
    assert "came to nothing" in payer.post(here).text
    assert len(till.rows(fee.id)) == 1


def test_nothing_is_asked_of_who_pays_nothing_and_a_refund_stands_on_the_receipt(
    till: Till, payer: Visitor, house: House
) -> None:
    record, urn = till.request()
    with house.services.transaction() as session:
        waived = till.fees.waive(
            session, record, urn, Stage.REVIEW, reason="police", at=till.clock()
        )
    page = payer.get(f"/pay/{till.fees.address(waived.id)}").text
    assert "There is nothing to pay" in page
    assert "police" not in page, "why is nobody else's business"
    paid = till.paid_fee()
    with house.services.transaction() as session:
        finance = house.subjects[Role.FINANCE]
        till.orders.order(session, paid.id, 417, by=finance, at=till.clock(), reason="secret")
    for _ in range(2):
        till.payments.settle(paid.id)
    receipt = payer.get(f"/pay/{till.fees.address(paid.id)}").text
    assert "Payment received, partly refunded" in receipt
    assert "\u2212£4.17" in receipt
    assert "secret" not in receipt


def test_another_address_is_no_fee_and_another_site_begins_no_payment(
    till: Till, payer: Visitor
) -> None:
    fee = till.due()
    here = f"/pay/{till.fees.address(fee.id)}"
    for path in ("/pay/x", f"/pay/{fee.id}", f"{here[:-1]}_"):
        for answer in (payer.get(path), payer.post(path), payer.get(f"{path}/return")):
            assert answer.status_code == 404, path
    forged = payer.post(here, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    assert not till.rows(fee.id)


def test_pages_may_lead_to_the_card_page_and_to_no_other_host(
    browser: Callable[..., Visitor], house: House
) -> None:
    policy = browser().get("/").headers["content-security-policy"]
    (forms,) = [part for part in policy.split("; ") if part.startswith("form-action")]
    ports = house.settings.data / "standins.json"
    assert ports.exists()
    assert forms.split()[1] == "'self'"
    assert len(forms.split()) == 3
    assert forms.split()[2].startswith("http://127.0.0.1:")
