"""Entries and their openings: one form, and no value but the committed one opens."""

import hashlib
import hmac
import json
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import FormatError, ProofError
from custody.formats.canonical import JSON, parse_canonical
from custody.formats.disclosure import (
    LoggedEvent,
    format_events,
    format_openings,
    open_event,
    parse_events,
    parse_openings,
)
from custody.formats.entry import (
    Entry,
    Opening,
    check_opening,
    commit,
    field_key,
    format_entry,
    parse_entry,
    write_entry,
)
from custody.formats.events import PERSON_FIELDS
from tests.custody.ledgers import NOON, RECEIVED, SealedLedger
from tests.custody.vectors import VECTORS, bad, flips, good, named, truncations

ENTRY = (VECTORS / "entry/received.entry").read_bytes()
OPENINGS = (VECTORS / "entry/received.openings.json").read_bytes()
ID = UUID("00000000-0000-4000-8000-000000000001")
FIRST: dict[str, JSON] = {"record": str(ID), "n": 0, "prev": "", **RECEIVED}


@pytest.mark.parametrize("path", good("entry", ".input.json"), ids=named)
def test_the_vectors_are_written_again_byte_for_byte(path: Path) -> None:
    given = json.loads(path.read_text())
    record, person = (bytes.fromhex(given[f"K of the {who}"]) for who in ("record", "person"))
    entry, openings = write_entry(
        given["event"],
        datetime.fromisoformat(given["at"]),
        UUID(given["id"]),
        given["values"],
        lambda field: person if field in PERSON_FIELDS else record,
    )
    name = path.name.removesuffix(".input.json")
    assert entry == path.with_name(f"{name}.entry").read_bytes()
    assert format_openings(openings) == path.with_name(f"{name}.openings.json").read_bytes()


@pytest.mark.parametrize("path", good("entry", ".entry"), ids=named)
def test_a_good_entry_is_read_opened_and_written_back(path: Path) -> None:
    data = path.read_bytes()
    openings = parse_openings(path.with_suffix(".openings.json").read_bytes())
    entry = parse_entry(data)
    assert format_entry(entry) == data
    assert set(open_event(LoggedEvent(0, data, openings))) == set(entry.commitments)


@pytest.mark.parametrize("path", bad("entry", ".entry"), ids=named)
def test_a_bad_entry_is_refused(path: Path) -> None:
    with pytest.raises(FormatError):
        parse_entry(path.read_bytes())


@pytest.mark.parametrize("path", bad("entry", ".openings.json"), ids=named)
def test_a_bad_opening_is_refused(path: Path) -> None:
    with pytest.raises((FormatError, ProofError)):
        open_event(LoggedEvent(0, ENTRY, parse_openings(path.read_bytes())))


def test_commitments_are_made_as_the_document_says() -> None:
    key, prk = bytes(range(32)), hmac.digest(bytes(32), bytes(range(32)), "sha256")
    info = b"custos/commit/v1\0" + ID.bytes + b"actor"
    k_f = hmac.digest(prk, info + b"\x01", "sha256")  # RFC 5869 with one block
    bound = f'{{"event":"a","field":"actor","id":"{ID}","value":[1]}}'.encode()
    assert field_key(key, ID, "actor") == k_f
    assert commit("a", ID, "actor", [1], k_f) == hmac.digest(k_f, bound, "sha256")


def test_no_part_of_an_entry_is_one_and_no_flipped_bit_still_opens() -> None:
    openings = parse_openings(OPENINGS)
    at = parse_entry(ENTRY).at
    for part in truncations(ENTRY):
        with pytest.raises(FormatError):
            parse_entry(part)
    for changed in flips(ENTRY):
        try:
            entry = parse_entry(changed)
            open_event(LoggedEvent(0, changed, openings))
        except (FormatError, ProofError):
            continue
        # Version, event and id are bound into each commitment. The time is not: it is bound by
        # the leaf, like every byte of the entry.
        assert entry.at != at


def test_no_part_and_no_flipped_bit_of_the_openings_opens_everything() -> None:
    for changed in [*truncations(OPENINGS), *flips(OPENINGS)]:
        with pytest.raises((FormatError, ProofError)):
            open_event(LoggedEvent(0, ENTRY, parse_openings(changed)))


def test_an_opening_opens_no_other_event_and_no_other_field() -> None:
    entry, openings = write_entry("exhibit.received", NOON, ID, FIRST, lambda _: bytes(32))
    other, _ = write_entry("exhibit.received", NOON, UUID(int=7), FIRST, lambda _: bytes(32))
    for opening in openings:
        check_opening(parse_entry(entry), opening)
        with pytest.raises(ProofError):
            check_opening(parse_entry(other), opening)
        for field in FIRST.keys() - {opening.field}:
            with pytest.raises(ProofError):
                check_opening(parse_entry(entry), Opening(field, opening.value, opening.key))


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    """HMAC pads keys with zeros: a shorter or longer key could open the same commitment."""
    with pytest.raises(ValueError, match="32 bytes"):
        commit("exhibit.received", ID, "n", 0, bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        field_key(bytes(size), ID, "n")
    commitment = hmac.digest(
        b"", f'{{"event":"exhibit.received","field":"n","id":"{ID}","value":0}}'.encode(), "sha256"
    ).hex()
    entry = Entry("exhibit.received", NOON, ID, {"n": commitment})
    with pytest.raises(ProofError, match="wrong length"):
        check_opening(entry, Opening("n", 0, bytes(size)))


@given(st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=50))
def test_two_values_never_share_a_commitment(one: str, two: str) -> None:
    same = commit("a", ID, "f", one, bytes(32)) == commit("a", ID, "f", two, bytes(32))
    assert same == (one == two)


def test_a_value_that_opens_but_is_not_of_its_type_is_refused() -> None:
    key = field_key(bytes(32), ID, "n")
    entry, openings = write_entry("exhibit.received", NOON, ID, FIRST, lambda _: bytes(32))
    parsed = parse_entry(entry)
    forged = {
        **parsed.commitments,
        "n": commit("exhibit.received", ID, "n", "zero", key).hex(),
    }
    data = format_entry(Entry(parsed.event, parsed.at, parsed.id, forged))
    others = tuple(opening for opening in openings if opening.field != "n")
    with pytest.raises(FormatError, match="n must be a count"):
        open_event(LoggedEvent(0, data, (*others, Opening("n", "zero", key))))


def test_an_entry_is_not_written_with_a_field_missing_or_in_another_time() -> None:
    with pytest.raises(FormatError):
        write_entry("exhibit.received", NOON, ID, {**RECEIVED, "n": 0}, lambda _: bytes(32))
    with pytest.raises(ValueError, match="whole seconds"):
        write_entry("exhibit.received", NOON.replace(microsecond=1), ID, FIRST, lambda _: bytes(32))


def test_each_field_is_committed_under_the_key_that_its_owner_has() -> None:
    asked: list[str] = []

    def key(field: str) -> bytes:
        asked.append(field)
        return hashlib.sha256(field.encode()).digest()

    _, openings = write_entry("exhibit.received", NOON, ID, FIRST, key)
    assert sorted(asked) == sorted(FIRST) == [opening.field for opening in openings]
    assert openings[0].key == field_key(hashlib.sha256(b"actor").digest(), ID, "actor")


def test_the_events_file_round_trips_and_holds_the_very_bytes_of_each_entry() -> None:
    ledger = SealedLedger().run()
    data = format_events(ledger.logged)
    parsed = parse_events(data)
    assert [(each.index, each.data) for each in parsed] == [
        (each.index, each.data) for each in ledger.logged
    ]
    assert format_events(parsed) == data
    assert parse_events(b"") == ()


def test_no_part_of_the_events_file_but_whole_lines_is_one() -> None:
    data = format_events(SealedLedger().run().logged)
    for part in truncations(data):
        if part and not part.endswith(b"\n"):
            with pytest.raises(FormatError):
                parse_events(part)


def test_events_out_of_order_or_twice_or_apart_by_a_blank_line_are_refused() -> None:
    lines = format_events(SealedLedger().run().logged).splitlines(keepends=True)
    for wrong in (lines[::-1], [lines[0], lines[0]], [lines[0], b"\n", lines[1]]):
        with pytest.raises(FormatError):
            parse_events(b"".join(wrong))


def test_an_entry_that_fits_no_bundle_is_not_read() -> None:
    with pytest.raises(FormatError, match="at most 65535"):
        parse_entry(b" " * 65_536)


def test_a_line_that_holds_no_entry_is_no_event() -> None:
    with pytest.raises(FormatError, match="An entry has exactly"):
        parse_events(b'{"entry":{},"index":1,"openings":[]}\n')


@pytest.mark.parametrize(
    "index", [b"-1", b"true", b'"1"', b"1.0", b"9007199254740992", b"null", b"01"]
)
def test_an_index_is_a_number(index: bytes) -> None:
    line = format_events(SealedLedger().run().logged[:1])
    with pytest.raises(FormatError):
        parse_events(line.replace(b'"index":1', b'"index":' + index))


def test_openings_are_a_list_of_three_things_each() -> None:
    for data in (b"{}", b"[1]", b'[{"field":"n","value":1}]', b'[{"field":1,"key":"","value":1}]'):
        with pytest.raises(FormatError):
            parse_openings(data)
    assert isinstance(parse_canonical(OPENINGS), list)


def test_the_example_in_the_document_is_the_vector() -> None:
    document = (Path(__file__).parents[3] / "docs/formats/ledger.md").read_text()
    proof = (VECTORS / "proof/single.tlog-proof").read_text()
    key = next(each.key for each in parse_openings(OPENINGS) if each.field == "n")
    assert f"\n    {ENTRY.decode()}\n" in document
    assert "".join(f"    {line}\n" if line else "\n" for line in proof.splitlines()) in document
    assert f"K_f = {key.hex()}\n" in document
    assert f"c_n = {parse_entry(ENTRY).commitments['n']}\n" in document
