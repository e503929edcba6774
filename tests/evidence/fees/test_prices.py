"""What a fee costs, to the penny."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.fees.prices import Stage, Tariff, parse_pounds, pounds, split


@pytest.mark.parametrize(
    ("stage", "pence", "net", "vat"),
    [(Stage.REVIEW, 2500, 2083, 417), (Stage.RELEASE, 7500, 6250, 1250)],
)
def test_what_a_council_charges_by_default(stage: Stage, pence: int, net: int, vat: int) -> None:
    price = Tariff().price(stage)
    assert (price.pence, price.net_pence, price.vat_pence) == (pence, net, vat)


@pytest.mark.parametrize(
    ("pence", "rate", "vat"),
    [(0, 2000, 0), (1, 2000, 0), (3, 2000, 1), (10_000, 0, 0), (10_000, 1750, 1489), (11, 1000, 1)],
)
def test_vat_is_rounded_to_the_nearest_penny(pence: int, rate: int, vat: int) -> None:
    assert split(pence, rate).vat_pence == vat


@given(st.integers(0, 10**8), st.integers(0, 10_000))
def test_net_and_vat_add_up_and_are_within_half_a_penny(pence: int, rate: int) -> None:
    price = split(pence, rate)
    assert price.net_pence + price.vat_pence == pence
    assert abs(price.vat_pence * (10_000 + rate) - pence * rate) * 2 <= 10_000 + rate


@pytest.mark.parametrize(
    ("pence", "words"),
    [(2500, "£25"), (2083, "£20.83"), (5, "£0.05"), (-417, "-£4.17"), (123_456_00, "£123,456")],
)
def test_amounts_are_written_as_people_write_them(pence: int, words: str) -> None:
    assert pounds(pence) == words
    assert parse_pounds(words) == (pence if pence > 0 else None)


@pytest.mark.parametrize("text", ["", "£", "1.5", ".50", "1e3", "-1", "²5", "25.001", "9" * 7])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert parse_pounds(text) is None
