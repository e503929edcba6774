"""Pure. V9: whether content credentials (C2PA) lie in the files of a package.

This version makes none and checks none. Where there are none, nothing is left unchecked; where
there are some, the report names the files. They are looked for where the C2PA specification puts
them: a `uuid` box at the top of an MP4, APP11 segments of a JPEG, a `C2PA` chunk of a RIFF file.
"""

from collections.abc import Iterator
from typing import Final

from custody.check.finding import Finding, Outcome
from export.package.format import layout
from export.package.format.archive import EntrySpan, Reader
from export.package.verify.bag import Opened

MAX_PARTS: Final = 200_000
"""Boxes, segments and chunks of all files together that are looked at."""

NONE_THERE: Final = "No content credentials (C2PA) are in the files of this package."
SOME_THERE: Final = "content credentials (C2PA) lie in this file, and this version checks none"
TOO_MANY: Final = "this file has too many parts to look for content credentials (C2PA) in all"

_BOX_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_TOP_BOXES: Final = {b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid"}
_HEAD: Final = 32
_WIDE: Final = 16


def check_credentials(reader: Reader, opened: Opened) -> tuple[Finding, ...]:
    """Do V9: say that no file carries content credentials, or which does."""
    findings = []
    left = MAX_PARTS
    for span, path in zip(opened.spans, opened.paths, strict=True):
        if not layout.is_payload(path):
            continue
        words = ""
        for found in _parts(reader, span):
            left -= 1
            if found or left < 0:
                words = SOME_THERE if found else TOO_MANY
                break
        if words:
            sentence = f"{words[:1].upper()}{words[1:]}."
            findings.append(Finding("V9", Outcome.NOT_CHECKED, sentence, path))
    return tuple(findings) or (Finding("V9", Outcome.PASS, NONE_THERE),)


def _parts(reader: Reader, span: EntrySpan) -> Iterator[bool]:
    """Go through the parts of a file; say of each whether it holds content credentials."""
    head = _read(reader, span, 0)
    if head[4:8] in _TOP_BOXES:
        return _boxes(reader, span)
    if head[:2] == b"\xff\xd8":
        return _segments(reader, span)
    return _chunks(reader, span) if head[:4] == b"RIFF" else iter(())


def _boxes(reader: Reader, span: EntrySpan) -> Iterator[bool]:
    """ISO/IEC 14496-12 section 4.2."""
    at = 0
    while len(head := _read(reader, span, at)) >= 8:  # noqa: PLR2004 - size and type
        size, begins = int.from_bytes(head[:4]), 8
        if size == 1:
            size, begins = int.from_bytes(head[8:16]), _WIDE
        yield head[4:8] == b"uuid" and head[begins : begins + 16] == _BOX_UUID
        if size < begins:
            return  # to the end of the file (0), or no box
        at += size


def _segments(reader: Reader, span: EntrySpan) -> Iterator[bool]:
    """ITU-T T.81 annex B, up to the picture's data; C2PA in JPEG: ISO/IEC 19566-5 annex D."""
    at = 2
    while (head := _read(reader, span, at))[:1] == b"\xff" and head[1:2] not in (b"\xda", b"\xd9"):
        yield head[1:2] == b"\xeb" and head[4:6] == b"JP" and b"jumb" in head
        at += 2 + int.from_bytes(head[2:4])


def _chunks(reader: Reader, span: EntrySpan) -> Iterator[bool]:
    """Go through the chunks of a RIFF file, each padded to an even length."""
    at = 12
    while len(head := _read(reader, span, at)) >= 8:  # noqa: PLR2004 - name and size
        yield head[:4] == b"C2PA"
        size = int.from_bytes(head[4:8], "little")
        at += 8 + size + size % 2


def _read(reader: Reader, span: EntrySpan, at: int) -> bytes:
    size = min(_HEAD, span.size - at)
    return reader.read(span.offset + at, size) if size > 0 else b""
