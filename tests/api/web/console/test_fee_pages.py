"""Finance sees every fee and every difference, gives money back, and settles."""

from collections.abc import Iterator

import pytest

from api.app import create_app
from api.web.console.fees.words import DIFFERENCES, GROUPS
from evidence.fees.differences import What
from evidence.fees.prices import Stage
from evidence.fees.states import FeeState
from evidence.people.access import Role
from tests.api.payments.described import DECLINED, desk
from tests.api.statements import statements
from tests.api.web.visiting import Visitor, visiting
from tests.evidence.fees.tills import Till
from tests.houses import House


@pytest.fixture(scope="module")
def till(house: House) -> Iterator[Till]:
    with desk() as opened:
        yield Till(house, opened)


@pytest.fixture
def finance(till: Till) -> Iterator[Visitor]:
    with visiting(create_app(till.services()), till.house) as visitor:
        visitor.sign_in(Role.FINANCE)
        yield visitor


def test_every_difference_and_every_state_has_its_words() -> None:
    assert DIFFERENCES.keys() == set(What)
    assert GROUPS.keys() == {None, *FeeState}


def test_finance_comes_home_to_its_work(till: Till, finance: Visitor) -> None:
    home = finance.get("/console").text
    assert "Nothing waits for you" in home
    assert 'href="/console/fees"' in home
    fee = till.due()
    till.desk.fail_next(422, "P0940")
    with pytest.raises(Exception, match="not set up"):
        till.payments.start(fee.id)
    home = finance.get("/console").text
    assert "difference about money" in home
    assert DIFFERENCES[What.NOT_BEGUN][0] in home


def test_money_goes_back_with_a_reason_and_what_is_wrong_loses_nothing(
    till: Till, finance: Visitor
) -> None:
    fee = till.paid_fee()
    form = f"/console/fees/{fee.id}/refund"
    assert 'value="25"' in finance.get(form).text
    for amount, reason, words in (
        ("abc", "kept", "Enter an amount in pounds"),
        ("25.01", "kept", "£25 of this fee can be refunded"),
        ("0", "kept", "£25 of this fee can be refunded"),
        ("10", "", "Enter why it is given back"),
    ):
        refused = finance.fill(form, {"amount": amount, "reason": reason})
        assert refused.status_code == 422
        assert words in refused.text
        assert f'value="{amount}"' in refused.text
        assert reason in refused.text
    sent = finance.fill(form, {"amount": "10.50", "reason": "paid by mistake"})
    assert sent.headers["location"] == f"/console/fees/{fee.id}?done=refunded"
    for _ in range(2):
        till.payments.settle(fee.id)
    page = finance.get(sent.headers["location"]).text
    for words in ("The refund is ordered", "£10.50", "paid by mistake", "Test finance", "£14.50"):
        assert words in page, words
    assert "Partly refunded" in page


def test_a_fee_shows_each_attempt_and_an_unpaid_one_gives_nothing_back(
    till: Till, finance: Visitor
) -> None:
    fee = till.due(Stage.RELEASE)
    till.desk.pay(till.payments.start(fee.id), DECLINED)
    till.payments.check(fee.id)
    page = finance.get(f"/console/fees/{fee.id}").text
    assert "the card was refused" in page
    assert till.rows(fee.id)[0].provider_reference in page
    assert "Give money back" not in page
    form = finance.get(f"/console/fees/{fee.id}/refund").text
    assert "this fee is not paid" in form
    sent = finance.post(
        f"/console/fees/{fee.id}/refund",
        {"form_token": token_of(finance, till), "amount": "1", "reason": "x"},
    )
    assert sent.status_code == 422
    assert "not paid" in sent.text


def token_of(finance: Visitor, till: Till) -> str:
    """Return what a form of finance's carries."""
    with_form = finance.get(f"/console/fees/{till.paid_fee().id}/refund").text
    return with_form.split('name="form_token" value="')[1].split('"')[0]


def test_a_difference_is_settled_with_a_reason_and_stays_on_record(
    till: Till, finance: Visitor
) -> None:
    services, at = till.house.services, till.clock()
    with services.transaction() as session:
        till.differences.find(session, What.UNKNOWN_PAYMENT, "px", "£9 came", fee=None, at=at)
    listed = finance.get("/console/fees/differences").text
    assert "£9 came" in listed
    path = (
        listed.split(DIFFERENCES[What.UNKNOWN_PAYMENT][0])[0].rsplit('href="', 1)[1].split('"')[0]
    )
    missing = finance.fill(path, {"reason": " "})
    assert missing.status_code == 422
    assert "Enter how it was dealt with" in missing.text
    done = finance.fill(path, {"reason": "it was for parking"})
    assert done.headers["location"] == "/console/fees/differences?done=settled"
    assert "£9 came" not in finance.get("/console/fees/differences").text
    assert "£9 came" in finance.get("/console/fees/differences?show=settled").text
    page = finance.get(path).text
    assert "it was for parking" in page
    assert "Test finance" in page
    assert "Settle it" not in page


def test_the_list_is_paged_filtered_and_read_by_as_many_statements_as_one_fee(
    till: Till, finance: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.web.console.fees.pages.PAGE", 3)
    fees = [till.due() for _ in range(4)]
    with statements(till.house) as few:
        first = finance.get(f"/console/fees?q={fees[0].urn}").text
    assert first.count("custos-reference") == 1
    with statements(till.house) as many:
        page = finance.get("/console/fees?show=due").text
    assert len(many) == len(few)
    assert page.count("custos-reference") == 3
    older = page.split("Older fees")[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert finance.get(older).text.count("custos-reference") >= 1
    assert "No fee has a reference that begins" in finance.get("/console/fees?q=100%25").text


def test_an_auditor_sees_fees_and_changes_nothing(till: Till, house: House) -> None:
    fee = till.paid_fee()
    with visiting(create_app(till.services()), house) as auditor:
        auditor.sign_in(Role.AUDITOR)
        page = auditor.get(f"/console/fees/{fee.id}")
        assert page.status_code == 200
        assert "Give money back" not in page.text
        listed = auditor.get("/console/fees/differences").text
        assert listed
