"""One fee, one payment, one event, whatever ends in between and whoever is told how often."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest

from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.fees.fees import FREE, Fees
from evidence.fees.prices import Stage, Tariff
from evidence.fees.provider import ProviderRefusedError
from evidence.fees.states import FeeState, PaymentState, RefundState
from evidence.people.access import Role
from storage.errors import UnavailableError
from tests.api.payments.described import DECLINED, desk
from tests.evidence.fees.tills import Steps, Till
from tests.houses import House

ONCE = ["fee.demanded", "payment.requested", "payment.succeeded"]


@pytest.fixture
def till(house: House) -> Iterator[Till]:
    with desk() as opened:
        yield Till(house, opened)


def story(till: Till) -> None:
    """Pay a fee: at the button, at the card page, and on the way back; then the provider calls."""
    fee = till.due()
    urls: list[str] = []
    till.until_done(lambda: urls.append(till.payments.start(fee.id)))
    till.desk.pay(urls[-1])
    till.until_done(lambda: till.payments.check(fee.id))
    till.until_done(lambda: till.payments.settle(fee.id))
    assert till.events(fee.request) == ONCE
    assert [one.state for one in till.rows(fee.id)] == [PaymentState.SUCCESS]
    paid = till.fee(fee.id)
    assert (paid.state, paid.paid_by) == (FeeState.PAID, till.rows(fee.id)[0].id)
    charges = [c for c in till.desk.stand_in.account.charges.values() if c.reference == fee.urn]
    assert len(charges) == 1
    till.until_done(lambda: urls.append(till.payments.start(fee.id)))
    assert urls[-1] == "", "nothing is left to pay"
    assert not till.found(fee.id)


@pytest.mark.parametrize("how", ["before", "undone", "after"])
def test_killed_at_any_transaction_a_payment_is_one_fee_one_event_one_receipt(
    till: Till, how: str
) -> None:
    for at in count():
        till.steps = Steps(at, how)
        till.paid.clear()
        story(till)
        # What follows is told in the transaction that is then undone, and told again.
        assert len(till.paid) in ((1, 2) if how == "undone" else (1,))
        if at >= till.steps.seen:
            break
    assert at == 8, "transactions of a payment"


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_provider_that_breaks_off_at_any_call_is_paid_once(till: Till, how: str) -> None:
    for at in range(4):
        till.desk.transport.breaks.clear()
        till.desk.transport.breaks.extend([""] * at + [how])
        story(till)


@pytest.mark.parametrize("how", ["before", "undone", "after", "lost", "not begun"])
def test_killed_at_any_step_a_refund_goes_back_once(till: Till, how: str) -> None:
    for at in count():
        fee = till.paid_fee()
        till.steps = Steps()
        with till.house.services.transaction() as session:
            finance = till.house.subjects[Role.FINANCE]
            till.orders.order(session, fee.id, 1000, by=finance, at=till.clock(), reason="part")
        if how in ("lost", "not begun"):
            till.desk.transport.breaks.extend([""] * at + ["after" if how == "lost" else "before"])
        else:
            till.steps = Steps(at, how)
        till.until_done(lambda fee=fee: till.payments.settle(fee.id))  # type: ignore[misc]
        till.desk.transport.breaks.clear()
        till.until_done(lambda fee=fee: till.payments.settle(fee.id))  # type: ignore[misc]
        assert till.events(fee.request) == [*ONCE, "refund.ordered", "payment.refunded"]
        charge = till.desk.stand_in.account.find(till.rows(fee.id)[0].provider_reference, "")
        assert [one["amount"] for one in charge.refunds] == [1000]
        assert till.fee(fee.id).state == FeeState.PARTLY_REFUNDED
        if at >= (3 if till.steps.how == "" else till.steps.seen):
            break


def test_a_double_click_gives_the_same_payment_and_each_way_to_the_card_page_works(
    till: Till,
) -> None:
    fee = till.due()
    first, second = till.payments.start(fee.id), till.payments.start(fee.id)
    assert first != second, "each way there leads there once"
    assert len(till.rows(fee.id)) == 1
    assert till.desk.pay(second).status_code == 303
    till.payments.check(fee.id)
    assert till.paid == [(fee.request, Stage.REVIEW)]


def test_five_presses_at_once_are_one_payment(till: Till) -> None:
    fee = till.due()
    with ThreadPoolExecutor(5) as people:
        urls = list(people.map(lambda _: till.payments.start(fee.id), range(5)))
    assert all(urls)
    assert len(till.rows(fee.id)) == 1
    assert till.events(fee.request) == ["fee.demanded", "payment.requested"]
    till.desk.pay(urls[0])
    with ThreadPoolExecutor(5) as people:
        list(people.map(lambda _: till.payments.check(fee.id), range(5)))
    assert till.events(fee.request) == ONCE
    assert till.paid == [(fee.request, Stage.REVIEW)]


def test_a_declined_card_ends_the_payment_and_the_next_press_begins_another(till: Till) -> None:
    fee = till.due(Stage.RELEASE)
    till.desk.pay(till.payments.start(fee.id), DECLINED)
    till.payments.check(fee.id)
    assert till.fee(fee.id).state == FeeState.DUE
    till.desk.pay(till.payments.start(fee.id))
    till.payments.check(fee.id)
    failed, paid = till.rows(fee.id)
    assert (failed.state, failed.reason) == (PaymentState.FAILED, "the card was refused")
    assert till.fee(fee.id).paid_by == paid.id
    assert till.events(fee.request) == [
        "fee.demanded",
        "payment.requested",
        "payment.failed",
        "payment.requested",
        "payment.succeeded",
    ]


def test_a_press_after_a_payment_failed_unseen_begins_another_at_once(till: Till) -> None:
    fee = till.due()
    till.desk.pay(till.payments.start(fee.id), DECLINED)
    assert till.payments.start(fee.id)
    assert [one.state for one in till.rows(fee.id)] == [PaymentState.FAILED, PaymentState.CREATED]


def test_a_payment_that_nobody_finishes_expires_without_anybody_asking(till: Till) -> None:
    fee = till.due()
    till.payments.start(fee.id)
    for minutes, state in ((9, "created"), (2, "created"), (80, "created"), (2, "expired")):
        till.desk.later(minutes=minutes)
        till.payments.due(at=till.clock())
        if till.rows(fee.id)[0].check_at == till.clock() + timedelta(hours=1):
            till.payments.settle(fee.id)  # as the job that was deferred
        assert till.rows(fee.id)[0].state == state
    assert till.rows(fee.id)[0].check_at is None
    assert till.events(fee.request)[-1] == "payment.failed"


def test_a_payment_that_was_noted_and_never_answered_is_found_by_the_clock(till: Till) -> None:
    fee = till.due()
    till.desk.transport.breaks.append("after")
    with pytest.raises(UnavailableError):
        till.payments.start(fee.id)
    assert till.rows(fee.id)[0].state == PaymentState.ASKED
    till.desk.later(minutes=11)
    till.payments.due(at=till.clock())
    till.payments.settle(fee.id)
    assert till.rows(fee.id)[0].state == PaymentState.CREATED
    assert till.events(fee.request) == ["fee.demanded", "payment.requested"]


def test_a_second_payment_of_one_fee_goes_back_and_finance_sees_it(till: Till) -> None:
    fee = till.due()
    till.desk.pay(till.payments.start(fee.id), DECLINED)
    till.payments.check(fee.id)
    till.desk.pay(till.payments.start(fee.id))
    till.payments.check(fee.id)
    # The provider says of the first, late, that it was paid after all.
    first = till.rows(fee.id)[0]
    charge = till.desk.stand_in.account.find(first.provider_reference, "")
    till.desk.stand_in.account.pay(charge, "success", "")
    with till.house.services.transaction() as session:
        assert till.payments.hear(session, "m1", charge.id, at=till.clock())
    till.payments.settle(fee.id)
    till.payments.settle(fee.id)
    assert till.found(fee.id) == ["paid twice"]
    (refund,) = till.refunds(fee.id)
    assert (refund.pence, refund.state, refund.payment) == (2500, RefundState.SUCCESS, first.id)
    assert [one["amount"] for one in charge.refunds] == [2500]
    assert till.fee(fee.id).state == FeeState.PAID, "the one that counts is still there"
    assert till.paid == [(fee.request, Stage.REVIEW)]


def test_a_fee_that_is_waived_cancels_its_payment_and_money_that_comes_goes_back(
    till: Till,
) -> None:
    fees = [till.due(), till.due()]
    for fee in fees:
        till.payments.start(fee.id)
    late = till.rows(fees[1].id)[0]
    charge = till.desk.stand_in.account.find(late.provider_reference, "")
    till.desk.stand_in.account.pay(charge, "success", "")
    for fee in fees:
        with till.house.services.transaction() as session:
            till.fees.waive(
                session, fee.request, fee.urn, Stage.REVIEW, reason="police", at=till.clock()
            )
        till.payments.settle(fee.id)
        assert till.payments.start(fee.id) == ""
    till.payments.settle(fees[1].id)
    assert till.rows(fees[0].id)[0].state == PaymentState.CANCELLED
    assert till.found(fees[1].id) == ["paid although waived"]
    assert [one.state for one in till.refunds(fees[1].id)] == [RefundState.SUCCESS]
    assert till.fee(fees[1].id).state == FeeState.WAIVED
    assert not till.paid


def test_who_pays_nothing_is_on_record_and_is_never_asked(till: Till, house: House) -> None:
    record, urn = till.request()
    for _ in range(2):
        with house.services.transaction() as session:
            till.fees.waive(session, record, urn, Stage.REVIEW, reason="police", at=till.clock())
    free = Fees(
        house.services.ledger,
        house.services.jobs,
        Tariff(release=0),
        root=house.services.roots.codes,
        new_id=uuid4,
    )
    with house.services.transaction() as session:
        free.demand(session, record, urn, Stage.RELEASE, at=till.clock())
        waived, nothing = till.fees.of(session, record)
        assert (waived.waived_reason, nothing.waived_reason) == (FREE, "police")
        assert {waived.stage, nothing.stage} == {"review", "release"}
    assert till.events(record) == ["fee.waived", "fee.waived"]


def test_a_fee_is_demanded_once_and_a_paid_one_is_not_waived(till: Till, house: House) -> None:
    fee = till.paid_fee()
    with house.services.transaction() as session:
        again = till.fees.demand(session, fee.request, fee.urn, Stage.REVIEW, at=till.clock())
        assert again.id == fee.id
        with pytest.raises(StateError, match="can be given back"):
            till.fees.waive(
                session, fee.request, fee.urn, Stage.REVIEW, reason="x", at=till.clock()
            )
    assert till.events(fee.request) == ONCE


def test_only_finance_gives_back_and_never_more_than_came(till: Till, house: House) -> None:
    fee, services, at = till.paid_fee(), house.services, till.clock()

    def order(pence: int, role: str = Role.FINANCE, reason: str = "paid by mistake") -> None:
        with services.transaction() as session:
            till.orders.order(session, fee.id, pence, by=house.subjects[role], at=at, reason=reason)

    with pytest.raises(AccessRefusedError):
        order(100, Role.RELEASER)
    for wrong in (0, -5, 2501):
        with pytest.raises(InvalidError, match="£25 of this fee"):
            order(wrong)
    with pytest.raises(InvalidError, match="reason is missing"):
        order(100, reason=" ")
    order(1000)
    with pytest.raises(InvalidError, match="£15 of this fee"):
        order(1501)
    order(1500)
    with pytest.raises(InvalidError, match="refunded already"):
        order(1)
    till.payments.settle(fee.id)
    till.payments.settle(fee.id)
    assert till.fee(fee.id).state == FeeState.REFUNDED
    assert till.events(fee.request).count("payment.refunded") == 2
    with services.transaction() as session, pytest.raises(StateError, match="not paid"):
        till.orders.order(
            session, till.due().id, 1, by=house.subjects[Role.FINANCE], at=at, reason="x"
        )


def test_a_request_that_is_refused_gives_back_what_is_left(till: Till, house: House) -> None:
    fee, due = till.paid_fee(Stage.RELEASE), till.due()
    releaser = house.subjects[Role.RELEASER]
    for one, times in ((fee, 2), (due, 1)):
        for _ in range(times):
            with house.services.transaction() as session:
                till.orders.order_whole(
                    session,
                    one.request,
                    Stage(one.stage),
                    by=releaser,
                    role=Role.RELEASER,
                    at=till.clock(),
                    reason="the footage cannot be released",
                )
    till.payments.settle(fee.id)
    till.payments.settle(fee.id)
    assert [one.pence for one in till.refunds(fee.id)] == [7500]
    assert till.fee(fee.id).state == FeeState.REFUNDED
    assert not till.refunds(due.id)


def test_a_refund_that_the_provider_refuses_is_told_to_finance(till: Till, house: House) -> None:
    fee = till.paid_fee()
    with house.services.transaction() as session:
        finance = house.subjects[Role.FINANCE]
        till.orders.order(session, fee.id, 500, by=finance, at=till.clock(), reason="part")
    till.desk.transport.calls.clear()
    till.desk.fail_next(400, "P0603", method="POST")
    till.payments.settle(fee.id)
    (refund,) = till.refunds(fee.id)
    assert refund.state == RefundState.ERROR
    assert "cannot be refunded" in refund.failed_reason
    assert till.found(fee.id) == ["refund failed"]
    assert till.events(fee.request)[-1] == "refund.failed"
    assert till.fee(fee.id).state == FeeState.PAID


def test_a_refund_of_the_admin_tool_is_a_difference(till: Till, house: House) -> None:
    fee = till.paid_fee()
    reference = till.rows(fee.id)[0].provider_reference
    till.desk.client.refund(reference, 700, available=2500)
    with house.services.transaction() as session:
        till.payments.hear(session, "m2", reference, at=till.clock())
    till.payments.settle(fee.id)
    assert till.found(fee.id) == ["unknown refund"]
    with house.services.transaction() as session:
        finance = house.subjects[Role.FINANCE]
        till.orders.order(session, fee.id, 500, by=finance, at=till.clock(), reason="part")
    till.payments.settle(fee.id)
    charge = till.desk.stand_in.account.find(reference, "")
    assert [one["amount"] for one in charge.refunds] == [700, 500]


def test_a_payment_that_the_provider_does_not_begin_is_told_to_finance_once(till: Till) -> None:
    fee = till.due()
    for _ in range(2):
        till.desk.fail_next(422, "P0102")
        with pytest.raises(ProviderRefusedError, match="cannot be right"):
            till.payments.start(fee.id)
    assert [one.state for one in till.rows(fee.id)] == [PaymentState.ERROR] * 2
    assert till.found(fee.id) == ["not begun"]
    assert till.events(fee.request) == ["fee.demanded"]
    assert till.payments.start(fee.id)


def test_a_refusal_that_comes_late_ends_no_payment_that_was_begun_meanwhile(till: Till) -> None:
    fee = till.due()
    till.payments.start(fee.id)
    (row,) = till.rows(fee.id)
    with till.house.services.transaction() as session:
        late = ProviderRefusedError("P0941", "switched off")
        till.accounts.refused(session, row.id, late, named=False, at=till.clock())
    assert till.rows(fee.id)[0].state == PaymentState.CREATED
    assert not till.found(fee.id)


def test_what_the_provider_forgets_takes_back_or_changes_is_a_difference(till: Till) -> None:
    fees = [till.due(), till.paid_fee(), till.due()]
    till.payments.start(fees[0].id)
    till.payments.start(fees[2].id)
    charges = till.desk.stand_in.account.charges
    lost, taken, other = (till.rows(fee.id)[0].provider_reference for fee in fees)
    del charges[lost]
    charges[taken].status, charges[taken].code = "failed", "P0010"
    charges[other].amount, charges[other].status = 1, "success"
    for fee, reference in zip(fees, (lost, taken, other), strict=True):
        with till.house.services.transaction() as session:
            till.payments.hear(session, f"m-{reference}", reference, at=till.clock())
        till.payments.settle(fee.id)
    assert [till.found(fee.id) for fee in fees] == [["lost"], ["taken back"], ["amount"]]
    assert till.fee(fees[1].id).state == FeeState.PAID
    assert till.fee(fees[2].id).state == FeeState.DUE


def test_a_call_is_heard_once_and_of_others_payments_not_at_all(till: Till, house: House) -> None:
    fee = till.paid_fee()
    reference = till.rows(fee.id)[0].provider_reference
    with house.services.transaction() as session:
        told = [
            till.payments.hear(session, message, of, at=till.clock())
            for message, of in (("a", reference), ("a", reference), ("b", "another"), ("c", ""))
        ]
    assert told == [True, False, False, False]
    till.payments.due(at=till.clock() + timedelta(days=61))
    with house.services.transaction() as session:
        assert till.payments.hear(session, "a", reference, at=till.clock()), "and then forgotten"


def test_the_address_of_a_fee_cannot_be_guessed(till: Till, house: House) -> None:
    fee = till.due()
    address = till.fees.address(fee.id)
    with house.services.transaction() as session:
        assert till.fees.at(session, address).id == fee.id
        other = chr(ord(address[30]) ^ 1)
        for guess in ("", "x" * 43, str(fee.id), f"{address[:30]}{other}{address[31:]}", "é" * 43):
            with pytest.raises(UnknownError):
                till.fees.at(session, guess)
        with pytest.raises(UnknownError):
            till.fees.at(session, till.fees.address(uuid4()))
