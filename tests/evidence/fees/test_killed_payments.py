"""kill -9 between the steps of a payment, and of what is on account: one of each thing in the end.

Real processes over the shared database die at named points (tests/durability/crashing.py); the
stand-in of the payment provider outlives them, as the provider does. What goes on afterwards is an
ordinary process: whoever presses the button again, or the job.
"""

import secrets
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select
from werkzeug.serving import make_server

from api.demonstration.payments import PayStandIn
from api.demonstration.standins import HOST, pay_of, read_ports
from api.times import utc_now
from custody.formats.canonical import format_time
from evidence.fees.states import PaymentState
from evidence.fees.tables import FeeRow, PaymentRow
from evidence.requests.tables import RequestRow
from tests.durability import crashing
from tests.durability.crashers import Crasher
from tests.evidence.fees.invoicing.firms import Firm
from tests.houses import House


@pytest.fixture(scope="module")
def crasher(house: House) -> Iterator[Crasher]:
    crasher = Crasher(house.settings, house.services)
    yield crasher
    crasher.close()


@pytest.fixture(scope="module")
def provider(house: House) -> Iterator[PayStandIn]:
    """Serve the stand-in where every process of the house looks for it."""
    pay = pay_of(house.settings)
    stand_in = PayStandIn(
        own=pay.api,
        returns=house.settings.origin,
        key=pay.key,
        secret=pay.webhook_secret,
        deliver=lambda _body, _signature: None,
        clock=utc_now,
        draw=lambda length: secrets.token_hex(length)[:length],
    )
    server = make_server(HOST, read_ports(house.settings.data).payments, stand_in)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield stand_in
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def firm(house: House) -> Firm:
    return Firm(house, at=utc_now())


def payments(house: House, fee: FeeRow) -> list[PaymentRow]:
    found = select(PaymentRow).where(PaymentRow.fee == fee.id)
    return house.look(lambda s: list(s.exec(found).all()))


def is_paid_once(firm: Firm, provider: PayStandIn, row: RequestRow) -> None:
    """Demand one fee, one payment here and at the provider, one event of each, one receipt."""
    fee = firm.fee(row)
    (payment,) = payments(firm.house, fee)
    charges = [one for one in provider.account.charges.values() if one.reference == row.urn]
    assert [one.status for one in charges] == ["success"]
    assert payment.state == PaymentState.SUCCESS
    assert (fee.state, fee.paid_by, fee.paid_at) == ("paid", payment.id, payment.succeeded_at)
    told = [one for one in firm.events(row.id) if one.startswith(("fee.", "payment."))]
    assert told == ["fee.demanded", "payment.requested", "payment.succeeded"]
    assert firm.state(row) == ("reviewable", "paid")


def pays(provider: PayStandIn, row: RequestRow) -> None:
    """Pay at the card page."""
    (charge,) = [one for one in provider.account.charges.values() if one.reference == row.urn]
    provider.account.pay(charge, "success", "")


@pytest.mark.parametrize("point", [*crashing.PAYING, *crashing.PAID])
def test_a_process_killed_in_a_payment_leaves_one_fee_one_event_and_one_receipt(
    house: House, crasher: Crasher, provider: PayStandIn, firm: Firm, point: str
) -> None:
    row = firm.asks()
    fee, begin = firm.fee(row), house.services.payments.start
    if point in crashing.PAYING:
        assert crasher.die_at(point, fee.id) == crashing.REACHED
        assert begin(fee.id), "the next press of the button leads to the card page"
        pays(provider, row)
    else:
        assert begin(fee.id)
        pays(provider, row)
        assert crasher.die_at(point, fee.id) == crashing.REACHED
    for _ in range(2):
        house.services.payments.check(fee.id)
    is_paid_once(firm, provider, row)


@pytest.mark.parametrize("point", crashing.INVOICED)
def test_a_process_killed_over_an_account_leaves_one_line_and_one_event(
    house: House, crasher: Crasher, firm: Firm, point: str
) -> None:
    account, row = firm.opened(), firm.asks()
    if point.startswith("account"):
        assert crasher.die_at(point, f"{firm.fee(row).id} {row.id}") == crashing.REACHED
        assert firm.state(row) == ("review_due", "due")
        assert not firm.lines(account)
    firm.charge(row)
    if point.startswith("statement"):
        at = firm.at + timedelta(days=32)
        assert crasher.die_at(point, format_time(at.replace(microsecond=0))) == crashing.REACHED
        for _ in range(2):
            house.services.statements.due(at=at)
        assert len(firm.statements(account)) == 1
        assert firm.events(account).count("statement.made") == 1
    assert firm.state(row) == ("reviewable", "on_account")
    assert len(firm.lines(account)) == 1
    assert firm.events(row.id).count("fee.on_account") == 1
