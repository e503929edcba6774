"""Adapter. The pieces of a join: their bytes, their CRC-32, and the parts made of them."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from storage.digest import crc32_combine
from storage.objects.client import S3
from storage.objects.joining import CopiedPart, Inline, Part, Piece, Span
from storage.objects.multipart import MultipartUpload
from storage.objects.sending import Progress, tell
from storage.objects.streams import ObjectStream


def crc32_of(s3: S3, pieces: Iterable[Piece]) -> int:
    """Combine the CRC-32 of the pieces; read only ranges that are not whole objects."""
    combined = 0
    for piece in pieces:
        if isinstance(piece, Span) and piece.whole:
            crc32 = piece.stored.crc32
        else:
            crc32 = 0
            for chunk in _bytes_of(s3, piece):
                crc32 = zlib.crc32(chunk, crc32)
        combined = crc32_combine(combined, crc32, piece.size)
    return combined


def join_parts(
    s3: S3, upload: MultipartUpload, parts: Sequence[Part], progress: Progress | None
) -> None:
    """Send and copy the parts of a join, one after another.

    Copying several at once was measured to be no faster: the store's disk sets the pace.
    """
    done = 0
    for number, part in enumerate(parts, 1):
        if isinstance(part, CopiedPart):
            upload.copy(number, part)
        else:
            chunks = chain.from_iterable(_bytes_of(s3, piece) for piece in part.pieces)
            upload.send(number, b"".join(chunks))
        done += part.size
        tell(progress, done)


def _bytes_of(s3: S3, piece: Piece) -> Iterator[bytes]:
    if isinstance(piece, Inline):
        yield piece.data
        return
    source = piece.stored
    with ObjectStream(
        s3, source.bucket, source.key, source.version, piece.start, piece.length
    ) as stream:
        yield from stream
