"""Every state of a payment against every other that may be told, and what a fee makes of it."""

from itertools import product

import pytest

from evidence.fees.states import (
    LIVE,
    UNPAID,
    FeeState,
    PaymentState,
    RefundState,
    contradicts,
    fee_state,
    follow,
    follow_refund,
)

_STEPS = """
asked       | created started submitted capturable success failed cancelled expired error
created     | started submitted capturable success failed cancelled expired error
started     | submitted capturable success failed cancelled expired error
submitted   | capturable success failed cancelled expired error
capturable  | success failed cancelled expired error
failed      | success
cancelled   | success
expired     | success
error       | success
success     |
"""
FORWARD = {
    PaymentState(now.strip()): {PaymentState(one) for one in told.split()}
    for now, told in (line.split("|") for line in _STEPS.strip().splitlines())
}
"""Where each state goes, written here a second time, by hand."""


@pytest.mark.parametrize(("now", "told"), list(product(PaymentState, PaymentState)))
def test_a_payment_only_goes_forward(now: PaymentState, told: PaymentState) -> None:
    assert follow(now, told) is (told if told in FORWARD[now] else now)
    assert contradicts(now, told) is (now == "success" and told in UNPAID)


def test_every_state_is_live_or_an_end() -> None:
    assert {*LIVE, *UNPAID, PaymentState.SUCCESS} == set(PaymentState)


@pytest.mark.parametrize(("now", "told"), list(product(RefundState, RefundState)))
def test_a_refund_that_ended_stays_so(now: RefundState, told: RefundState) -> None:
    ended = now in (RefundState.SUCCESS, RefundState.ERROR)
    assert follow_refund(now, told) is (now if ended or told is RefundState.ORDERED else told)


@pytest.mark.parametrize(
    ("waived", "paid", "refunded", "state"),
    [
        (False, None, 0, FeeState.DUE),
        (True, None, 0, FeeState.WAIVED),
        (False, 2500, 0, FeeState.PAID),
        (False, 2500, 1, FeeState.PARTLY_REFUNDED),
        (False, 2500, 2500, FeeState.REFUNDED),
        (False, 2500, 2501, FeeState.REFUNDED),
        (True, 2500, 0, FeeState.PAID),
    ],
)
def test_where_a_fee_stands(waived: bool, paid: int | None, refunded: int, state: FeeState) -> None:
    assert fee_state(waived=waived, paid=paid, refunded=refunded) is state
