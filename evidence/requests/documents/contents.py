"""Pure. What a document is, told by its content: a name or a header may say anything.

Nothing of it is opened here, and no picture is decoded: the outer form alone is followed, from the
first byte to its end, so that half a file is none.
"""

import struct
from collections.abc import Callable, Mapping
from enum import StrEnum

from evidence.errors import InvalidError

FIELD = "document"
_PDF_END = 2048
"""So near its end a PDF says %%EOF (ISO 32000-2, 7.5.5, and what programs write after it)."""
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_START, _JPEG_END, _JPEG_SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Start of frame (ITU-T T.81, table B.1)."""
_MOST_PARTS = 10_000
"""Chunks or segments that are followed: a picture has hundreds, and more would only cost time."""
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
WRONG = (
    "The file must be a PDF, a JPEG or a PNG, and whole. Save the document as a PDF, or take a "
    "photo of it"
)
PHOTO = (
    "This photo is in a format (HEIC) that our computers cannot open. Save it as JPEG, or take a "
    "screenshot of it"
)


class DocumentType(StrEnum):
    """A type of file that is taken, as a media type (RFC 6838)."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"

    @property
    def ending(self) -> str:
        """How a file of it is named at the end."""
        return self.value.rpartition("/")[2]


def type_of(data: bytes) -> DocumentType:
    """Return what a file is.

    Raises:
        InvalidError: it is empty, none of the types that are taken, or not whole.
    """
    if not data:
        raise InvalidError(FIELD, "The file is empty. Choose another one")
    for kind, is_one in _TYPES.items():
        if is_one(data):
            return kind
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise InvalidError(FIELD, PHOTO)
    raise InvalidError(FIELD, WRONG)


def _is_pdf(data: bytes) -> bool:
    return data.startswith((b"%PDF-1.", b"%PDF-2.")) and b"%%EOF" in data[-_PDF_END:]


def _is_png(data: bytes) -> bool:
    """Follow the chunks to the last (PNG third edition, 5.3)."""
    if not data.startswith(_PNG) or data[12:16] != b"IHDR":
        return False
    at = len(_PNG)
    for _ in range(_MOST_PARTS):
        if at + 12 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"IEND":
            return bool(length == 0)
        at += 12 + length
    return False


def _is_jpeg(data: bytes) -> bool:
    """Follow the segments to the first scan, and see that the picture ends (ITU-T T.81, B.1)."""
    at, framed = len(_JPEG_START), False
    if not data.startswith(_JPEG_START):
        return False
    for _ in range(_MOST_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:  # noqa: PLR2004 - every marker begins so
            break
        marker, (length,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
        if marker == _JPEG_SCAN:
            return framed and data.find(_JPEG_END, at) > 0
        framed |= marker in _JPEG_FRAMES
        at += 2 + length
    return False


_TYPES: Mapping[DocumentType, Callable[[bytes], bool]] = {
    DocumentType.PDF: _is_pdf,
    DocumentType.JPEG: _is_jpeg,
    DocumentType.PNG: _is_png,
}
