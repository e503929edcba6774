"""Edge. The room of fees, built: what is owed, how it is paid, and who takes the money."""

import uuid
from functools import partial
from typing import TypedDict

from api.builders.evidence import Evidence
from api.builders.ground import Ground
from api.demonstration.standins import pay_of
from api.payments.govuk_pay import GovukPay
from evidence.fees.accounts import Accounts, Paid
from evidence.fees.differences import Differences
from evidence.fees.fees import Fees
from evidence.fees.payments import Payments
from evidence.fees.provider import Provider
from evidence.fees.reconciliation import Reconciliation
from evidence.fees.refunds import RefundOrders, Refunds


class FeesRoom(TypedDict):
    """What is owed, and what goes back."""

    fees: Fees
    refund_orders: RefundOrders
    differences: Differences


class PaymentsRoom(TypedDict):
    """What speaks with the provider."""

    payments: Payments
    reconciliation: Reconciliation


def build_fees(ground: Ground, evidence: Evidence) -> FeesRoom:
    """Build what keeps fees."""
    return FeesRoom(
        fees=Fees(
            ground.ledger,
            ground.jobs,
            ground.council.fees,
            root=ground.roots.codes,
            new_id=uuid.uuid4,
        ),
        refund_orders=RefundOrders(
            ground.ledger, ground.jobs, evidence["people"], new_id=uuid.uuid4
        ),
        differences=Differences(ground.ledger, new_id=uuid.uuid4),
    )


def build_payments(
    ground: Ground, room: FeesRoom, *, paid: Paid, provider: Provider | None = None
) -> PaymentsRoom:
    """Build what takes fees; ``paid`` is told, in its transaction, when one is paid."""
    provider = provider or GovukPay(pay_of(ground.settings))
    begin, clock, differences = ground.transaction, ground.clock, room["differences"]
    accounts = Accounts(
        ground.ledger, differences, paid=paid, give_back=room["refund_orders"].give_back
    )
    return PaymentsRoom(
        payments=Payments(
            begin,
            provider,
            room["fees"],
            accounts,
            Refunds(begin, provider, accounts, clock=clock),
            ground.jobs,
            returns=partial(return_address, ground.settings.origin),
            new_id=uuid.uuid4,
            clock=clock,
        ),
        reconciliation=Reconciliation(
            begin, provider, accounts, differences, ground.jobs, new_id=uuid.uuid4, clock=clock
        ),
    )


def return_address(origin: str, address: str) -> str:
    """Return where the provider sends whoever paid the fee of an address."""
    return f"{origin}/pay/{address}/return"
