import pytest
from asn1crypto import core

from custody.check.der import MAX_DEPTH, check_der, format_value
from custody.errors import FormatError


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        length = len(data)
        digits = bytes([length]) if length < 128 else b"\x81" + bytes([length])
        data = b"\x30" + digits + data
    return data


@pytest.mark.parametrize(
    "text",
    [
        "0500",  # NULL
        "0101ff",
        "010100",  # BOOLEAN
        "020100",
        "020180",
        "02020080",
        "0202ff7f",  # INTEGER
        "030100",
        "030205a0",  # BIT STRING
        "06032a8648",  # OBJECT IDENTIFIER
        "170d3236313132313033303531315a",
        "180f32303236313132313033303531315a",
        "181132303236313132313033303531312e355a",  # 11.5 s
        "3000",
        "3106020101020102",  # SET in order
        "a003020101",
        "8001ff",  # tagged: what is inside is not known
        "048180" + "00" * 128,
    ],
)
def test_the_one_encoding_is_taken(text: str) -> None:
    check_der(bytes.fromhex(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "05",
        "05000500",  # two values
        "050100",  # a NULL with something in it
        "058100",  # length in two bytes where one does
        "04820080" + "00" * 128,  # length in three bytes where two do
        "0480" + "0000",  # indefinite length
        "0481",
        "30800000",
        "0405aabb",  # cut off
        "010101",  # a true that is not ff
        "0100",
        "0200",
        "02020001",
        "0202ff80",  # integers with a needless byte
        "0300",
        "030101",
        "030208a0",
        "030205a1",  # an unused bit that is set
        "0600",
        "06022a86",  # an identifier that does not end
        "06032a8001",  # and one that begins with a zero digit
        "170b323631313231303330355a",  # UTCTime without seconds
        "171132363131323130333035313130303030",  # and with a zone
        "180d3230323631313231303330355a",
        "181232303236313132313033303531312e35305a",  # 11.50 s
        "3106020102020101",  # SET out of order
        "2403040100",  # a string in parts
        "1003020101",  # a SEQUENCE that is not constructed
        "1f8101" + "00",  # a long tag
    ],
)
def test_every_other_encoding_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        check_der(bytes.fromhex(text))


def test_nesting_has_an_end() -> None:
    check_der(nested(MAX_DEPTH))
    with pytest.raises(FormatError, match="nests deeper"):
        check_der(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_a_value_is_written_with_its_length_in_the_shortest_form(size: int) -> None:
    value = format_value(0x04, bytes(size // 2), bytes(size - size // 2))
    check_der(value)
    assert value.endswith(bytes(size))
    assert core.OctetString.load(value).native == bytes(size)
