"""What a claim gathers is held against what the events listed, value by value and type by type."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from custody.audit.claims import compare
from custody.audit.facts import Claim, Gathered, KeptEvent, Tally
from custody.check.finding import Outcome
from custody.formats.canonical import JSON, canonical_text
from custody.formats.events import RecordKind

RECORD = UUID(int=1, version=4)
AT = datetime(2026, 11, 21, 3, 5, 11, tzinfo=UTC)
LOGGED: dict[str, JSON] = {"name": "M1", "size": 1, "words": "", "kept": True, "over": None}


def differing(stored: dict[str, JSON]) -> list[tuple[str, str, str]]:
    gathered = Gathered("exhibit.stored", "places", "name", (stored,))
    claim = Claim(RECORD, "JS/1", RecordKind.EXHIBIT, {}, gathered=gathered)
    said = {"places": canonical_text([LOGGED])}
    event = KeptEvent("an event", "exhibit.stored", 0, AT, said)
    tally = Tally()
    compare(tally, claim, "exhibit", {"exhibit.stored": [event]})
    return [
        (one.subject.rsplit(".", 1)[1], one.expected, one.found)
        for one in tally.close()
        if one.outcome is Outcome.FAIL
    ]


def test_what_was_listed_and_is_there_agrees_in_whatever_order_it_is_told() -> None:
    assert not differing(dict(reversed(LOGGED.items())))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("size", True, ("size", "1", "true")),
        ("kept", 1, ("kept", "true", "1")),
        ("over", False, ("over", "null", "false")),
        ("words", None, ("words", '""', "null")),
        ("words", [], ("words", '""', "[]")),
        ("size", 2, ("size", "1", "2")),
    ],
)
def test_a_truth_is_no_number_and_nothing_is_no_text(
    key: str, value: JSON, told: tuple[str, str, str]
) -> None:
    assert differing({**LOGGED, key: value}) == [told]
