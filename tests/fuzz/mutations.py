"""Changes to what an enemy may send, each drawn from a random number generator that is handed in.

Some know nothing of what they change, others know its grammar: headers of a ZIP archive, tokens of
JSON, lines of notes, manifests and lists, lengths in DER.
"""

import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes], bytes]

LONGEST = 1 << 20
"""What grows is cut here: limits of size have tests of their own."""

NUMBERS = (b"0", b"-1", b"00", b"1" * 20, b"9" * 5_000, b"18446744073709551615", b"1e999", b"-0")
TOKENS = (
    *(
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'""',
        b'"\\ud800"',
        b'"\\u0000"',
        b"NaN",
        b"1.5",
        b"[[[[[]]]]]",
    ),
    *NUMBERS,
)
LETTERS = (
    b"\0",
    b"\x1b[2J",
    "\u202e".encode(),
    b"\xff",
    b"\r",
    b" ",
    b"\t",
    b"%0A",
    b"\xed\xa0\x80",
)
HEADERS = re.compile(rb"PK(?:\x03\x04|\x01\x02|\x05\x06|\x06\x06|\x06\x07)")
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1)


def flip(draw: Random, data: bytes) -> bytes:
    """Flip some bits."""
    changed = bytearray(data or b"\0")
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def cut(draw: Random, data: bytes) -> bytes:
    """Take a piece out, often the end."""
    start = draw.randrange(len(data) + 1)
    end = len(data) if draw.random() < 0.5 else draw.randrange(start, len(data) + 1)
    return data[:start] + data[end:]


def repeat(draw: Random, data: bytes) -> bytes:
    """Write a piece once more, or many times."""
    start = draw.randrange(len(data) + 1)
    end = min(len(data), start + draw.choice((1, 7, 64, len(data))))
    times = min(draw.choice((1, 2, 100, 3_000)), LONGEST // max(end - start, 1))
    return data[:end] + data[start:end] * times + data[end:]


def splice(draw: Random, data: bytes) -> bytes:
    """Move a piece to another place."""
    start = draw.randrange(len(data) + 1)
    end = draw.randrange(start, len(data) + 1)
    rest, at = data[:start] + data[end:], draw.randrange(len(data) - (end - start) + 1)
    return rest[:at] + data[start:end] + rest[at:]


def put(draw: Random, data: bytes) -> bytes:
    """Put odd letters somewhere."""
    at = draw.randrange(len(data) + 1)
    return data[:at] + draw.choice(LETTERS) * draw.choice((1, 1, 40)) + data[at:]


def _replace(draw: Random, data: bytes, found: list[re.Match[bytes]], new: bytes) -> bytes:
    if not found:
        return put(draw, data)
    match = draw.choice(found)
    return data[: match.start()] + new + data[match.end() :]


def number(draw: Random, data: bytes) -> bytes:
    """Write another number in the place of one."""
    return _replace(draw, data, list(re.finditer(rb"[0-9]+", data)), draw.choice(NUMBERS))


def token(draw: Random, data: bytes) -> bytes:
    """Write another JSON value in the place of one."""
    found = list(re.finditer(rb'"(?:[^"\\]|\\.)*"|-?[0-9]+|true|false|null|\[|\]|\{|\}', data))
    return _replace(draw, data, found, draw.choice(TOKENS))


def line(draw: Random, data: bytes) -> bytes:
    """Repeat, drop, exchange or empty a line."""
    lines = data.split(b"\n")
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(4):
        case 0:
            lines.insert(other, lines[one])
        case 1:
            del lines[one]
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            lines[one] = b""
    return b"\n".join(lines)


def length(draw: Random, data: bytes) -> bytes:
    """Change a byte that may be a length or a tag of DER, and what follows it."""
    at = draw.randrange(len(data) + 1)
    new = draw.choice((b"\x80", b"\x84\xff\xff\xff\xff", b"\x81\x00", b"\x82\xff\xff", b"\x30\x80"))
    nest = b"".join(bytes([0x30, 0x82]) + n.to_bytes(2) for n in range(400, 0, -4))
    return data[:at] + draw.choice((new, new, nest)) + data[at + draw.randrange(3) :]


def header(draw: Random, data: bytes) -> bytes:
    """Set a field of a ZIP header to an extreme value."""
    found = [match.start() for match in HEADERS.finditer(data)]
    if not found:
        return flip(draw, data)
    at = draw.choice(found) + 4 + draw.randrange(50)
    size = draw.choice((1, 2, 4, 8))
    value = draw.choice(EXTREMES) & ((1 << 8 * size) - 1)
    return data[:at] + value.to_bytes(size, "little") + data[at + size :]


ANY: tuple[Mutation, ...] = (flip, cut, repeat, splice, put)
TEXT: tuple[Mutation, ...] = (*ANY, number, line)
JSON: tuple[Mutation, ...] = (*ANY, number, token, token, token)
DER: tuple[Mutation, ...] = (*ANY, length, length)
ZIP: tuple[Mutation, ...] = (*ANY, header, header, header)


def fitting(path: str) -> tuple[Mutation, ...]:
    """Return what changes a file of a package, by its name."""
    if path.endswith((".p7s", ".tsr")):
        return DER
    if path.endswith((".json", ".jsonl", ".entry")):
        return JSON
    return ANY if path.endswith((".mp4", ".jpg")) else TEXT


def mutate(draw: Random, data: bytes, mutations: tuple[Mutation, ...]) -> bytes:
    """Change data once, or a few times."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        data = draw.choice(mutations)(draw, data)[:LONGEST]
    return data
