"""Each day's settlement is held against our rows once, and what differs is seen and settled."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.fees.tables import DifferenceRow, SettlementDayRow
from evidence.people.access import Role
from tests.api.payments.described import desk
from tests.evidence.fees.tills import Till
from tests.houses import House


@pytest.fixture(scope="module")
def till(house: House) -> Iterator[Till]:
    with desk(datetime(2026, 11, 2, 9, tzinfo=UTC)) as opened:
        yield Till(house, opened)


def days(till: Till) -> list[SettlementDayRow]:
    with till.house.services.transaction() as session:
        found = session.exec(select(SettlementDayRow).order_by(col(SettlementDayRow.day))).all()
        session.expunge_all()
    return list(found)


def test_a_town_without_payments_asks_nobody(till: Till) -> None:
    till.reconciliation.due(at=till.clock())
    assert days(till) == []


def test_days_are_compared_once_and_what_differs_becomes_a_row(till: Till) -> None:
    good, lost, refunded = till.paid_fee(), till.due(), till.paid_fee()
    # Somebody paid, never came back, and no call reached us.
    till.desk.pay(till.payments.start(lost.id))
    elsewhere = till.rows(refunded.id)[0].provider_reference
    till.desk.client.refund(elsewhere, 300, available=2500)
    account = till.desk.stand_in.account
    stranger, _ = account.create(
        {"amount": 900, "reference": "x", "description": "x", "return_url": "http://x/"}, ""
    )
    account.pay(stranger, "success", "")
    till.desk.now[0] = datetime(2026, 11, 4, 4, 59, tzinfo=UTC)
    till.reconciliation.due(at=till.clock())
    assert days(till) == [], "the provider has not told the day before yet"
    till.desk.now[0] = datetime(2026, 11, 4, 5, 1, tzinfo=UTC)
    till.reconciliation.due(at=till.clock())
    till.reconciliation.due(at=till.clock())
    (day,) = days(till)
    assert day.day.isoformat() == "2026-11-03"
    for _ in range(2):
        till.reconciliation.reconcile(day.id)
    (day,) = days(till)
    assert (day.payments, day.refunds, day.net_pence) == (4, 1, 3 * 2500 + 900 - 300)
    assert till.found(good.id) == []
    assert till.found(lost.id) == ["found late"]
    assert till.fee(lost.id).state == "paid"
    assert till.found(refunded.id) == ["unknown refund"]
    assert till.found(None) == ["unknown payment"]
    assert till.rows(good.id)[0].settled_on == day.day


def test_days_that_were_missed_are_made_up_for_and_money_that_never_came_is_told(
    till: Till,
) -> None:
    late = till.paid_fee()
    charge = till.desk.stand_in.account.find(till.rows(late.id)[0].provider_reference, "")
    charge.paid = ""
    till.desk.now[0] = datetime(2026, 11, 16, 9, tzinfo=UTC)
    till.reconciliation.due(at=till.clock())
    missed = days(till)[1:]
    assert [one.day.day for one in missed] == list(range(4, 16))
    for one in missed:
        till.reconciliation.reconcile(one.id)
    assert till.found(late.id) == ["not settled"]


def test_finance_settles_a_difference_with_a_reason_and_once(till: Till, house: House) -> None:
    services, finance = house.services, house.subjects[Role.FINANCE]
    with services.transaction() as session:
        found = select(DifferenceRow.id).where(DifferenceRow.what == "unknown payment")
        difference = session.exec(found).one()

    def settle(role: str = Role.FINANCE, reason: str = "paid for parking: moved") -> None:
        with services.transaction() as session:
            till.differences.settle(
                session, difference, by=house.subjects[role], at=till.clock(), reason=reason
            )

    with pytest.raises(AccessRefusedError):
        settle(Role.AUDITOR)
    with pytest.raises(InvalidError, match="reason"):
        settle(reason="")
    settle()
    with pytest.raises(StateError, match="before"):
        settle()
    assert till.events(difference) == ["difference.found", "difference.settled"]
    (_, settled) = house.events(difference)
    assert settled[1]["actor"] == finance.words
