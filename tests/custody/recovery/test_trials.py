"""Whose entry it is can be tried by whoever has the key, and by nobody else."""

from custody.formats.canonical import canonical_json
from custody.formats.entry import Entry
from custody.recovery.trials import Head, extract, owner, says
from tests.custody.ledgers import (
    EXHIBIT,
    NOON,
    PERSON,
    RECEIVED,
    RELEASE,
    MemoryLog,
    RecordChain,
    key_of,
)


def received() -> Entry:
    return RecordChain(MemoryLog(), EXHIBIT).write("exhibit.received", RECEIVED, NOON).entry


HEADS = [Head(one, 0, "", extract(key_of(one))) for one in (RELEASE, PERSON, EXHIBIT)]


def test_an_entry_is_known_by_the_key_of_its_record() -> None:
    assert owner(received(), HEADS) is HEADS[2]
    assert owner(received(), HEADS[:2]) is None


def test_a_value_is_known_again_and_no_other_is() -> None:
    own, person, entry = HEADS[2].extracted, HEADS[1].extracted, received()
    for name, value in RECEIVED.items():
        key = person if name == "actor" else own
        text = canonical_json(value).decode()
        assert says(entry, name, text, key)
        assert not says(entry, name, text, person if key is own else own)
        assert not says(entry, name, '"something else"', key)
