"""docs/dpia.md names every column that can hold somebody's words, and nothing that is gone."""

import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Float, Integer, Uuid
from sqlmodel import SQLModel

import api.wiring  # noqa: F401 - every table there is
from evidence.people.access import ALLOWED

ROOT = Path(__file__).parents[1]
WORDLESS = (BigInteger, Boolean, Date, DateTime, Float, Integer, Uuid)
"""What tells of nobody by itself: numbers, moments, yes and no, and identifiers."""


def lines(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    words = (ROOT / "docs/dpia.md").read_text(encoding="utf-8")
    part = words.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def named(text: str) -> list[str]:
    return re.findall("`([^`]+)`", text)


def personal() -> list[str]:
    return [name for line in lines("In the database") for name in named(line[0])]


def wordy() -> set[str]:
    """Return every column in which words, or bytes, can stand."""
    return {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if not isinstance(
            column.type.item_type if isinstance(column.type, ARRAY) else column.type, WORDLESS
        )
    }


def test_every_column_is_told_once_as_personal_or_as_nobodys() -> None:
    nobodys = [
        f"{table}.{column}"
        for line in lines("Nothing personal")
        for table in named(line[0])
        for column in named(line[1])
    ]
    told = Counter([*personal(), *nobodys])
    assert not [name for name, times in told.items() if times > 1]
    assert wordy() - told.keys() == set(), "say in docs/dpia.md what they hold of people"
    assert told.keys() - wordy() == set(), "they are no columns any more"
    assert len(personal()) > 50


@pytest.mark.parametrize("heading", ["In the database", "Outside of the database"])
def test_who_reads_it_and_what_erases_it_are_in_the_code(heading: str) -> None:
    for where, what, how_long, who, erased in lines(heading):
        assert what, where
        assert how_long, where
        actions = set(named(who))
        assert actions <= {action.value for action in ALLOWED}, (where, actions)
        assert actions or who in ("nobody", "anybody", "they") or who.startswith("who "), where
        for path in named(erased):
            assert (ROOT / path).exists(), (where, path)
        assert named(erased) or erased.startswith(("with the ", "none of ours")), where


def test_what_a_request_is_cleared_of_is_what_is_told() -> None:
    """Each column that the erasure of a request empties stands here, and says that it does."""
    clearing = (ROOT / "evidence/requests/erasure/traces.py").read_text(encoding="utf-8")
    emptied = {
        f"{table}.{column}"
        for table, row in {
            "fee": "FeeRow",
            "payment": "PaymentRow",
            "refund": "RefundRow",
            "invoice_line": "InvoiceLineRow",
            "payment_difference": "DifferenceRow",
        }.items()
        for values in re.findall(rf"update\({row}\)\s*\.where\(.*?\)\s*\.values\((.*?)\)", clearing)
        for column in re.findall(r"(\w+)=", values)
    }
    erased = {
        name
        for line in lines("In the database")
        if "evidence/requests/erasure/traces.py" in line[4]
        for name in named(line[0])
    }
    assert len(emptied) > 4
    assert emptied <= erased
