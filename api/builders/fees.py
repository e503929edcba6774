"""Edge. The room of fees, built: what is owed, how it is paid, and who takes the money."""

import uuid
from functools import partial
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.demonstration.standins import pay_of
from api.payments.govuk_pay import GovukPay
from evidence.fees.accounts import Accounts, Paid, nobody_waits
from evidence.fees.differences import Differences
from evidence.fees.fees import Fees
from evidence.fees.payments import Payments
from evidence.fees.provider import Provider
from evidence.fees.reconciliation import Reconciliation
from evidence.fees.refunds import RefundOrders, Refunds


class FeesRoom(TypedDict):
    """The services of fees."""

    fees: Fees
    payments: Payments
    refund_orders: RefundOrders
    differences: Differences
    reconciliation: Reconciliation


def build_fees(
    ground: Ground,
    evidence: Evidence,
    *,
    paid: Paid = nobody_waits,
    provider: Provider | None = None,
) -> FeesRoom:
    """Build what takes fees; ``paid`` is told, in its transaction, when one is paid."""
    provider = provider or GovukPay(pay_of(ground.settings))
    begin, clock = ground.transaction, ground.clock
    orders = RefundOrders(ground.ledger, ground.jobs, evidence["people"], new_id=uuid.uuid4)
    differences = Differences(ground.ledger, new_id=uuid.uuid4)
    accounts = Accounts(ground.ledger, differences, paid=paid, give_back=orders.give_back)
    fees = Fees(
        ground.ledger,
        ground.jobs,
        ground.council.fees,
        root=ground.roots.codes,
        new_id=uuid.uuid4,
    )
    return FeesRoom(
        fees=fees,
        payments=Payments(
            begin,
            provider,
            fees,
            accounts,
            Refunds(begin, provider, accounts, clock=clock),
            ground.jobs,
            returns=partial(return_address, ground.settings.origin),
            new_id=uuid.uuid4,
            clock=clock,
        ),
        refund_orders=orders,
        differences=differences,
        reconciliation=Reconciliation(
            begin, provider, accounts, differences, ground.jobs, new_id=uuid.uuid4, clock=clock
        ),
    )


def return_address(origin: str, address: str) -> str:
    """Return where the provider sends whoever paid the fee of an address."""
    return f"{origin}/pay/{address}/return"
