"""Pure. The distinguished encoding rules (DER, X.690 sections 10 and 11): one value, one encoding.

The ASN.1 library reads more than DER, and so would let bytes change that mean the same. This looks
at the encoding alone, whatever the values are; it also bounds what the library may have to nest.
"""

from collections.abc import Callable
from re import compile as pattern

from custody.errors import FormatError

MAX_DEPTH = 40
_CONSTRUCTED = 0x20
_UNIVERSAL_END = 0x40
_TAG_NUMBER = 0x1F
_LONG_LENGTH = 0x80
_SET = 0x31
_CONTAINERS = frozenset({0x10, 0x11})
"""Numbers of SEQUENCE and SET: constructed, and nothing else among the universal types is."""
_IDENTIFIER = pattern(rb"(?:(?:[\x81-\xff][\x80-\xff]*)?[\x00-\x7f])+")
"""No part of an object identifier begins with a zero digit, and the last one ends."""
_UTC_TIME = pattern(rb"[0-9]{12}Z")
_GENERALIZED_TIME = pattern(rb"[0-9]{14}(\.[0-9]*[1-9])?Z")


def check_der(data: bytes) -> None:
    """Check that these bytes are one value in DER, and nothing after it.

    Implicitly tagged sets look like any other tagged value: their order is not checked.

    Raises:
        FormatError: they are not.

    """
    if _check(data, 0, len(data), MAX_DEPTH) != 1:
        raise FormatError("More or less than one value is encoded here")


def format_value(tag: int, *parts: bytes) -> bytes:
    """Write one value in DER: its tag, its length in the shortest form, and its parts."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG_LENGTH:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, _LONG_LENGTH | len(digits))) + digits + content


def _check(data: bytes, start: int, end: int, depth: int, *, is_set: bool = False) -> int:
    """Check the values that stand between two places, one after the other; return how many.

    Nothing is cut out but what is looked at: the same bytes lie in all values around them.
    """
    count, before = 0, b""
    while start < end:
        if depth == 0:
            raise FormatError(f"The encoding nests deeper than {MAX_DEPTH} levels")
        tag = data[start]
        at, stop = _content(data, start, end)
        universal = tag < _UNIVERSAL_END
        if universal and bool(tag & _CONSTRUCTED) != (tag & _TAG_NUMBER in _CONTAINERS):
            raise FormatError(f"A value with the tag {tag:#04x} has no such form in DER")
        if tag & _CONSTRUCTED:
            _check(data, at, stop, depth - 1, is_set=tag == _SET)
        elif tag in _PRIMITIVES and not _PRIMITIVES[tag](data[at:stop]):
            raise FormatError(f"A value with the tag {tag:#04x} is not in its shortest form")
        if is_set:
            whole = data[start:stop]
            if whole < before:
                raise FormatError("A set is not sorted")
            before = whole
        start, count = stop, count + 1
    return count


def _content(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Find where the content of the value at `start` begins and ends; that is before `end`."""
    if data[start] & _TAG_NUMBER == _TAG_NUMBER:
        raise FormatError("A tag has a number that none of our formats uses")
    at = start + 2
    if at > end:
        raise FormatError("A value is cut off")
    length = data[start + 1]
    if length >= _LONG_LENGTH:  # a definite length, and in its shortest form
        digits = data[at : min(end, at + length - _LONG_LENGTH)]
        at += length - _LONG_LENGTH
        length = int.from_bytes(digits)
        if at > end or not digits or digits[0] == 0 or length < _LONG_LENGTH:
            raise FormatError("A length is not in its shortest form")
    if at + length > end:
        raise FormatError("A value is cut off")
    return at, at + length


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
    return _IDENTIFIER.fullmatch(content) is not None


def _is_utc_time(content: bytes) -> bool:
    return _UTC_TIME.fullmatch(content) is not None


def _is_generalized_time(content: bytes) -> bool:
    return _GENERALIZED_TIME.fullmatch(content) is not None


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
