"""Pure. Canonical JSON (RFC 8785) without floats, and the scalars that our formats write in it."""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from json.encoder import encode_basestring
from types import NoneType
from typing import NoReturn, TypeAlias
from uuid import UUID

import rfc8785

from custody.errors import FormatError

JSON: TypeAlias = "bool | int | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""A value that our formats may hold. Parsed lists are `list`, parsed objects are `dict`."""

MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8785 section 3.2.2.3)."""
MAX_DEPTH = 32
MAX_BYTES = 64 * 1024 * 1024

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HEX = re.compile(r"[0-9a-f]*")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_INTEGER_DIGITS = 17
_TEXT = frozenset({str})
_ATOMS = _TEXT | {bool, NoneType}
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def canonical_text(value: JSON) -> str:
    """Write `value` in its one canonical form, as text.

    Raises:
        FormatError: see `canonical_json`.
    """
    if type(value) is str and value.isascii():  # most are, and need no look inside
        return encode_basestring(value)
    if type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER:
        return str(value)
    return "null" if value is None else canonical_json(value).decode()


def canonical_json(value: JSON) -> bytes:
    """Write `value` in its one canonical form, in the bytes that are hashed.

    Raises:
        FormatError: a float, an integer beyond 2**53 - 1, a key or text that is no Unicode,
            nesting deeper than `MAX_DEPTH`, or a type that is not JSON.

    """
    if type(value) is str and value.isascii():  # most are, and need no look inside
        return encode_basestring(value).encode()
    try:
        return _written(value if _is_plain(value, MAX_DEPTH) else _plain(value, MAX_DEPTH))
    except ValueError as error:
        raise FormatError(f"This value has no canonical JSON form: {error}") from error


def parse_canonical(data: bytes, *, limit: int = MAX_BYTES) -> JSON:
    """Read one JSON value of at most `limit` bytes, in its canonical form and no other.

    Raises:
        FormatError: not JSON, not canonical (duplicate keys, spaces, other escapes, other
            order), a float, or beyond a limit.

    """
    if len(data) > limit:
        raise FormatError(f"The JSON has {len(data)} bytes; at most {limit} are allowed")
    try:
        text = data.decode("utf-8")
        value: JSON = _READER.decode(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"This is no JSON that we read: {_short(str(error))}") from error
    # With fewer brackets than levels are allowed, nothing nests too deep: it need not be walked.
    flat = data.isascii() and data.count(b"[") + data.count(b"{") <= MAX_DEPTH
    if _COMPACT(value) != text if flat else canonical_json(value) != data:
        raise FormatError("The JSON is not in its canonical form (RFC 8785)")
    return value


def format_time(at: datetime) -> str:
    """Write a moment to the second, as `2026-11-21T03:05:11Z`; the caller has cut off the rest."""
    if at.tzinfo is None or at.microsecond:
        raise ValueError(f"{at!r} is not a moment in whole seconds with a time zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def parse_time(text: JSON) -> datetime:
    """Read a moment in UTC to the second.

    Raises:
        FormatError: any other form, or a day or hour that does not exist.

    """
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise FormatError(f"{_short(repr(text))} is not a time of the form 2026-11-21T03:05:11Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FormatError(f"{text} is not a moment that exists") from error


def parse_uuid(text: JSON) -> UUID:
    """Read a UUID in lower-case digits with hyphens."""
    try:
        value = UUID(text) if isinstance(text, str) else None
    except ValueError:
        value = None
    if value is None or str(value) != text:
        raise FormatError(f"{_short(repr(text))} is not a UUID in lower case")
    return value


def parse_hex(text: JSON, size: int) -> bytes:
    """Read exactly `size` bytes written as lower-case hexadecimal digits."""
    if not isinstance(text, str) or len(text) != 2 * size or not _HEX.fullmatch(text):
        raise FormatError(f"{_short(repr(text))} is not {2 * size} lower-case hexadecimal digits")
    return bytes.fromhex(text)


def format_base64(data: bytes) -> str:
    """Write padded standard Base64 (RFC 4648 section 4)."""
    return b64encode(data).decode("ascii")


def parse_base64(text: str) -> bytes:
    """Read padded standard Base64 in its one form: no other padding bits, no line breaks."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (Base64Error, UnicodeEncodeError) as error:
        raise FormatError(f"{_short(repr(text))} is not Base64") from error
    if format_base64(data) != text:
        raise FormatError(f"{_short(repr(text))} is not Base64 in its canonical form")
    return data


def parse_decimal(text: str) -> int:
    """Read a number from 0 to 2**63 - 1 in ASCII digits without leading zeros."""
    if not _DECIMAL.fullmatch(text) or int(text) >= 2**63:
        raise FormatError(f"{_short(repr(text))} is not a canonical decimal number")
    return int(text)


def _written(value: object) -> bytes:
    """Write plain values that our formats hold.

    For ASCII, the compact form of the standard library with its keys sorted is that of RFC 8785,
    and comes twenty times sooner; beyond ASCII, keys are sorted by UTF-16 there and here not.
    """
    text = _COMPACT(value)
    if text.isascii():
        return text.encode()
    # Deeper than its type: the checker of rfc8785 knows no Mapping and no Sequence.
    return rfc8785.dumps(value)  # type: ignore[arg-type]


def _is_plain(value: object, depth: int) -> bool:
    """Tell whether `_plain` would do no more than copy: nearly always, and sooner than it would."""
    items: Iterable[object]
    if type(value) is dict and depth > 0 and _TEXT.issuperset(map(type, value)):
        items = value.values()
    elif type(value) is list and depth > 0:
        items = value
    else:
        return False
    if _ATOMS.issuperset(map(type, items)):
        return True
    for item in items:
        if type(item) is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                return False
        elif type(item) not in _ATOMS and not _is_plain(item, depth - 1):
            return False
    return True


def _plain(value: object, depth: int) -> object:
    """Copy into `dict` and `list`, refusing whatever our formats do not hold."""
    if depth < 0:
        raise FormatError(f"The JSON nests deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):  # bool is one
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            _refuse_number(str(value))
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise FormatError("The keys of a JSON object must be text")
        # Text is what most is: it is not asked twice.
        return {
            key: item if type(item) is str else _plain(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [item if type(item) is str else _plain(item, depth - 1) for item in value]
    raise FormatError(f"A {type(value).__name__} has no place in our JSON")


def _parse_integer(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS or not -MAX_INTEGER <= int(digits) <= MAX_INTEGER:
        _refuse_number(digits)
    return int(digits)


def _refuse_number(digits: str) -> NoReturn:
    raise ValueError(f"the number {_short(digits)} is not an integer within 2**53 - 1")


_READER = json.JSONDecoder(
    parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_parse_integer
)


def _short(text: str) -> str:
    """Cut what a hostile file may have made long before it reaches a report."""
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004 - one line of a report
