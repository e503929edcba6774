"""An entry built anew is the one that was written; and what the short way takes, the long way does.

Its errors can only be of one kind: to find fault where there is none, and to look again.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.audit.rebuild import (
    _PLAIN,
    BETWEEN_NAMES,
    BETWEEN_VALUES,
    SHAPES,
    Keyed,
    extract,
    keyed,
    rebuild,
    sound_values,
)
from custody.formats.canonical import JSON, canonical_json, parse_canonical
from custody.formats.entry import write_entry
from custody.formats.events import EVENTS, PERSON_FIELDS, FieldType, check_field
from custody.ledger.ledger import MAC_TAG, event_mac
from tests.custody.ledgers import CONDITIONS, PLACE

AT = datetime(2026, 11, 21, 3, 5, 11, tzinfo=UTC)
ID, RECORD = (UUID(int=number, version=4) for number in (1, 2))
OWN, PERSON, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
DIGEST = "ab" * 32
SAMPLES: dict[FieldType, JSON] = {
    FieldType.TEXT: 'é, "quoted"\n',
    FieldType.COUNT: 2**53 - 1,
    FieldType.INTEGER: -73_000,
    FieldType.MEASURED: None,
    FieldType.DIGEST: DIGEST,
    FieldType.DIGEST_OR_NULL: None,
    FieldType.PREVIOUS: DIGEST,
    FieldType.CRC32: "0badcafe",
    FieldType.APPROVAL: "second person",
    FieldType.RECORD: str(RECORD),
    FieldType.RECORDS: [str(RECORD), str(ID)],
    FieldType.TIME: "2026-11-21T03:05:11Z",
    FieldType.FILES: [{"sha256": DIGEST, "size": 0}, {"sha256": DIGEST, "size": 7}],
    FieldType.HEADS: [{"head": DIGEST, "n": 3, "record": str(RECORD)}],
    FieldType.DESCRIPTION: {"title": "High Street", "files": [{"size": 7}]},
    FieldType.PLACES: [PLACE],
    FieldType.CONDITIONS: CONDITIONS,
    FieldType.CONTENTS: [{"path": "seal/release.entry", "sha256": DIGEST}],
}


def written(event: str) -> tuple[bytes, list[str], list[str]]:
    """Return an entry of an event, its fields, and its values in their canonical form."""
    values = {field: SAMPLES[kind] for field, kind in EVENTS[event].all_fields.items()}
    values |= {"record": str(RECORD), "n": 5, "prev": DIGEST}
    keys = {field: PERSON if field in PERSON_FIELDS else OWN for field in values}
    entry, _ = write_entry(event, AT, ID, values, keys.__getitem__)
    names = sorted(values)
    return entry, names, [canonical_json(values[name]).decode() for name in names]


def is_sound(
    event: str, names: list[str], texts: list[str], record: UUID, n: int, head: str
) -> bool:
    """Join names and values as the database does, and look at them."""
    joined = BETWEEN_NAMES.join(names), BETWEEN_VALUES.join(texts)
    found = sound_values(
        SHAPES[event], *joined, count=len(names), record=str(record), n=n, head=head
    )
    assert found in (None, texts)
    return found is not None


def built(
    event: str, at: datetime, event_id: UUID, texts: list[str], keys: list[Keyed | None]
) -> bytes:
    return rebuild(SHAPES[event], at, str(event_id), texts, keys)


def keys_of(names: list[str]) -> list[Keyed | None]:
    return [extract(PERSON if name in PERSON_FIELDS else OWN) for name in names]


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_built_anew_as_it_was_written(event: str) -> None:
    entry, names, texts = written(event)
    assert is_sound(event, names, texts, RECORD, 5, DIGEST)
    assert built(event, AT, ID, texts, keys_of(names)) == entry


def test_another_time_name_value_or_key_builds_another_entry() -> None:
    event = "clock.checked"
    entry, names, texts = written(event)
    keys = keys_of(names)
    later = AT.replace(microsecond=1)
    others = [
        built("exhibit.set_aside", AT, ID, texts[:-1], keys[:-1]),
        built(event, later, ID, texts, keys),
        built(event, AT, RECORD, texts, keys),
        *(built(event, AT, ID, [*texts[:i], "0", *texts[i + 1 :]], keys) for i in range(7)),
        *(
            built(event, AT, ID, texts, [*keys[:i], extract(OTHER), *keys[i + 1 :]])
            for i in range(7)
        ),
        built(event, AT, ID, texts, [None, *keys[1:]]),
    ]
    assert len(names) == 7
    assert entry not in others


@pytest.mark.parametrize(
    ("record", "n", "head"), [(ID, 5, DIGEST), (RECORD, 4, DIGEST), (RECORD, 5, "cd" * 32)]
)
def test_an_event_of_another_place_is_not_sound(record: UUID, n: int, head: str) -> None:
    _, names, texts = written("clock.checked")
    assert not is_sound("clock.checked", names, texts, record, n, head)


def test_a_field_too_many_or_too_few_is_not_sound() -> None:
    _, names, texts = written("clock.checked")
    assert not is_sound("clock.checked", names[:-1], texts[:-1], RECORD, 5, DIGEST)
    assert not is_sound("clock.checked", [*names, "x"], [*texts, "0"], RECORD, 5, DIGEST)


def test_what_is_joined_in_another_way_is_not_sound() -> None:
    event = "hold.placed"
    _, names, texts = written(event)
    shape, joined = SHAPES[event], (BETWEEN_NAMES.join(names), BETWEEN_VALUES.join(texts))

    def found(names: str, values: str, count: int) -> list[str] | None:
        return sound_values(shape, names, values, count=count, record=str(RECORD), n=5, head=DIGEST)

    assert found(*joined, len(names)) == texts
    # One row that is named like two fields, and holds what looks like their two values.
    assert found(*joined, len(names) - 1) is None
    texts[names.index("reason")] = f'"one{BETWEEN_VALUES}two"'
    assert found(joined[0], BETWEEN_VALUES.join(texts), len(names)) is None


def wrong(kind: FieldType) -> Iterator[str]:
    """Yield texts that are no value of this type in its canonical form."""
    right = canonical_json(SAMPLES[kind]).decode()
    yield from (f" {right}", f"{right}\n", "{}", "true", "1.0", "-0", "01", '"', "")
    yield {FieldType.MEASURED: '"null"', FieldType.DIGEST_OR_NULL: '""'}.get(kind, "null")


@pytest.mark.parametrize("event", ["clock.checked", "release.sealed", "release.proposed"])
def test_a_value_of_another_type_or_form_is_not_sound(event: str) -> None:
    _, names, texts = written(event)
    for place, name in enumerate(names):
        for text in wrong(EVENTS[event].all_fields[name]):
            changed = [*texts[:place], text, *texts[place + 1 :]]
            assert not is_sound(event, names, changed, RECORD, 5, DIGEST), (name, text)


FIELDS = {
    kind: (event.name, field)
    for event in EVENTS.values()
    for field, kind in event.all_fields.items()
}


@given(st.data())
def test_what_is_taken_at_a_glance_is_a_value_in_its_one_form(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(_PLAIN)))
    text = data.draw(st.from_regex(_PLAIN[kind], fullmatch=True))
    event, field = FIELDS[kind]
    check_field(event, field, parse_canonical(text.encode()))


def test_a_key_of_another_length_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        extract(b"short")


def test_a_mac_by_hand_is_the_one_that_the_service_writes() -> None:
    for size in (1, 32, 64):
        key = bytes(range(size))
        for entry in (b"", b"{}", b"x" * 1000):
            assert keyed(key, MAC_TAG).mac(entry) == event_mac(key, entry)
    with pytest.raises(ValueError, match="at most 64 bytes"):
        keyed(bytes(65), b"")
