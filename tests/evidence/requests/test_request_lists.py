"""A list of requests is read as its owner means it, and each fault names line and column."""

import pytest

from evidence.errors import BrokenListError
from evidence.requests.lists.listed import MOST_BYTES, MOST_REQUESTS, read_answers
from evidence.requests.questions.paths import FORMS
from evidence.requests.states import Path
from export.desk.spreadsheet import format_template
from tests.evidence.requests.forms_filled import NOW
from tests.evidence.requests.listing import FIELDS, listed

FORM = FORMS[Path.INSURER]


def faults(content: bytes) -> list[str]:
    with pytest.raises(BrokenListError) as caught:
        read_answers(content, FORM)
    return list(caught.value.faults)


def test_what_a_spreadsheet_writes_otherwise_is_read_as_it_is_meant() -> None:
    given = {
        "incident_date": "3/11/2026",
        "time_from": "14:00:00",
        "cameras": "BAR-0017; BAR-0018",
        "is_criminal": "No",
        "declaration": "YES",
    }
    (row,) = read_answers(listed(NOW, given), FORM)
    assert row.line == 2
    assert row.answers["incident_date"] == "2026-11-03"
    assert row.answers["time_from"] == "14:00"
    assert row.answers["cameras"].split() == ["BAR-0017", "BAR-0018"]
    assert (row.answers["is_criminal"], row.answers["declaration"]) == ("no", "yes")
    assert "organisation" not in row.answers


def test_the_columns_of_the_template_are_all_that_is_needed() -> None:
    assert faults(format_template(FIELDS).encode()) == [
        "the list holds nothing: no row follows the names of its columns"
    ]
    titled = listed(NOW, {}).replace(b"claim_reference", b"Claim reference")
    assert read_answers(titled, FORM)[0].answers["claim_reference"] == "CL-1234"


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        (FIELDS[1:], "line 1, column is_criminal: this column is missing: the template has it"),
        ((*FIELDS, "colour"), "line 1, column colour: the form has no such field"),
        ((*FIELDS, "Street"), "line 1, column street: two columns say this"),
    ],
    ids=["missing", "unknown", "twice"],
)
def test_a_wrong_column_is_named(columns: tuple[str, ...], fault: str) -> None:
    assert faults(listed(NOW, {}, columns=columns))[0].startswith(fault)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"type": "FeatureCollection", "features": [{"properties": {"a": 1}}]}', "no CSV"),
        (b"\x00\x01", "no text file"),
        (b"x" * (MOST_BYTES + 1), "larger than 200 kB"),
        (listed(NOW, *({} for _ in range(MOST_REQUESTS + 1))), "has 51 requests; 50 are allowed"),
        (b'claim_reference\n"torn', "this is no CSV"),
        (b"", "holds nothing"),
    ],
    ids=["geojson", "binary", "large", "long", "torn", "empty"],
)
def test_what_is_no_list_of_requests_is_refused(content: bytes, fault: str) -> None:
    assert fault in faults(content)[0]
