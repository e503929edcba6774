"""Every state of a payment against every other that may be told, and what a fee makes of it."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from evidence.fees.accounts import _next_look
from evidence.fees.states import (
    INVOICED,
    LIFETIME,
    LIVE,
    NOT_OWED,
    UNPAID,
    FeeState,
    PaymentState,
    RefundState,
    contradicts,
    fee_state,
    follow,
    follow_refund,
)
from evidence.fees.tables import PaymentRow

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


@pytest.mark.parametrize("begun", ["2026-10-25T00:15", "2026-10-25T01:15", "2026-03-29T00:15"])
@pytest.mark.parametrize(
    ("minutes", "next_look"),
    [(0, 10), (9, 10), (10, 92), (89, 92), (90, 92), (91, 92), (92, 152), (180, 240)],
)
def test_a_payment_is_asked_about_after_its_90_minutes_whatever_the_clocks_do(
    begun: str, minutes: int, next_look: int
) -> None:
    at = datetime.fromisoformat(begun).replace(tzinfo=UTC)
    row = PaymentRow(id=UUID(int=1), fee=UUID(int=2), number=1, state="created", begun_at=at)
    assert timedelta(minutes=90) == LIFETIME
    looked = _next_look(row, at + timedelta(minutes=minutes))
    assert looked == at + timedelta(minutes=next_look)
    for state in set(PaymentState) - set(LIVE):
        row.state = state
        assert _next_look(row, at + timedelta(minutes=minutes)) is None


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


@pytest.mark.parametrize(
    ("credited", "state"),
    [
        (0, FeeState.ON_ACCOUNT),
        (1, FeeState.PARTLY_CREDITED),
        (2499, FeeState.PARTLY_CREDITED),
        (2500, FeeState.CREDITED),
    ],
)
def test_where_a_fee_on_account_stands(credited: int, state: FeeState) -> None:
    assert fee_state(waived=False, paid=2500, refunded=credited, invoiced=True) is state


def test_every_state_of_a_fee_says_whether_it_is_owed_by_card() -> None:
    assert set(FeeState) - set(NOT_OWED) == {
        *(FeeState.DUE, FeeState.PAID, FeeState.PARTLY_REFUNDED, FeeState.REFUNDED)
    }
    assert set(INVOICED) < set(NOT_OWED)
