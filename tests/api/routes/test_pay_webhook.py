"""A call of GOV.UK Pay is a hint: signed over its bytes, heard once, and never believed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpx import Response

from api.app import create_app
from api.demonstration.standins import pay_of
from api.routes.callbacks.pay import sign
from evidence.fees.states import FeeState
from tests.api.payments.described import desk
from tests.api.web.visiting import visiting
from tests.evidence.fees.tills import Till
from tests.houses import House

Call = Callable[..., Response]


@pytest.fixture(scope="module")
def till(house: House) -> Iterator[Till]:
    with desk() as opened:
        yield Till(house, opened)


@pytest.fixture
def call(till: Till) -> Iterator[Call]:
    with visiting(create_app(till.services()), till.house) as provider:
        secret = pay_of(till.house.settings).webhook_secret

        def send(body: bytes, signature: str | None = None) -> Response:
            signed = sign(secret, body) if signature is None else signature
            return provider.ask(
                "POST", "/webhooks/pay", content=body, headers={"Pay-Signature": signed.encode()}
            )

        yield send


def told(message: str, payment: str, **more: Any) -> bytes:  # noqa: ANN401 - JSON
    said = {"webhook_message_id": message, "resource_id": payment, "resource_type": "payment"}
    return json.dumps({**said, **more}).encode()


def test_the_signature_is_the_one_that_its_documentation_gives() -> None:
    # From the vector of the provider's documentation.
    expected = "0854802eec7c77360b3058a5619ad767872b469103c8e951a110562183e72205"
    assert sign("webhook_secret", b'{"webhook_message_id":"123abc"}') == expected


def test_a_call_has_the_provider_asked_and_says_nothing_itself(till: Till, call: Call) -> None:
    fee = till.due()
    url = till.payments.start(fee.id)
    reference = till.rows(fee.id)[0].provider_reference
    lie = told("m-lie", reference, event_type="card_payment_succeeded")
    assert call(lie).status_code == 204
    till.payments.settle(fee.id)
    assert till.fee(fee.id).state == FeeState.DUE
    till.desk.pay(url)
    for body, _ in till.desk.told:  # as the provider sends them: late, and in another order
        assert call(body).status_code == 204
    for body, _ in reversed(till.desk.told):
        assert call(body).status_code == 204
    assert till.fee(fee.id).state == FeeState.DUE, "the work is a job's"
    till.payments.settle(fee.id)
    assert till.fee(fee.id).state == FeeState.PAID
    assert till.events(fee.request).count("payment.succeeded") == 1


@pytest.mark.parametrize("signature", ["", "0" * 64, "é", "x" * 200])
def test_a_forged_call_changes_nothing(till: Till, call: Call, signature: str) -> None:
    fee = till.due()
    till.payments.start(fee.id)
    row = till.rows(fee.id)[0]
    answer = call(told("m-forged", row.provider_reference), signature)
    assert answer.status_code == 401
    assert till.rows(fee.id)[0].check_at == row.check_at


def test_one_byte_more_is_another_call(till: Till, call: Call) -> None:
    body = told("m-byte", "p")
    signed = sign(pay_of(till.house.settings).webhook_secret, body)
    assert call(body + b" ", signed).status_code == 401
    assert call(body, signed).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[1]",
        b"[" * 50_000,
        told("m", ""),
        told("", "p"),
        told("m" * 101, "p"),
        told("m\n", "p"),
        b'{"webhook_message_id": 3, "resource_id": "p"}',
    ],
    ids=["empty", "words", "list", "deep", "no payment", "no number", "long", "line", "number"],
)
def test_a_signed_call_of_another_form_is_refused_with_words(call: Call, body: bytes) -> None:
    answer = call(body)
    assert answer.status_code == 422
    assert "missing, or no name" in answer.json()["detail"]
