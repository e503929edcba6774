"""What is counted of requests, and as of when: by one statement, over rows that events tell of."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from api.running.first_start import CAMERAS
from custody.formats.events import RecordKind
from custody.ledger.tables import CustodyRecord
from evidence.cameras.register import NewList
from evidence.errors import AccessRefusedError, InvalidError
from evidence.exhibits.clocks import LONDON
from evidence.fees.states import PaymentState, RefundState
from evidence.fees.tables import PaymentRow, RefundRow
from evidence.people.access import Role
from evidence.requests.states import Path, Refusal, RequestStep
from export.desk.disclosures import Period
from export.desk.statistics.figures import Figures, Table
from export.desk.statistics.words import Subject
from tests.evidence.fees.invoicing.firms import Firm
from tests.evidence.requests.requesting import decide, preserve, request
from tests.houses import House

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def asked(house: House) -> datetime:
    """Have requests made, and some decided; return when."""
    at = house.services.clock()
    for number in range(8):
        row = request(house, Path.INSURER, at)
        if number < 6:
            decide(house, row, RequestStep.COVERED, Role.OPERATOR, at + DAY)
            preserve(house, row, at + DAY)
    for _ in range(6):
        row = request(house, Path.POLICE, at)
        decide(house, row, RequestStep.NOT_COVERED, Role.OPERATOR, at + 3 * DAY)
    refused = request(house, Path.CPS, at)
    house.do(
        Role.RELEASER,
        lambda s: house.services.request_decisions.refuse(
            s,
            refused.urn,
            Refusal.HARM,
            by=house.subjects[Role.RELEASER],
            at=at + DAY,
            reason="it would",
        ),
    )
    return at


def of(found: Figures, subject: Subject) -> Table:
    return next(one for one in found.tables if one.subject is subject)


def said(table: Table) -> dict[str, int | None]:
    return {row.key: row.count for row in table.rows if row.count != 0}


def later(house: House, at: datetime, days: int) -> Figures:
    """Return the figures of the day as of some days later."""
    today, by = at.astimezone(LONDON).date(), house.subjects[Role.GOVERNANCE]
    return house.look(
        lambda s: house.services.statistics.figures(
            s, Period(today, today), by=by, at=at + days * DAY
        )
    )


def test_requests_are_counted_by_who_asked(house: House, asked: datetime) -> None:
    paths = of(later(house, asked, 0), Subject.PATHS)
    # One of the CPS alone would be the total without the others.
    assert said(paths) == {"insurer": 8, "police": None, "cps": None}
    assert paths.total == 15


def test_each_request_is_counted_once_by_what_came_of_it(house: House, asked: datetime) -> None:
    outcomes = of(later(house, asked, 4), Subject.OUTCOMES)
    assert said(outcomes) == {"not_covered": None, "undecided": 8, "refused_harm": None}
    assert outcomes.total == 15


def test_footage_is_lost_once_it_is_overwritten_and_nobody_preserved_it(
    house: House, asked: datetime
) -> None:
    early = of(later(house, asked, 2), Subject.PRESERVED)
    assert said(early) == {"in_time": 6, "other": 9}
    late = of(later(house, asked, 60), Subject.PRESERVED)
    # Two of the insurers'; six and one were answered before.
    assert said(late) == {"in_time": None, "overwritten": None, "other": 7}


def test_the_first_answer_is_the_one_that_counts(house: House, asked: datetime) -> None:
    found = later(house, asked, 30)
    took = {one.key: one.took for one in found.answers}
    assert took["civil"] is not None
    assert took["official"] is not None
    assert (f"{took['civil'].mean}", took["civil"].count) == ("1.0", 6)
    assert (f"{took['official'].mean}", f"{took['official'].median}") == ("2.7", "3.0")
    assert took["subject"] is None


def test_fees_are_counted_when_they_happen(house: House, asked: datetime) -> None:
    tomorrow = (asked + DAY).astimezone(LONDON).date()
    by = house.subjects[Role.AUDITOR]
    found = house.look(
        lambda s: house.services.statistics.figures(
            s, Period(tomorrow, tomorrow), by=by, at=asked + 9 * DAY
        )
    )
    told = {one.key: (one.count, one.pence) for one in of(found, Subject.FEES).rows if one.count}
    assert told == {"asked_review": (6, 6 * 2500)}


def payment_of(fee: UUID, at: datetime) -> PaymentRow:
    """Return a payment by card of what was on account meanwhile."""
    state = PaymentState.SUCCESS
    return PaymentRow(id=uuid4(), fee=fee, number=1, state=state, begun_at=at, succeeded_at=at)


def refund_of(payment: PaymentRow, by: UUID) -> RefundRow:
    """Return what became of it: all of it went back."""
    at = payment.begun_at
    return RefundRow(
        id=uuid4(),
        payment=payment.id,
        number=1,
        pence=2500,
        reason="it was on account",
        ordered_by=by,
        role="service",
        ordered_at=at,
        state=RefundState.SUCCESS,
        ended_at=at,
    )


def test_what_is_on_account_is_not_counted_as_paid(house: House) -> None:
    firm = Firm(house, house.services.clock() - 900 * DAY)
    firm.opened()
    for _ in range(5):
        row = firm.charged()
        firm.credit(row, 500)
        firm.credit(row, 500)
        with house.services.transaction() as session:
            session.add(came := payment_of(firm.fee(row).id, firm.at))
            session.flush()
            session.add(refund_of(came, house.subjects[Role.FINANCE].person))
    day, by = firm.at.astimezone(LONDON).date(), house.subjects[Role.AUDITOR]
    figures = house.services.statistics.figures
    found = house.look(lambda s: figures(s, Period(day, day), by=by, at=firm.at + DAY))
    told = {one.key: (one.count, one.pence) for one in of(found, Subject.FEES).rows if one.count}
    assert told == {
        "asked_review": (5, 5 * 2500),
        "account_review": (5, 5 * 2500),
        "credited_review": (5, 5 * 1000),
    }


def test_a_sensitive_camera_is_in_no_count(house: House, asked: datetime) -> None:
    cameras, by = house.services.cameras, house.subjects[Role.GOVERNANCE]
    new = NewList(CAMERAS.read_bytes(), "cameras.csv", {})
    found = house.do(Role.GOVERNANCE, lambda s: cameras.rehearse(s, new=new, by=by, at=asked))
    house.do(
        Role.GOVERNANCE,
        lambda s: cameras.apply(s, new=new, rehearsed=found.digest, by=by, at=asked),
    )
    before = of(later(house, asked, 0), Subject.CAMERAS)
    house.do(
        Role.GOVERNANCE,
        lambda s: cameras.mark(
            s, reference="BAR-0001", sensitive=True, reason="asked for", by=by, at=asked
        ),
    )
    after = of(later(house, asked, 0), Subject.CAMERAS)
    assert before.total is not None
    assert after.total == before.total - 1
    assert sum(one.count or 0 for one in after.rows) == after.total


def test_taking_them_out_is_an_event_that_says_which(house: House, asked: datetime) -> None:
    before = set(house.look(lambda s: s.exec(select(CustodyRecord.id)).all()))
    today, by = asked.astimezone(LONDON).date(), house.subjects[Role.AUDITOR]
    house.do(
        Role.AUDITOR,
        lambda s: house.services.statistics.export(s, Period(today, today), by=by, at=asked),
    )
    after = house.look(
        lambda s: s.exec(
            select(CustodyRecord.id).where(CustodyRecord.kind == RecordKind.STAFF_ACTION.value)
        ).all()
    )
    (record,) = set(after) - before
    ((name, values),) = house.events(record)
    assert name == "register.exported"
    assert str(values["what"]).startswith(f"statistics, {today} to {today}, as of ")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.RELEASER, Role.FINANCE, Role.ADMINISTRATOR])
def test_others_may_not_read_them(house: House, role: Role) -> None:
    at = house.services.clock()
    with pytest.raises(AccessRefusedError):
        house.look(
            lambda s: house.services.statistics.figures(s, Period(), by=house.subjects[role], at=at)
        )


@pytest.mark.parametrize(
    ("period", "field"),
    [
        (lambda day: Period(None, day), "first"),
        (lambda day: Period(day, None), "last"),
        (lambda day: Period(day - 4000 * DAY, day), "last"),
    ],
    ids=["no first day", "no last day", "too many"],
)
def test_a_period_has_two_days(
    house: House, period: Callable[[object], Period], field: str
) -> None:
    at, by = house.services.clock(), house.subjects[Role.AUDITOR]
    with pytest.raises(InvalidError) as refused:
        house.look(
            lambda s: house.services.statistics.figures(
                s, period(at.astimezone(LONDON).date()), by=by, at=at
            )
        )
    assert refused.value.field == field


def test_what_is_published_is_of_months_that_are_over(house: House, asked: datetime) -> None:
    statistics = house.services.statistics
    now = house.look(lambda s: statistics.published(s, at=asked))
    today = asked.astimezone(LONDON).date()
    assert now[0].last == today.replace(day=1) - DAY
    assert of(now[0], Subject.PATHS).total is None
    following = asked.replace(day=1) + 40 * DAY
    then = house.look(lambda s: statistics.published(s, at=following))
    year = next(one for one in then if one.first.year == today.year)
    assert year.first == today.replace(month=1, day=1)
    assert said(of(year, Subject.PATHS)) == {
        **dict.fromkeys(("solicitor", "authorised", "cps", "council", "subject")),
        "insurer": 10,
        "police": 5,
    }
    assert of(year, Subject.PATHS).total == 15
    assert {Subject.FEES, Subject.CAMERAS}.isdisjoint(one.subject for one in year.tables)
    # Fewer than twenty stand behind any mean.
    assert [one.took for one in year.answers] == [None, None, None]
    again = house.look(lambda s: statistics.published(s, at=following + timedelta(hours=5)))
    assert again is then, "counted once in a month"
