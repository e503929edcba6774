"""Small whole documents of each type that is taken: their outer form, and nothing to see."""

import struct
import zlib

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


JPEG = b"".join(
    (
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\0" + bytes(9)),
        _segment(0xC0, b"\x08\0\1\0\1\1\1\x11\0"),
        _segment(0xDA, b"\1\1\0\0?\0"),
        b"\x12\x34\xff\xd9",
    )
)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


PNG = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(b"\0\x7f")),
        _chunk(b"IEND", b""),
    )
)
EVERY = {"application/pdf": PDF, "image/jpeg": JPEG, "image/png": PNG}
