"""Fees on account: only of a proven mailbox of the firm, once, and stated once, whatever ends."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from evidence.errors import (
    AccessRefusedError,
    EvidenceError,
    InvalidError,
    StateError,
    UnknownError,
)
from evidence.fees.differences import What
from evidence.fees.invoicing.accounts import unsettled
from evidence.fees.invoicing.lines import Line, statement_reference, statement_sha256
from evidence.fees.invoicing.months import month_over
from evidence.fees.invoicing.statements import Statements, lines_on
from evidence.fees.invoicing.tables import StatementRow
from evidence.fees.prices import Stage
from evidence.fees.states import FeeState, PaymentState, RefundState
from evidence.fees.tables import DifferenceRow
from evidence.people.access import Role
from evidence.requests.states import Refusal
from tests.api.payments.described import desk
from tests.evidence.fees.invoicing.firms import Firm
from tests.evidence.fees.tills import KilledError, Steps, Till
from tests.houses import House

ON_ACCOUNT = ["fee.demanded", "fee.on_account"]


@pytest.fixture
def firm(house: House) -> Firm:
    return Firm(house)


def fee_events(firm: Firm, record: UUID) -> list[str]:
    return [one for one in firm.events(record) if one.startswith(("fee.", "payment", "refund"))]


def refuse(firm: Firm, urn: str) -> None:
    by = firm.house.subjects[Role.RELEASER]
    firm.house.do(
        Role.RELEASER,
        lambda s: firm.house.services.request_decisions.refuse(
            s, urn, Refusal.NO_BASIS, by=by, at=firm.at, reason="no basis"
        ),
    )


def test_two_people_open_an_account_and_a_closed_one_frees_its_domains(firm: Firm) -> None:
    account = firm.propose()
    with pytest.raises(InvalidError, match=f"an account of {firm.domain} already"):
        firm.propose()
    with pytest.raises(AccessRefusedError, match="must not approve"):
        firm.approve(account, Role.FINANCE)
    with pytest.raises(AccessRefusedError, match="role"):
        firm.approve(account, Role.RELEASER)
    firm.approve(account)
    with pytest.raises(StateError, match="is open"):
        firm.approve(account)
    firm.close(account)
    with pytest.raises(StateError, match="is closed"):
        firm.close(account)
    assert firm.events(account) == ["account.opened", "account.approved", "account.closed"]
    assert firm.propose() != account
    with pytest.raises(UnknownError):
        firm.close(uuid4())


def test_two_who_open_an_account_for_one_domain_at_once_open_one(firm: Firm) -> None:
    def attempt(_: int) -> UUID | None:
        try:
            return firm.propose()
        except InvalidError:
            return None

    with ThreadPoolExecutor(4) as people:
        opened = list(people.map(attempt, range(4)))
    assert len([one for one in opened if one is not None]) == 1


def test_a_fee_on_account_moves_the_request_as_a_payment_does(firm: Firm) -> None:
    account, row = firm.opened(), firm.asks(claim_reference="CL-99")
    assert firm.state(row) == ("review_due", "due")
    firm.charge(row, "PO-2026/11")
    assert firm.state(row) == ("reviewable", "on_account")
    assert fee_events(firm, row.id) == ON_ACCOUNT
    (line,) = firm.lines(account)
    assert (line.pence, line.vat_pence, line.purchase_order, line.claim_reference, line.person) == (
        *(2500, 417, "PO-2026/11", "CL-99"),
        row.person,
    )
    told = dict(firm.house.events(row.id)[-1:])["fee.on_account"]
    assert (told["pence"], told["vat_pence"], told["account"]) == (2500, 417, str(account))
    with pytest.raises(StateError, match="not due any more"):
        firm.charge(row)
    assert len(firm.lines(account)) == 1


def test_only_a_mailbox_of_exactly_that_domain_puts_a_fee_there_and_only_while_it_is_open(
    firm: Firm,
) -> None:
    mine, account = firm.asks(), firm.propose()
    others = [
        firm.asks(domain=f"claims.{firm.domain}"),
        firm.asks(domain=f"x{firm.domain}"),
        firm.asks(domain=f"{firm.domain}.example"),
        firm.asks(domain="other.example", organisation="Harbour Mutual"),
    ]
    with pytest.raises(StateError, match="no open account"):
        firm.charge(mine)
    firm.approve(account)
    for other in others:
        with pytest.raises(StateError, match="no open account"):
            firm.charge(other)
    with pytest.raises(StateError, match="no such fee"):
        firm.charge(others[0], fee=firm.fee(mine).id)
    for order in ("", " ", "x" * 61, "PO\u202e7"):
        with pytest.raises(InvalidError):
            firm.charge(mine, order)
    firm.charge(mine)
    firm.close(account)
    late = firm.asks()
    with pytest.raises(StateError, match="no open account"):
        firm.charge(late)
    assert len(firm.lines(account)) == 1
    assert all(firm.state(one) == ("review_due", "due") for one in (*others, late))


def test_five_presses_at_once_are_one_line_and_one_event(firm: Firm) -> None:
    account, row = firm.opened(), firm.asks()

    def press(_: int) -> bool:
        try:
            firm.charge(row)
        except StateError:
            return False
        return True

    with ThreadPoolExecutor(5) as people:
        assert sum(people.map(press, range(5))) == 1
    assert len(firm.lines(account)) == 1
    assert fee_events(firm, row.id) == ON_ACCOUNT


def test_the_limit_holds_for_two_at_once_and_a_settled_statement_makes_room(house: House) -> None:
    firm = Firm(house, limit_pence=4000)
    account, rows = firm.opened(), [firm.asks(), firm.asks()]

    def press(number: int) -> bool:
        try:
            firm.charge(rows[number])
        except StateError:
            return False
        return True

    with ThreadPoolExecutor(2) as people:
        assert sum(people.map(press, range(2))) == 1
    left = next(row for row in rows if firm.state(row)[1] == "due")
    firm.later(days=20)
    statements = house.services.statements
    statements.due(at=firm.at)
    with pytest.raises(StateError, match="£40 may be on your organisation's account"):
        firm.charge(left)
    (made,) = firm.statements(account)
    settle(firm, made.number)
    firm.charge(left)
    assert house.look(lambda s: unsettled(s, account)) == 2500


def settle(
    firm: Firm, number: int, remittance: str = "BACS 4711", role: Role = Role.FINANCE
) -> None:
    by = firm.house.subjects[role]
    firm.house.do(
        role,
        lambda s: firm.house.services.statements.settle(
            s, statement_reference(number), by=by, at=firm.at, remittance=remittance
        ),
    )


def test_what_is_refused_or_given_back_is_a_credit_and_no_refund(firm: Firm) -> None:
    account, row = firm.opened(), firm.charged()
    firm.credit(row, 1000)
    assert firm.state(row)[1] == "partly_credited"
    with pytest.raises(InvalidError, match="£15 of this fee"):
        firm.credit(row, 1501)
    refuse(firm, row.urn)
    assert firm.state(row) == ("refused", "credited")
    assert [one.pence for one in firm.lines(account)] == [2500, -1000, -1500]
    assert sum(one.vat_pence for one in firm.lines(account)) == 0
    assert fee_events(firm, row.id) == [*ON_ACCOUNT, "fee.credited", "fee.credited"]
    with pytest.raises(InvalidError, match="credited already"):
        firm.credit(row, 1)


def test_a_payment_that_was_under_way_is_cancelled_and_one_that_came_goes_back(
    firm: Firm,
) -> None:
    firm.opened()
    rows = [firm.asks(), firm.asks()]
    with desk(firm.at) as opened:
        till = Till(firm.house, opened)
        for row in rows:
            till.payments.start(firm.fee(row).id)
        late = till.rows(firm.fee(rows[1]).id)[0]
        charge = opened.stand_in.account.find(late.provider_reference, "")
        opened.stand_in.account.pay(charge, "success", "")
        for row in rows:
            firm.charge(row)
            till.payments.settle(firm.fee(row).id)
            till.payments.settle(firm.fee(row).id)
            assert till.payments.start(firm.fee(row).id) == ""
        assert till.rows(firm.fee(rows[0]).id)[0].state == PaymentState.CANCELLED
        fee = firm.fee(rows[1])
        assert till.found(fee.id) == [What.PAID_TWICE]
        assert [one.state for one in till.refunds(fee.id)] == [RefundState.SUCCESS]
        assert fee.state == FeeState.ON_ACCOUNT


def test_a_card_payment_that_does_not_go_back_is_not_taken_from_the_account(firm: Firm) -> None:
    firm.opened()
    row = firm.asks()
    with desk(firm.at) as opened:
        till = Till(firm.house, opened)
        till.payments.start(firm.fee(row).id)
        (late,) = till.rows(firm.fee(row).id)
        charge = opened.stand_in.account.find(late.provider_reference, "")
        opened.stand_in.account.pay(charge, "success", "")
        firm.charge(row)
        till.payments.check(firm.fee(row).id)
        opened.transport.calls.clear()
        opened.fail_next(400, "P0603", method="POST")
        till.payments.settle(firm.fee(row).id)
        assert [one.state for one in till.refunds(late.fee)] == [RefundState.ERROR]
        wanted = select(DifferenceRow.words).where(DifferenceRow.what == What.REFUND_FAILED)
        (words,) = firm.house.look(lambda s: s.exec(wanted).all())
        assert words.endswith("No fee was paid by it: give it back with the provider's own tool")
        assert firm.fee(row).state == FeeState.ON_ACCOUNT


def test_a_fee_on_account_is_not_waived_and_both_stages_go_there(firm: Firm, house: House) -> None:
    account, row = firm.opened(), firm.charged()
    with (
        house.services.transaction() as session,
        pytest.raises(StateError, match="on account"),
    ):
        house.services.fees.waive(
            session, row.id, row.urn, Stage.REVIEW, reason="police", at=firm.at
        )
    with house.services.transaction() as session:
        house.services.request_decisions.withdraw_own(session, row.id, at=firm.at, reason="over")
    assert firm.state(row) == ("withdrawn", "on_account"), "who withdraws gets nothing back"
    assert [one.pence for one in firm.lines(account)] == [2500]


def test_months_end_in_london_and_what_comes_later_goes_on_the_next_statement(
    house: House,
) -> None:
    firm = Firm(house, at=datetime(2026, 6, 30, 22, 59, 59, tzinfo=UTC))
    account, statements = firm.opened(), house.services.statements
    june = firm.charged()
    firm.later(seconds=1)  # midnight in London, and still June in UTC
    july = firm.charged()
    statements.due(at=firm.at)
    statements.due(at=firm.at)
    (first,) = firm.statements(account)
    assert (first.month, first.pence, first.due_on) == (date(2026, 6, 1), 2500, date(2026, 7, 31))
    firm.credit(june, 500)
    assert [one.urn for one in on(firm, first.number)] == [june.urn]
    firm.later(days=31)
    statements.due(at=firm.at)
    second = firm.statements(account)[1]
    assert second.number > first.number
    assert {(one.urn, one.pence) for one in on(firm, second.number)} == {
        (july.urn, 2500),
        (june.urn, -500),
    }
    assert (second.pence, second.vat_pence) == (2000, 333)
    assert firm.events(account)[2:] == ["statement.made", "statement.made"]
    for one in (first, second):
        assert one.sha256 == statement_sha256(one.number, account, one.month, on(firm, one.number))
    firm.later(days=31)
    statements.due(at=firm.at)
    assert len(firm.statements(account)) == 2, "nothing new, no statement"


def on(firm: Firm, number: int) -> list[Line]:
    return firm.house.look(lambda s: lines_on(s, number))


def test_a_line_that_is_written_late_goes_on_the_next_statement(firm: Firm, house: House) -> None:
    """Its moment is of a month that was stated already: its transaction took long."""
    account, _, late = firm.opened(), firm.charged(), firm.asks()
    before = firm.at
    firm.later(days=20)
    house.services.statements.due(at=firm.at)
    firm.at, after = before, firm.at
    firm.charge(late)
    for days in (0, 31):
        house.services.statements.due(at=after + timedelta(days=days))
    assert [[one.urn for one in on(firm, s.number)][-1] for s in firm.statements(account)][
        -1
    ] == late.urn
    assert len(firm.statements(account)) == 2


@pytest.mark.parametrize("how", ["undone", "after"])
def test_killed_at_any_transaction_each_account_has_one_statement(house: House, how: str) -> None:
    services, firms = house.services, [Firm(house), Firm(house)]
    accounts = [firm.opened() for firm in firms]
    for at in count():
        for firm in firms:
            firm.charged()
            firm.later(days=31)
        steps = Steps(at, how)
        statements = Statements(partial(steps.around, house), services.ledger, services.differences)
        for _ in range(3):
            try:
                statements.due(at=firms[0].at)
            except KilledError:
                continue
        for firm, account in zip(firms, accounts, strict=True):
            made = firm.statements(account)
            assert [one.pence for one in made] == [2500] * (at + 1)
            assert firm.events(account).count("statement.made") == at + 1
        if at >= 3:
            break
    assert numbers(house) == list(range(1, len(numbers(house)) + 1)), "no gap"


def numbers(house: House) -> list[int]:
    found = select(StatementRow.number).order_by(col(StatementRow.number))
    return house.look(lambda s: list(s.exec(found).all()))


def test_two_workers_at_once_make_each_statement_once(house: House) -> None:
    firms = [Firm(house) for _ in range(4)]
    accounts = [firm.opened() for firm in firms]
    for firm in firms:
        firm.charged()
    at = firms[0].at + timedelta(days=20)
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda _: house.services.statements.due(at=at), range(3)))
    house.services.statements.due(at=at)  # whoever came second left it to the next minute
    for firm, account in zip(firms, accounts, strict=True):
        assert len(firm.statements(account)) == 1
    assert numbers(house) == list(range(1, len(numbers(house)) + 1))


@pytest.mark.parametrize("how", ["undone", "after"])
def test_killed_while_a_fee_goes_on_account_it_is_there_once_or_not_at_all(
    firm: Firm, how: str
) -> None:
    account, row = firm.opened(), firm.asks()
    with pytest.raises(KilledError), Steps(0, how).around(firm.house) as session:
        firm.house.services.request_decisions.put_on_account(
            session, row.id, firm.fee(row).id, at=firm.at, purchase_order="PO"
        )
    there = how == "after"
    assert firm.state(row) == (("reviewable", "on_account") if there else ("review_due", "due"))
    assert (len(firm.lines(account)), firm.events(row.id).count("fee.on_account")) == (there, there)
    if not there:
        firm.charge(row)
        assert fee_events(firm, row.id) == ON_ACCOUNT


def test_a_statement_that_is_not_settled_is_a_difference_once_and_settling_ends_it(
    firm: Firm, house: House
) -> None:
    account, _ = firm.opened(), firm.charged()
    firm.later(days=20)
    house.services.statements.due(at=firm.at)
    (made,) = firm.statements(account)
    firm.later(days=30)
    house.services.statements.due(at=firm.at)
    assert not found(firm, made.number), "the day itself is not over"
    firm.later(days=1)
    for _ in range(2):
        house.services.statements.due(at=firm.at)
    assert [one.words for one in found(firm, made.number)] == [
        f"£25 was due by {made.due_on.isoformat()}, and is not settled"
    ]
    with pytest.raises(AccessRefusedError):
        settle(firm, made.number, role=Role.RELEASER)
    with pytest.raises(InvalidError, match="remittance"):
        settle(firm, made.number, " ")
    with pytest.raises(UnknownError):
        settle(firm, 999_999)
    settle(firm, made.number)
    with pytest.raises(StateError, match="before"):
        settle(firm, made.number)
    (over,) = found(firm, made.number)
    assert over.settled_reason == "the statement was settled: BACS 4711"
    assert firm.events(account)[-1] == "statement.settled"


def test_what_the_council_owes_a_firm_is_told_too_and_nothing_is_told_of_nothing(
    firm: Firm, house: House
) -> None:
    account, row = firm.opened(), firm.charged()
    nothing = Firm(house, firm.at)
    other = nothing.opened()
    nothing.credit(nothing.charged(), 2500)
    firm.later(days=20)
    house.services.statements.due(at=firm.at)
    firm.credit(row, 2500)
    firm.later(days=31)
    house.services.statements.due(at=firm.at)
    firm.later(days=32)
    house.services.statements.due(at=firm.at)
    _, owed = firm.statements(account)
    (made,) = nothing.statements(other)
    assert (owed.pence, made.pence) == (-2500, 0)
    assert [one.words for one in found(firm, owed.number)] == [
        f"£25 to the organisation was due by {owed.due_on.isoformat()}, and is not settled"
    ]
    assert not found(firm, made.number)


def found(firm: Firm, number: int) -> list[DifferenceRow]:
    wanted = select(DifferenceRow).where(
        DifferenceRow.provider_reference == statement_reference(number)
    )
    return firm.house.look(lambda s: list(s.exec(wanted).all()))


def test_whatever_happens_in_whichever_order_the_account_adds_up(house: House) -> None:
    """Charges, credits, months, settlements, refusals and closings, drawn with a fixed seed."""
    drawn, firm = random.Random(9), Firm(house, limit_pence=20_000)  # noqa: S311 - the same each time
    account = firm.opened()
    rows = [firm.asks() for _ in range(8)]
    for _ in range(45):
        row = drawn.choice(rows)
        try:
            match drawn.choice(["charge", "credit", "refuse", "month", "settle", "close"]):
                case "charge":
                    firm.charge(row)
                case "credit":
                    firm.credit(row, drawn.randint(1, 2600))
                case "refuse" if drawn.random() < 0.2:
                    refuse(firm, row.urn)
                case "month":
                    firm.later(days=drawn.randint(5, 30))
                    house.services.statements.due(at=firm.at)
                case "settle" if made := firm.statements(account):
                    settle(firm, drawn.choice(made).number)
                case "close" if drawn.random() < 0.05:
                    firm.close(account)
                case _:
                    continue
        except EvidenceError:
            continue
        adds_up(firm, account)
    assert len(firm.statements(account)) > 1
    assert len({firm.state(row)[1] for row in rows}) > 2


def adds_up(firm: Firm, account: UUID) -> None:
    """Demand that lines, statements and limit tell one story."""
    lines, made = firm.lines(account), firm.statements(account)
    by_fee: dict[UUID, int] = {}
    for line in lines:
        by_fee[line.fee] = by_fee.get(line.fee, 0) + line.pence
        assert by_fee[line.fee] >= 0
    settled = {one.number for one in made if one.settled_at}
    open_ = sum(one.pence for one in lines if one.statement not in settled)
    assert firm.house.look(lambda s: unsettled(s, account)) == open_
    assert len({one.month for one in made}) == len(made)
    for one in made:
        assert one.pence == sum(line.pence for line in lines if line.statement == one.number)
        assert one.month <= month_over(firm.at)
    assert firm.events(account).count("statement.made") == len(made)
