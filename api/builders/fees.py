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
from evidence.fees.invoicing.accounts import InvoiceAccounts
from evidence.fees.invoicing.charges import OnAccount
from evidence.fees.invoicing.statements import Statements
from evidence.fees.payments import Payments
from evidence.fees.reconciliation import Reconciliation
from evidence.fees.refunds import RefundOrders, Refunds


class Owed(TypedDict):
    """What is owed and goes back: what a request's own room stands on."""

    fees: Fees
    refund_orders: RefundOrders
    differences: Differences
    invoice_accounts: InvoiceAccounts
    on_account: OnAccount
    statements: Statements


class Paying(TypedDict):
    """What speaks with the provider, and tells the request's room when it is paid."""

    payments: Payments
    reconciliation: Reconciliation


def build_owed(ground: Ground, evidence: Evidence) -> Owed:
    """Build what asks no provider."""
    free, differences = ground.council.free, Differences(ground.ledger, new_id=uuid.uuid4)
    accounts = InvoiceAccounts(ground.ledger, free=free, new_id=uuid.uuid4)
    on_account = OnAccount(ground.ledger, ground.jobs, accounts, new_id=uuid.uuid4)
    return Owed(
        fees=Fees(
            ground.ledger,
            ground.jobs,
            ground.council.fees,
            root=ground.roots.codes,
            new_id=uuid.uuid4,
        ),
        refund_orders=RefundOrders(
            ground.ledger,
            ground.jobs,
            evidence["people"],
            credit=on_account.credit,
            new_id=uuid.uuid4,
        ),
        differences=differences,
        invoice_accounts=accounts,
        on_account=on_account,
        statements=Statements(ground.transaction, ground.ledger, differences),
    )


def build_paying(ground: Ground, owed: Owed, *, paid: Paid) -> Paying:
    """Build what takes payments; ``paid`` is told of each fee, in its transaction."""
    provider = GovukPay(pay_of(ground.settings))
    begin, clock, differences = ground.transaction, ground.clock, owed["differences"]
    give_back = owed["refund_orders"].give_back
    accounts = Accounts(ground.ledger, differences, paid=paid, give_back=give_back)
    return Paying(
        payments=Payments(
            begin,
            provider,
            owed["fees"],
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
