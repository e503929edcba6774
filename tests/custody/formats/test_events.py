"""The closed table of events, and what each kind of field refuses."""

import re
from pathlib import Path

import pytest

from custody.errors import FormatError
from custody.formats.approval import Approval
from custody.formats.canonical import JSON
from custody.formats.events import (
    COMMON_FIELDS,
    EVENTS,
    PERSON_FIELDS,
    FieldType,
    RecordKind,
    check_field,
    check_fields,
)
from tests.custody.ledgers import CONDITIONS, PLACE, RECEIVED

DOCUMENT = Path(__file__).parents[3] / "docs/formats/ledger.md"
PREMIS = {
    "accession",
    "appraisal",
    "creation",
    "deaccession",
    "deletion",
    "digital signature generation",
    "displaying",
    "dissemination",
    "fixity check",
    "information package creation",
    "metadata extraction",
    "metadata modification",
    "policy assignment",
    "transfer",
}
"""Terms of the Library of Congress's eventType vocabulary that the table uses."""

FIRST: dict[str, JSON] = {
    "record": "00000000-0000-4000-8000-000000000001",
    "n": 0,
    "prev": "",
    **RECEIVED,
}
GOOD: dict[FieldType, list[JSON]] = {
    FieldType.TEXT: ["x", "two\nlines", "x" * 10_000],
    FieldType.COUNT: [0, 2**53 - 1],
    FieldType.INTEGER: [0, -61_000, 2**53 - 1],
    FieldType.MEASURED: [0, -61_000, None],
    FieldType.DIGEST: ["ab" * 32],
    FieldType.DIGEST_OR_NULL: ["ab" * 32, None],
    FieldType.PREVIOUS: ["ab" * 32, ""],
    FieldType.CRC32: ["00ff00ff"],
    FieldType.APPROVAL: list(Approval),
    FieldType.RECORD: ["00000000-0000-4000-8000-00000000000a"],
    FieldType.RECORDS: [[], ["00000000-0000-4000-8000-00000000000a"]],
    FieldType.TIME: ["2026-11-21T03:05:11Z"],
    FieldType.FILES: [[{"sha256": "ab" * 32, "size": 0}]],
    FieldType.HEADS: [
        [],
        [{"record": "00000000-0000-4000-8000-00000000000a", "n": 3, "head": "ab" * 32}],
    ],
    FieldType.DESCRIPTION: [{"title": "x"}],
    FieldType.PLACES: [[], [PLACE], [PLACE, {**PLACE, "kind": "copy", "words": "All of it."}]],
    FieldType.CONDITIONS: [CONDITIONS, {**CONDITIONS, "chosen": [PLACE["id"]], "urgent": True}],
    FieldType.CONTENTS: [[{"path": "README.html", "sha256": "ab" * 32}]],
}
RECORD = "00000000-0000-4000-8000-00000000000a"
BAD: dict[FieldType, list[JSON]] = {
    FieldType.TEXT: ["", "x" * 10_001, 1, None, ["x"]],
    FieldType.COUNT: [-1, 2**53, True, None, "1"],
    FieldType.INTEGER: [2**53, False, None, "1"],
    FieldType.MEASURED: ["", True, 2**53],
    FieldType.DIGEST: ["", "AB" * 32, "ab" * 31, None, 1],
    FieldType.DIGEST_OR_NULL: ["", "ab" * 31],
    FieldType.PREVIOUS: [None, "ab" * 31, 0],
    FieldType.APPROVAL: ["", "nobody", None, 1],
    FieldType.CRC32: ["", "00FF00FF", "0ff00ff", 255],
    FieldType.RECORD: ["", RECORD.upper(), 1, None],
    FieldType.RECORDS: [RECORD, [RECORD, RECORD], [1], None],
    FieldType.TIME: ["2026-11-21", "2026-11-21T03:05:11", None, 0],
    FieldType.FILES: [
        [],
        None,
        {"sha256": "ab" * 32, "size": 0},
        [{"sha256": "ab" * 32}],
        [{"sha256": "ab" * 32, "size": -1}],
        [{"sha256": "ab" * 31, "size": 1}],
        [{"sha256": "ab" * 32, "size": 1, "name": "x"}],
    ],
    FieldType.HEADS: [
        None,
        [{"record": RECORD, "n": -1, "head": "ab" * 32}],
        [{"record": RECORD, "n": 0, "head": ""}],
        [{"record": RECORD, "n": 0}],
        [{"record": RECORD, "n": n, "head": "ab" * 32} for n in (0, 1)],
    ],
    FieldType.DESCRIPTION: [None, {}, "x", ["x"]],
    FieldType.PLACES: [
        None,
        PLACE,
        [{**PLACE, "colour": "red"}],
        [{name: value for name, value in PLACE.items() if name != "version"}],
        *([{**PLACE, name: None}] for name in PLACE),
        [{**PLACE, "crc32": 255}],
        [{**PLACE, "position": -1}],
        [{**PLACE, "stored_at": "2026-11-21T12:00:00.5Z"}],
    ],
    FieldType.CONDITIONS: [
        None,
        {},
        {**CONDITIONS, "colour": "red"},
        *({**CONDITIONS, name: {}} for name in CONDITIONS),
        {**CONDITIONS, "urgent": 1},
        {**CONDITIONS, "replaces": ""},
        {**CONDITIONS, "chosen": [PLACE["id"], PLACE["id"]]},
    ],
    FieldType.CONTENTS: [
        None,
        [],
        [{"path": "README.html"}],
        [{"path": "README.html", "sha256": ""}],
        [{"path": 1, "sha256": "ab" * 32}],
        [{"path": "README.html", "sha256": "ab" * 32}] * 2,
    ],
}
FIELD_OF = {
    kind: (event.name, field)
    for event in EVENTS.values()
    for field, kind in event.all_fields.items()
}


def test_every_kind_of_field_is_used_and_tested() -> None:
    assert set(FIELD_OF) == set(GOOD) == set(BAD) == set(FieldType)


@pytest.mark.parametrize("kind", FieldType)
def test_a_field_takes_what_its_type_says(kind: FieldType) -> None:
    for value in GOOD[kind]:
        check_field(*FIELD_OF[kind], value)


@pytest.mark.parametrize("kind", FieldType)
def test_a_field_refuses_everything_else(kind: FieldType) -> None:
    for value in BAD[kind]:
        with pytest.raises(FormatError, match=FIELD_OF[kind][1]):
            check_field(*FIELD_OF[kind], value)


def test_an_event_has_all_its_fields_and_no_other() -> None:
    check_fields("exhibit.received", FIRST)
    for field in FIRST:
        with pytest.raises(FormatError, match=field):
            check_fields("exhibit.received", {k: v for k, v in FIRST.items() if k != field})
    with pytest.raises(FormatError, match="colour"):
        check_fields("exhibit.received", {**FIRST, "colour": "red"})
    with pytest.raises(FormatError, match="no field 'colour'"):
        check_field("exhibit.received", "colour", "red")


def test_an_event_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(FormatError, match="no custody event"):
        check_fields("exhibit.lost", FIRST)


def test_only_the_first_event_of_a_record_has_nothing_before_it() -> None:
    check_fields("exhibit.received", {**FIRST, "n": 1, "prev": "ab" * 32})
    for n, prev in ((0, "ab" * 32), (1, "")):
        with pytest.raises(FormatError, match="prev"):
            check_fields("exhibit.received", {**FIRST, "n": n, "prev": prev})


def test_the_fields_of_persons_are_texts_and_belong_to_no_other_key() -> None:
    kinds = {
        kind
        for event in EVENTS.values()
        for field, kind in event.fields.items()
        if field in PERSON_FIELDS
    }
    assert kinds == {FieldType.TEXT}
    assert not PERSON_FIELDS & COMMON_FIELDS.keys()


def test_whoever_acts_is_named_with_a_role() -> None:
    for event in EVENTS.values():
        assert ("actor" in event.fields) == ("role" in event.fields)


def test_each_event_has_its_premis_type_or_its_own_name() -> None:
    terms = {event.premis for event in EVENTS.values() if event.premis != event.name}
    assert terms == PREMIS


def test_the_document_lists_the_same_table() -> None:
    rows: dict[str, dict[str, str]] = {}
    for line in DOCUMENT.read_text().splitlines():
        if found := re.fullmatch(r"\| `([a-z_.]+)` \| (.*) \| (.*) \|", line):
            pairs = re.findall(r"([a-z0-9_]+): ([a-z0-9 ]+)", found[2])
            rows[found[1]] = dict(pairs)
    written = {
        name: {field: str(kind) for field, kind in event.fields.items()}
        for name, event in EVENTS.items()
    }
    assert rows == written
    assert {event.record for event in EVENTS.values()} == set(RecordKind)
