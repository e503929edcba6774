"""References and URNs are spelled in one way, and a typing error is noticed."""

import re
import secrets
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import InvalidError
from evidence.exhibits.references import (
    ALPHABET,
    check_symbol,
    copy_name,
    file_safe,
    format_release,
    make_urn,
    parse_reference,
    parse_release,
    parse_urn,
)

DOCUMENT = Path(__file__).parents[3] / "docs/formats/references.md"
DOCUMENTED = re.findall(r"^\| `([2-9A-Z]{8})` \| `(.)` \|$", DOCUMENT.read_text(), re.MULTILINE)
SYMBOLS = st.text(alphabet=ALPHABET, min_size=8, max_size=8)
PREFIXES = st.from_regex(r"[A-Z]{2,5}", fullmatch=True)


def test_the_alphabet_leaves_out_what_looks_alike() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("01IO") & set(ALPHABET)
    assert list(ALPHABET) == sorted(ALPHABET)


def test_the_urn_of_the_design_has_the_check_symbol_that_it_shows() -> None:
    assert parse_urn("BAR-7K4M-2XQ9-J") == "BAR-7K4M-2XQ9-J"


@pytest.mark.parametrize(("symbols", "check"), DOCUMENTED)
def test_the_document_and_the_code_agree(symbols: str, check: str) -> None:
    assert check_symbol(symbols) == check


def test_the_document_has_vectors() -> None:
    assert len(DOCUMENTED) >= 4


@given(PREFIXES, SYMBOLS)
def test_a_urn_that_was_made_is_read_back(prefix: str, symbols: str) -> None:
    drawn = iter(symbols)
    urn = make_urn(prefix, lambda _: next(drawn))
    assert parse_urn(urn) == urn
    assert urn.replace("-", "")[len(prefix) : -1] == symbols


@given(SYMBOLS, st.integers(0, 8), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_found(symbols: str, place: int, other: str) -> None:
    whole = symbols + check_symbol(symbols)
    wrong = whole[:place] + other + whole[place + 1 :]
    if wrong == whole:
        return
    with pytest.raises(InvalidError, match="typing error"):
        parse_urn(f"BAR{wrong}")


def test_every_swap_of_neighbours_is_found_but_the_one_that_is_documented() -> None:
    unseen = set()
    for place in range(8):
        for first in ALPHABET:
            for second in ALPHABET:
                whole = list("7K4M2XQ9")
                whole[place : place + 2] = [first, second][: 8 - place]
                whole.append(check_symbol("".join(whole)))
                swapped = [*whole]
                swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
                if swapped != whole and check_symbol("".join(swapped[:8])) == swapped[8]:
                    unseen.add("".join(sorted(swapped[place : place + 2])))
    assert unseen == {"2Z"}


@pytest.mark.parametrize(
    "typed", ["bar-7k4m-2xq9-j", " BAR 7K4M 2XQ9 J ", "bar7k4m2xq9j", "B-A-R7K4M2XQ9J\n"]
)
def test_what_people_type_is_forgiven(typed: str) -> None:
    assert parse_urn(typed) == "BAR-7K4M-2XQ9-J"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "BAR",
        "7K4M-2XQ9-J",
        "B-7K4M-2XQ9-J",
        "BARSET-7K4M-2XQ9-J",
        "BAR-7K4M-2XQ9",
        "BAR-7K4M-2XQ9-J-R1",
        "BAR-IOIO-2XQ9-J",
        "BAR-7K4M-2XQ9-\N{FULLWIDTH LATIN CAPITAL LETTER J}",
        "BÄR-7K4M-2XQ9-J",
        "BAR\x00-7K4M-2XQ9-J",
        "BAR-7K4M-2XQ9-J" * 1000,
    ],
)
def test_what_is_no_urn_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError):
        parse_urn(typed)


@given(st.text(max_size=40))
def test_no_text_at_all_breaks_the_readers(typed: str) -> None:
    for read in (parse_urn, parse_reference):
        with suppress(InvalidError):
            read(typed)


@given(st.from_regex(r"[A-Z]{2,4}", fullmatch=True), st.integers(1, 9_999_999))
def test_a_reference_is_its_initials_and_its_number(initials: str, number: int) -> None:
    assert parse_reference(f"{initials}/{number}") == (initials, number)


@pytest.mark.parametrize(
    "typed",
    ["JS/0", "JS/01", "JS", "js/1", "J/1", "JSMITH/1", "JS-1", "JS/1 ", "JS/1/2", "JS/\u0661"],
)
def test_what_is_no_reference_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError, match="no exhibit reference"):
        parse_reference(typed)


def test_names_of_files_hold_no_stroke() -> None:
    assert file_safe("JS/12") == "JS-12"
    assert copy_name("JS/12", 3) == "JS-12-CP3"


@given(PREFIXES, SYMBOLS, st.integers(1, 999_999))
def test_a_release_is_its_urn_and_its_number(prefix: str, symbols: str, number: int) -> None:
    urn = f"{prefix}-{symbols[:4]}-{symbols[4:]}-{check_symbol(symbols)}"
    called = format_release(urn, number)
    assert called == f"{urn}-R{number}"
    assert parse_release(called) == parse_release(called.lower()) == (urn, number)


@pytest.mark.parametrize(
    "typed", ["", "BAR-7K4M-2XQ9-J", "BAR-7K4M-2XQ9-J-R0", "BAR-7K4M-2XQ9-J-R01", "-R1", "JS/1-R1"]
)
def test_what_names_no_release_is_none(typed: str) -> None:
    assert parse_release(typed) is None


def test_urns_are_drawn_at_random() -> None:
    drawn = [make_urn("BAR", secrets.choice) for _ in range(50)]
    assert all(one != two for one, two in pairwise(sorted(drawn)))
