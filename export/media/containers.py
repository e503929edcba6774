"""Pure. Read what MP4, AVI and Matroska files say about their own length and edit lists.

Takes an open binary file and seeks in it; holds only headers in memory. A file that makes no
sense gives no answer rather than an error: whether it plays is for the decoder to say.
ISO/IEC 14496-12 (boxes), RIFF, RFC 8794 (EBML).
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

BOXES_MAX = 100_000
"""A file made to keep us busy ends here."""
MISSING_MAX = 2**53 - 1
"""No record of ours holds a larger number (RFC 8785); a file may announce 16 exabytes."""
_HOLDERS = {b"moov", b"trak", b"edts"}
_TOP = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"sidx", b"uuid"}
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067


def missing_bytes(file: BinaryIO, size: int) -> int:
    """Return how many bytes the container announces beyond the file's end, at most the maximum."""
    head = _at(file, 0, 12, size)
    if head[4:8] in _TOP:
        end = max((stop for _, _, stop in _boxes(file, 0, size)), default=0)
    elif head[:4] == b"RIFF" and head[8:12] in {b"AVI ", b"WAVE"}:
        end = 8 + int.from_bytes(head[4:8], "little")
        end = 0 if end in {8, 8 + 0xFFFFFFFF} else end  # written by a recorder that was cut off
    elif int.from_bytes(head[:4], "big") == _EBML:
        end = _matroska_end(file, size)
    else:
        end = 0
    return min(max(0, end - size), MISSING_MAX)


def count_edit_lists(file: BinaryIO, size: int) -> int:
    """Return how many tracks of an MP4 or MOV file carry an edit list."""
    if _at(file, 4, 4, size) not in _TOP:
        return 0
    return sum(kind == b"elst" for kind, _, _ in _boxes(file, 0, size))


def _boxes(file: BinaryIO, start: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of boxes; goes into those that lead to edit lists."""
    pending = [(start, size)]
    for _ in range(BOXES_MAX):
        if not pending:
            return
        at, stop = pending.pop()
        head = _at(file, at, 16, size)
        if at + 8 > stop or len(head) < 8:  # noqa: PLR2004 - size and kind
            continue
        length, kind = struct.unpack(">I4s", head[:8])
        body = at + 8
        if length == 1 and len(head) == 16:  # noqa: PLR2004 - with the 64-bit size
            length, body = int.from_bytes(head[8:], "big"), at + 16
        end = stop if length == 0 else at + length
        if end < body or not kind.isascii():
            continue
        yield kind, at, end
        pending.append((end, stop))
        if kind in _HOLDERS:
            pending.append((body, min(end, stop)))


def _matroska_end(file: BinaryIO, size: int) -> int:
    at = 0
    for _ in range(8):  # the EBML header, perhaps Void elements, then the Segment
        head = _at(file, at, 16, size)
        number, id_length = _vint(head, keep_marker=True)
        length, length_length = _vint(head[id_length:], keep_marker=False)
        if not id_length or not length_length:
            return 0
        unknown = length == (1 << 7 * length_length) - 1  # a live recording: length left open
        at += id_length + length_length + length
        if number == _SEGMENT:
            return 0 if unknown else at
    return 0


def _vint(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """Return a variable-length integer and its length, (0, 0) where there is none (RFC 8794 4)."""
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), length


def _at(file: BinaryIO, position: int, count: int, size: int) -> bytes:
    """Read at a position that the file itself names: it may lie where no file system can seek."""
    if position >= size:
        return b""
    file.seek(position)
    return file.read(count)
