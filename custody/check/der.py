"""Pure. The distinguished encoding rules (DER, X.690 sections 10 and 11): one value, one encoding.

The ASN.1 library reads more than DER, and so would let bytes change that mean the same. This looks
at the encoding alone, whatever the values are; it also bounds what the library may have to nest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from re import compile as pattern

from custody.errors import FormatError

MAX_DEPTH = 40
_CONSTRUCTED = 0x20
_UNIVERSAL_END = 0x40
_TAG_NUMBER = 0x1F
_LONG_LENGTH = 0x80
_SET = 0x31
_CONTAINERS = {0x10, 0x11}
"""Numbers of SEQUENCE and SET: constructed, and nothing else among the universal types is."""
_UTC_TIME = pattern(rb"[0-9]{12}Z")
_GENERALIZED_TIME = pattern(rb"[0-9]{14}(\.[0-9]*[1-9])?Z")


@dataclass(frozen=True, slots=True)
class _Value:
    tag: int
    content: bytes
    whole: bytes


def check_der(data: bytes) -> None:
    """Check that these bytes are one value in DER, and nothing after it.

    Implicitly tagged sets look like any other tagged value: their order is not checked.

    Raises:
        FormatError: they are not.

    """
    values = list(_values(data))
    if len(values) != 1:
        raise FormatError("More or less than one value is encoded here")
    _check(values[0], MAX_DEPTH)


def _check(value: _Value, depth: int) -> None:
    if depth == 0:
        raise FormatError(f"The encoding nests deeper than {MAX_DEPTH} levels")
    universal = value.tag < _UNIVERSAL_END
    if universal and bool(value.tag & _CONSTRUCTED) != (value.tag & _TAG_NUMBER in _CONTAINERS):
        raise FormatError(f"A value with the tag {value.tag:#04x} has no such form in DER")
    if value.tag & _CONSTRUCTED:
        children = list(_values(value.content))
        for child in children:
            _check(child, depth - 1)
        encodings = [child.whole for child in children]
        if value.tag == _SET and encodings != sorted(encodings):
            raise FormatError("A set is not sorted")
    elif universal and not _PRIMITIVES.get(value.tag, _anything)(value.content):
        raise FormatError(f"A value with the tag {value.tag:#04x} is not in its shortest form")


def _values(data: bytes) -> Iterator[_Value]:
    """Cut bytes into the values that stand in them, one after the other."""
    start = 0
    while start < len(data):
        tag = data[start]
        if tag & _TAG_NUMBER == _TAG_NUMBER:
            raise FormatError("A tag has a number that none of our formats uses")
        at, length = _length(data, start + 1)
        end = at + length
        if end > len(data):
            raise FormatError("A value is cut off")
        yield _Value(tag, data[at:end], data[start:end])
        start = end


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Read a definite length in its shortest form: where the content begins, and its length."""
    first = data[at : at + 1]
    if not first:
        raise FormatError("A value is cut off")
    if first[0] < _LONG_LENGTH:
        return at + 1, first[0]
    size = first[0] - _LONG_LENGTH
    digits = data[at + 1 : at + 1 + size]
    length = int.from_bytes(digits)
    if len(digits) < size or not digits or digits[0] == 0 or length < _LONG_LENGTH:
        raise FormatError("A length is not in its shortest form")
    return at + 1 + size, length


def _is_boolean(content: bytes) -> bool:
    return content in {b"\x00", b"\xff"}


def _is_integer(content: bytes) -> bool:
    if len(content) < 2:  # noqa: PLR2004 - one byte is always the shortest form, none is none
        return bool(content)
    return not (content[0] == 0 and content[1] < 0x80) and not (  # noqa: PLR2004 - the sign bit
        content[0] == 0xFF and content[1] >= 0x80  # noqa: PLR2004 - the same
    )


def _is_bit_string(content: bytes) -> bool:
    if len(content) < 2:  # noqa: PLR2004 - no bits: only the count of unused ones, which is 0
        return content == b"\x00"
    return content[0] < 8 and content[-1] & ((1 << content[0]) - 1) == 0  # noqa: PLR2004 - bits


def _is_null(content: bytes) -> bool:
    return not content


def _is_identifier(content: bytes) -> bool:
    """Check that no part of an object identifier begins with a zero digit, and the last ends."""
    begins = (0, *(at + 1 for at, byte in enumerate(content[:-1]) if byte < _LONG_LENGTH))
    return (
        bool(content)
        and content[-1] < _LONG_LENGTH
        and all(content[at] != _LONG_LENGTH for at in begins)
    )


def _is_utc_time(content: bytes) -> bool:
    return _UTC_TIME.fullmatch(content) is not None


def _is_generalized_time(content: bytes) -> bool:
    return _GENERALIZED_TIME.fullmatch(content) is not None


def _anything(_content: bytes) -> bool:
    return True


_PRIMITIVES: dict[int, Callable[[bytes], bool]] = {
    0x01: _is_boolean,
    0x02: _is_integer,
    0x03: _is_bit_string,
    0x05: _is_null,
    0x06: _is_identifier,
    0x0A: _is_integer,
    0x17: _is_utc_time,
    0x18: _is_generalized_time,
}
