"""Client and stand-in speak as the API's description says, and end as its reference says."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from api.payments.codes import AWAY, ENDINGS, REFUSALS, payment_state
from api.payments.govuk_pay import GovukPay
from api.settings.facts import Pay
from evidence.fees.provider import NewPayment, ProviderRefusedError
from evidence.fees.states import PaymentState, RefundState
from storage.errors import UnavailableError
from tests.api.payments.described import (
    DECLINED,
    ERRS,
    ORIGIN,
    OURS,
    PAY,
    SUCCEEDS,
    Desk,
    answering,
    described,
    desk,
)

NEW = NewPayment(
    key=UUID(int=1),
    pence=2500,
    reference="BAR-7K4M-2XQ9-J",
    description="CCTV footage review BAR-7K4M-2XQ9-J",
    return_url=f"{OURS}/pay/x/return",
    metadata={"urn": "BAR-7K4M-2XQ9-J", "stage": "review", "vat_pence": 417},
)
WHOLE = Path(__file__).parents[4] / "shared/conformance/govuk-pay-publicapi.json"


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as opened:
        yield opened


def test_a_payment_is_made_paid_refunded_and_settled(at: Desk) -> None:
    made = at.client.create(NEW)
    assert (made.state, made.pence, made.refundable) == (PaymentState.CREATED, 2500, 0)
    assert made.next_url.startswith(f"{ORIGIN}/secure/")
    assert at.pay(made.next_url).headers["location"] == NEW.return_url
    paid = at.client.get(made.reference)
    assert (paid.state, paid.refundable, paid.next_url) == (PaymentState.SUCCESS, 2500, "")
    part = at.client.refund(made.reference, 1000, available=2500)
    assert (part.state, part.pence) == (RefundState.SUBMITTED, 1000)
    assert at.client.get_refund(made.reference, part.reference).state is RefundState.SUCCESS
    assert [one.reference for one in at.client.refunds(made.reference)] == [part.reference]
    assert at.client.get(made.reference).refundable == 1500
    day = date(2026, 11, 21)
    assert at.client.settled(day, day).payments == ()
    at.later(days=1)
    settled = at.client.settled(day, day)
    assert [one.reference for one in settled.payments] == [made.reference]
    assert [(one.reference, one.payment) for one in settled.refunds] == [
        (part.reference, made.reference)
    ]
    assert settled.payments[0].settled_on == day


def test_the_same_key_gives_the_same_payment_and_another_wish_is_refused(at: Desk) -> None:
    one, two = at.client.create(NEW), at.client.create(NEW)
    assert one.reference == two.reference
    with pytest.raises(ProviderRefusedError, match="made before") as refused:
        at.client.create(replace(NEW, pence=7500))
    assert refused.value.code == "P0191"


def test_the_way_to_the_card_page_leads_there_once_and_each_look_gives_another(at: Desk) -> None:
    made = at.client.create(NEW)
    with at.visit() as browser:
        assert browser.get(made.next_url).status_code == 303
        assert browser.get(made.next_url).status_code == 404
    assert at.client.get(made.reference).state is PaymentState.STARTED
    assert at.pay(at.client.get(made.reference).next_url).status_code == 303


@pytest.mark.parametrize(
    ("card", "action", "state", "code"),
    [
        (DECLINED, "pay", PaymentState.FAILED, "P0010"),
        ("4000000000000069", "pay", PaymentState.FAILED, "P0010"),
        ("4000000000000127", "pay", PaymentState.FAILED, "P0010"),
        (ERRS, "pay", PaymentState.ERROR, "P0050"),
        (SUCCEEDS, "cancel", PaymentState.CANCELLED, "P0030"),
    ],
)
def test_a_payment_that_ends_without_money_says_why(
    at: Desk, card: str, action: str, state: PaymentState, code: str
) -> None:
    made = at.client.create(NEW)
    assert at.pay(made.next_url, card, action).headers["location"] == NEW.return_url
    told = at.client.get(made.reference)
    assert (told.state, told.reason, told.refundable) == (state, ENDINGS[code], 0)


def test_a_payment_ends_after_ninety_minutes_and_one_that_we_cancel_at_once(at: Desk) -> None:
    one = at.client.create(NEW)
    at.client.cancel(one.reference)
    assert at.client.get(one.reference).state is PaymentState.CANCELLED
    with pytest.raises(ProviderRefusedError, match="could not be cancelled"):
        at.client.cancel(one.reference)
    two = at.client.create(replace(NEW, key=UUID(int=2)))
    at.later(minutes=89)
    assert at.client.get(two.reference).state is PaymentState.CREATED
    at.later(minutes=1)
    assert at.client.get(two.reference).state is PaymentState.EXPIRED


def test_a_refund_of_another_amount_than_is_left_is_not_given(at: Desk) -> None:
    made = at.client.create(NEW)
    with pytest.raises(ProviderRefusedError, match="cannot be refunded"):
        at.client.refund(made.reference, 2500, available=2500)
    at.pay(made.next_url)
    at.client.refund(made.reference, 500, available=2500)
    with pytest.raises(UnavailableError, match="another amount"):
        at.client.refund(made.reference, 500, available=2500)
    assert len(at.client.refunds(made.reference)) == 1


def test_it_calls_about_what_happened_and_signs_the_very_bytes(at: Desk) -> None:
    made = at.client.create(NEW)
    at.pay(made.next_url)
    at.client.refund(made.reference, 2500, available=2500)
    names = [json.loads(body)["event_type"] for body, _ in at.told]
    assert names == ["card_payment_started", "card_payment_succeeded", "card_payment_refunded"]
    for body, signature in at.told:
        assert json.loads(body)["resource_id"] == made.reference
        secret = PAY.webhook_secret.encode()
        assert signature == hmac.new(secret, body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_each_documented_refusal_is_a_sentence(at: Desk, code: str) -> None:
    at.fail_next(400, code)
    with pytest.raises(ProviderRefusedError, match=re.escape(REFUSALS[code])) as refused:
        at.client.create(NEW)
    assert refused.value.code == code


@pytest.mark.parametrize("code", [*sorted(AWAY), "P0900"])
def test_what_is_out_of_order_is_asked_again_later(at: Desk, code: str) -> None:
    at.fail_next(503 if code in AWAY else 400, code)
    expected = UnavailableError if code in AWAY else ProviderRefusedError
    with pytest.raises(expected):
        at.client.create(NEW)


def test_what_is_only_asked_about_ends_by_being_unknown_and_by_no_other_no(at: Desk) -> None:
    made = at.client.create(NEW)
    at.fail_next(403, "P0920")
    with pytest.raises(UnavailableError, match="firewall"):
        at.client.get(made.reference)
    with pytest.raises(ProviderRefusedError, match="does not know this payment"):
        at.client.get("another")


def test_too_many_requests_are_made_again_after_a_pause_and_not_for_ever(at: Desk) -> None:
    at.fail_next(429, "P0900")
    assert at.client.create(NEW).pence == 2500
    assert at.paused == [1.0]
    for _ in range(3):
        at.fail_next(429, "P0900")
    with pytest.raises(UnavailableError, match="no time"):
        at.client.create(replace(NEW, key=UUID(int=2)))
    assert at.paused == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("broken", ["before", "after", "", "done"])
def test_a_payment_whose_answer_was_lost_is_the_same_when_asked_again(
    at: Desk, broken: str
) -> None:
    if broken in ("before", "after"):
        at.transport.breaks.append(broken)
    else:
        at.fail_next(500, "P0198", done=broken == "done")
    with pytest.raises(UnavailableError):
        at.client.create(NEW)
    assert len(at.stand_in.account.charges) == (broken in ("after", "done"))
    made = at.client.create(NEW)
    assert list(at.stand_in.account.charges) == [made.reference]


def test_a_wrong_key_waits_for_a_person_and_an_empty_one_asks_nobody(at: Desk) -> None:
    with pytest.raises(UnavailableError, match="does not accept our key"):
        GovukPay(replace(PAY, key="another"), transport=at.transport).create(NEW)
    at.transport.calls.clear()
    with pytest.raises(UnavailableError, match="was not given"):
        GovukPay(Pay("", ""), transport=at.transport).get("x")
    assert not at.transport.calls


GOOD = {"payment_id": "p1", "amount": 2500, "state": {"status": "created"}}


@pytest.mark.parametrize(
    "change",
    [
        {"payment_id": "../../x"},
        {"payment_id": 3},
        {"amount": "2500"},
        {"amount": -1},
        {"state": {"status": "paid"}},
        {"state": []},
        {"_links": {"next_url": {"href": "https://evil.example/secure/x"}}},
        {"_links": {"next_url": {"href": f"{ORIGIN}.evil.example/secure/x"}}},
        {"_links": [1]},
        {"settlement_summary": {"settled_date": "soon"}},
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_is_not_believed(change: dict[str, object]) -> None:
    assert answering(lambda _r: httpx.Response(200, json=GOOD)).get("p1").pence == 2500
    with pytest.raises(UnavailableError):
        answering(lambda _r: httpx.Response(200, json={**GOOD, **change})).get("p1")


@pytest.mark.parametrize(
    "reply",
    [
        lambda _r: httpx.Response(200, content=b"no JSON"),
        lambda _r: httpx.Response(200, json=[1]),
        lambda _r: httpx.Response(302, headers={"Location": "https://evil.example/"}),
        lambda _r: httpx.Response(200, content=b"[" * 100_000),
        lambda _r: httpx.Response(200, content=b" " * (5 << 20)),
    ],
    ids=["words", "list", "redirect", "deep", "long"],
)
def test_no_other_answer_is_followed_or_held(
    reply: Callable[[httpx.Request], httpx.Response],
) -> None:
    with pytest.raises(UnavailableError):
        answering(reply).get("p1")


def test_an_answer_that_drips_ends_after_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = count(0, 4)
    monkeypatch.setattr("api.payments.govuk_pay.time.monotonic", lambda: next(passed))
    sent: list[bytes] = []

    def drip() -> Iterator[bytes]:
        for piece in (b" ",) * 100:
            sent.append(piece)
            yield piece

    with pytest.raises(UnavailableError, match="does not answer"):
        answering(lambda _r: httpx.Response(200, content=drip())).get("p1")
    assert len(sent) == 3


def test_what_its_firewall_stops_is_not_sent(at: Desk) -> None:
    made = at.client.create(replace(NEW, description='CCTV <b>"x"</b> \\ |'))
    assert at.stand_in.account.charges[made.reference].description == "CCTV bx/b  "


def test_the_stand_in_sends_nobody_elsewhere(at: Desk) -> None:
    with pytest.raises(ProviderRefusedError):
        at.client.create(replace(NEW, return_url="https://evil.example/"))


def test_the_stand_in_keeps_what_was_paid_when_it_starts_again(tmp_path: Path) -> None:
    with desk() as at:
        at.stand_in.kept = tmp_path / "payments.json"
        at.stand_in.__post_init__()
        made = at.client.create(NEW)
        at.pay(made.next_url)
        at.stand_in.__post_init__()
        assert at.client.get(made.reference).state is PaymentState.SUCCESS


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("created", "", PaymentState.CREATED),
        ("started", "", PaymentState.STARTED),
        ("submitted", "", PaymentState.SUBMITTED),
        ("capturable", "", PaymentState.CAPTURABLE),
        ("success", "", PaymentState.SUCCESS),
        ("failed", "P0010", PaymentState.FAILED),
        ("failed", "P0020", PaymentState.EXPIRED),
        ("failed", "P0030", PaymentState.CANCELLED),
        ("failed", "", PaymentState.FAILED),
        ("cancelled", "P0040", PaymentState.CANCELLED),
        ("error", "P0050", PaymentState.ERROR),
    ],
)
def test_each_status_of_the_provider_is_one_of_our_states(
    status: str, code: str, state: PaymentState
) -> None:
    assert payment_state(status, code) is state


@pytest.mark.skipif(not WHOLE.exists(), reason="the whole description lies beside our repository")
def test_the_excerpt_says_what_the_description_says() -> None:
    def strip(part: object, *, named: bool = False) -> object:
        if isinstance(part, dict):
            left_out = () if named else ("description", "example", "tags", "summary", "security")
            return {
                name: strip(one, named=name == "properties")
                for name, one in part.items()
                if name not in left_out
            }
        return [strip(one) for one in part] if isinstance(part, list) else part

    whole = json.loads(WHOLE.read_bytes())
    for path, methods in described()["paths"].items():
        assert methods == strip(whole["paths"][path])
    for name, schema in described()["components"]["schemas"].items():
        assert schema == strip(whole["components"]["schemas"][name])
