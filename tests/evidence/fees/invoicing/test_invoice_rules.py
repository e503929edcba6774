"""What is agreed with firms, when months end, and what a credit is of: no database, no clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import ShapeError
from evidence.errors import AccessRefusedError, InvalidError, StateError
from evidence.exhibits.clocks import LONDON
from evidence.fees.invoicing.lines import (
    Line,
    credit_vat,
    parse_statement,
    statement_reference,
    statement_sha256,
)
from evidence.fees.invoicing.months import due_on, month_end, month_over
from evidence.fees.invoicing.states import AccountState, approved, closed
from evidence.fees.invoicing.terms import Terms, check_terms, parse_terms, terms_json
from evidence.fees.prices import split

ANNA, BERT = UUID(int=1), UUID(int=2)
TERMS = Terms("Harbour Mutual", ("insurer.example",), "PO-7", "1 Quay\nBarchester", 30, 50_000)
AT = datetime(2026, 11, 20, 14, 3, tzinfo=UTC)
LINE = Line("BAR-1", "review", "CL-1", "PO-7", 2500, 417, AT)


@pytest.mark.parametrize(
    ("month", "ends"),
    [
        ("2026-02-01", "2026-03-01T00:00"),
        ("2026-03-01", "2026-03-31T23:00"),  # summer time began on the 29th
        ("2026-06-01", "2026-06-30T23:00"),
        ("2026-10-01", "2026-11-01T00:00"),  # and ended on the 25th
        ("2026-12-01", "2027-01-01T00:00"),
        ("2028-02-01", "2028-03-01T00:00"),
    ],
)
def test_a_month_ends_at_midnight_in_london(month: str, ends: str) -> None:
    first, end = date.fromisoformat(month), datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert month_end(first) == end
    assert month_over(end) == first
    assert month_over(end - timedelta(microseconds=1)) < first


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001 - UTC is added
def test_every_moment_is_in_one_month_that_is_not_over(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    month = month_over(at)
    after = (month + timedelta(days=31)).replace(day=1)
    assert month_end(month) <= at < month_end(after)


def test_a_statement_of_a_summer_night_is_due_on_a_day_of_london() -> None:
    assert due_on(datetime(2026, 6, 30, 23, 30, tzinfo=UTC), 30) == date(2026, 7, 31)


@pytest.mark.parametrize(("now", "step"), list(product(AccountState, ["approve", "close"])))
def test_an_account_goes_where_it_may_and_nowhere_else(now: AccountState, step: str) -> None:
    legal = {
        (AccountState.PROPOSED, "approve"): AccountState.OPEN,
        (AccountState.PROPOSED, "close"): AccountState.CLOSED,
        (AccountState.OPEN, "close"): AccountState.CLOSED,
    }
    then = legal.get((now, step))
    if then is None:
        with pytest.raises(StateError, match=f"is {now}"):
            approved(now, ANNA, BERT) if step == "approve" else closed(now)
    else:
        assert (approved(now, ANNA, BERT) if step == "approve" else closed(now)) is then


@given(st.lists(st.tuples(st.sampled_from(["approve", "close"]), st.sampled_from([ANNA, BERT]))))
def test_no_order_of_steps_opens_an_account_by_one_person(acts: list[tuple[str, UUID]]) -> None:
    state, ended = AccountState.PROPOSED, False
    for step, by in acts:
        try:
            state = approved(state, ANNA, by) if step == "approve" else closed(state)
        except (AccessRefusedError, StateError):
            continue
        assert not ended
        assert state is not AccountState.OPEN or by is BERT
        ended = state is AccountState.CLOSED


def test_what_is_agreed_is_read_back_as_it_was_written() -> None:
    for terms in (TERMS, replace(TERMS, limit_pence=None, domains=("a.example", "b.example"))):
        assert parse_terms(terms_json(terms)) == terms == check_terms(terms, free=())
    told = terms_json(TERMS)
    for other in ({**told, "days": "30"}, {**told, "domains": [7]}, {**told, "more": 1}, [1], {}):
        with pytest.raises(ShapeError):
            parse_terms(other)


@pytest.mark.parametrize(
    ("field", "other", "words"),
    [
        ("domains", {"domains": ()}, "1 to 20 domains"),
        ("domains", {"domains": ("gmail.com",)}, "free mail"),
        ("domains", {"domains": ("free.example",)}, "free mail"),
        ("domains", {"domains": ("jo@insurer.example",)}, "no domain"),
        ("domains", {"domains": ("insurer",)}, "no domain"),
        ("domains", {"domains": ("xn--.exa\u0301mple",)}, "no domain"),
        ("days", {"days": 0}, "1 to 90"),
        ("limit", {"limit_pence": 0}, "up to £100,000"),
        ("limit", {"limit_pence": 10**9}, "up to £100,000"),
        ("organisation", {"organisation": " "}, "missing"),
        ("reference", {"reference": "x" * 61}, "60 are allowed"),
        ("address", {"address": "1 Quay\u202e"}, "no plain text"),
    ],
)
def test_terms_that_cannot_be_are_named(field: str, other: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidError, match=words) as found:
        check_terms(replace(TERMS, **other), free={"free.example"})  # type: ignore[arg-type]
    assert found.value.field == field


def test_a_domain_is_kept_in_small_letters_and_once() -> None:
    terms = check_terms(replace(TERMS, domains=(" Insurer.Example ", "insurer.example")), free=())
    assert terms.domains == ("insurer.example",)


@given(
    st.integers(1, 100_000),
    st.sampled_from([0, 500, 1750, 2000]),
    st.lists(st.integers(1, 100_000), max_size=8),
)
def test_whatever_is_credited_in_whichever_parts_no_penny_of_vat_is_left_over(
    pence: int, rate: int, credits_: list[int]
) -> None:
    left, vat = pence, split(pence, rate).vat_pence
    for one in credits_:
        if one > left:
            with pytest.raises(InvalidError, match=r"can be credited|was credited already"):
                credit_vat(left, one, rate)
            continue
        part = credit_vat(left, one, rate)
        assert 0 <= part <= one
        left, vat = left - one, vat - part
        assert vat == split(left, rate).vat_pence
    if left:
        assert credit_vat(left, left, rate) == vat


@pytest.mark.parametrize("pence", [0, -1, 2501])
def test_nothing_and_more_than_there_is_are_not_credited(pence: int) -> None:
    with pytest.raises(InvalidError, match="£25 of this fee"):
        credit_vat(2500, pence, 2000)


def test_a_statement_commits_to_each_of_its_lines() -> None:
    assert [statement_reference(one) for one in (1, 1_234_567)] == ["S-000001", "S-1234567"]
    assert [parse_statement(one) for one in ("s-000001 ", "S-1234567")] == [1, 1_234_567]
    assert {parse_statement(one) for one in ("", "1", "S-1", "S-00000\u0661", "S-" + "9" * 30)} == {
        None
    }
    month, lines = date(2026, 10, 1), [LINE, replace(LINE, pence=-100, vat_pence=-17)]
    kept = statement_sha256(1, ANNA, month, lines)
    assert kept == statement_sha256(1, ANNA, month, list(lines))
    others = [
        statement_sha256(2, ANNA, month, lines),
        statement_sha256(1, BERT, month, lines),
        statement_sha256(1, ANNA, date(2026, 9, 1), lines),
        statement_sha256(1, ANNA, month, lines[:1]),
        *(
            statement_sha256(1, ANNA, month, [replace(LINE, **{name: other}), lines[1]])  # type: ignore[arg-type]
            for name, other in {
                "urn": "BAR-2",
                "stage": "release",
                "claim_reference": "CL-2",
                "purchase_order": "PO-8",
                "pence": 2501,
                "vat_pence": 416,
                "at": AT.astimezone(LONDON) + timedelta(seconds=1),
            }.items()
        ),
    ]
    assert kept not in others
    assert len(set(others)) == len(others)
