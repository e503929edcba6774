"""Canonical JSON and the scalars in it: one form each, and every error is ours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import cast

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from custody.errors import FormatError
from custody.formats.canonical import (
    JSON,
    MAX_DEPTH,
    MAX_INTEGER,
    _plain,
    canonical_json,
    canonical_text,
    format_base64,
    format_time,
    parse_base64,
    parse_canonical,
    parse_decimal,
    parse_hex,
    parse_time,
    parse_uuid,
)
from tests.custody.vectors import bad, flips, good, named, truncations

JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("path", good("canonical", ".json"), ids=named)
def test_the_canonical_form_is_read_and_written_back(path: Path) -> None:
    data = path.read_bytes()
    assert canonical_json(parse_canonical(data)) == data


@pytest.mark.parametrize("path", bad("canonical", ".json"), ids=named)
def test_any_other_form_is_refused(path: Path) -> None:
    with pytest.raises(FormatError):
        parse_canonical(path.read_bytes())


@given(JSONS)
def test_every_value_survives_its_canonical_form(value: JSON) -> None:
    assert parse_canonical(canonical_json(value)) == value


@given(JSONS)
@example({"\ue000": 1, "\U00010000": 2})
def test_the_form_is_that_of_the_reference_implementation(value: JSON) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)
    assert canonical_text(value).encode() == canonical_json(value)


@pytest.mark.parametrize("number", [MAX_INTEGER + 1, -MAX_INTEGER - 1, 10**30])
def test_an_integer_that_not_every_reader_keeps_is_neither_read_nor_written(number: int) -> None:
    with pytest.raises(FormatError, match="integer"):
        canonical_json([number])
    with pytest.raises(FormatError, match="integer"):
        parse_canonical(b"[%d]" % number)


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_a_format_error(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except FormatError:
        return
    assert canonical_json(value) == data


def test_a_changed_or_cut_byte_gives_another_value_or_none() -> None:
    value: JSON = {"at": "2026", "list": [1, -20, True, None], "text": 'é"\n'}
    data = canonical_json(value)
    for changed in [*truncations(data), *flips(data)]:
        try:
            assert parse_canonical(changed) != value
        except FormatError:
            continue


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        MAX_INTEGER + 1,
        b"bytes",
        -MAX_INTEGER - 1,
        {1: "key"},
        {None: "key"},
        {True: "key"},
        {"\ud800": 1},
        "\udfff",
        {1, 2},
        [object()],
    ],
)
def test_what_has_no_canonical_form_is_not_written(value: object) -> None:
    for found in (value, [value], {"a": 1, "b": [0, value]}, ({"a": (value,)},)):
        for write in (canonical_json, canonical_text):
            with pytest.raises(FormatError):
                write(cast("JSON", found))


@pytest.mark.parametrize("leaf", ["a", 1, None, True, [], {}, 1.0])
@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
def test_what_is_written_without_a_copy_nests_no_deeper(
    leaf: JSON, wrap: Callable[[JSON], JSON]
) -> None:
    value, refused = leaf, []
    for depth in range(1, MAX_DEPTH + 4):
        value = wrap(value)
        try:
            copied = _plain(value, MAX_DEPTH)
        except FormatError as error:
            refused.append(depth)
            with pytest.raises(FormatError, match=str(error)):
                canonical_json(value)
        else:
            assert canonical_json(value) == rfc8785.dumps(copied)  # type: ignore[arg-type]
    assert MAX_DEPTH not in refused or isinstance(leaf, float)
    assert refused[-1] == MAX_DEPTH + 3


def test_a_value_without_end_is_not_written() -> None:
    endless: list[JSON] = []
    endless.append(endless)
    with pytest.raises(FormatError, match="deeper"):
        canonical_json(endless)


def test_nesting_that_exhausts_the_parser_is_a_format_error() -> None:
    for data in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * (MAX_DEPTH + 2) + b"]" * 34):
        with pytest.raises(FormatError):
            parse_canonical(data)


def test_a_file_beyond_its_limit_is_not_parsed() -> None:
    with pytest.raises(FormatError, match="at most 3"):
        parse_canonical(b'"ab"', limit=3)


def test_read_only_mappings_and_tuples_are_written_as_objects_and_lists() -> None:
    assert canonical_json(MappingProxyType({"b": (1, 2), "a": None})) == b'{"a":null,"b":[1,2]}'


def test_a_long_hostile_value_is_cut_in_the_message() -> None:
    with pytest.raises(FormatError) as caught:
        parse_time("x" * 1_000_000)
    assert len(str(caught.value)) < 200


def test_a_time_is_written_in_utc_to_the_second() -> None:
    london = timezone(timedelta(hours=1))
    assert format_time(datetime(2026, 6, 1, 1, 30, tzinfo=london)) == "2026-06-01T00:30:00Z"
    assert parse_time("2026-06-01T00:30:00Z") == datetime(2026, 6, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-01T00:30:00",
        "2026-06-01T00:30:00+00:00",
        "2026-06-01T00:30:00.5Z",
        "2026-06-01t00:30:00z",
        "2026-06-31T00:30:00Z",
        "2026-06-01T24:00:00Z",
        "2026-06-01T23:59:60Z",
        "2026-06-01 00:30:00Z",
        "2026-06-01T00:30:00Z\n",
        "\u0662026-06-01T00:30:00Z",
        "0000-01-01T00:00:00Z",
        1_780_000_000,
        None,
    ],
)
def test_any_other_time_is_refused(text: JSON) -> None:
    with pytest.raises(FormatError):
        parse_time(text)


def test_a_time_with_a_fraction_or_without_zone_is_a_mistake_of_the_program() -> None:
    for at in (datetime(2026, 6, 1), datetime(2026, 6, 1, microsecond=1, tzinfo=UTC)):  # noqa: DTZ001 - the mistake
        with pytest.raises(ValueError, match="whole seconds"):
            format_time(at)


@pytest.mark.parametrize("text", ["", "00", "+1", "-1", "1_000", " 1", "1\n", "\u0661", str(2**63)])
def test_a_number_is_refused_in_any_other_form(text: str) -> None:
    with pytest.raises(FormatError):
        parse_decimal(text)


def test_the_largest_number_is_read() -> None:
    assert parse_decimal(str(2**63 - 1)) == 2**63 - 1
    assert parse_decimal("0") == 0


@given(st.binary(max_size=70))
def test_base64_has_one_form_for_each_value(data: bytes) -> None:
    text = format_base64(data)
    assert parse_base64(text) == data
    for other in (text + "\n", text + "=", " " + text, text.rstrip("=") + "====", text + "é"):
        with pytest.raises(FormatError):
            parse_base64(other)


def test_the_url_alphabet_and_stray_padding_bits_are_no_base64_of_ours() -> None:
    for text in ("_-8=", "AB==", "AAB=", "A", "AA", "AA="):
        with pytest.raises(FormatError):
            parse_base64(text)


def test_hex_digits_are_lower_case_and_of_one_length() -> None:
    assert parse_hex("00ff", 2) == b"\x00\xff"
    for text in ("00FF", "00f", "00ff0", "0x00", "00ff\n", "", 15, None):
        with pytest.raises(FormatError):
            parse_hex(text, 2)


def test_a_uuid_is_lower_case_with_hyphens() -> None:
    text = "00000000-0000-4000-8000-0000000000ab"
    assert str(parse_uuid(text)) == text
    for other in (text.upper(), text.replace("-", ""), "{" + text + "}", "urn:uuid:" + text, 1):
        with pytest.raises(FormatError):
            parse_uuid(other)
