"""Pure. Reads every byte of a package once, front to back, and remembers what later checks ask.

SHA-256 runs in a thread of its own, one chunk behind the other, while this one reads and takes the
CRC-32: both let go of the interpreter's lock, so a package is read as fast as it can be hashed.
Memory is a few chunks, and the small files that are records, proofs or signatures themselves.
"""

import hashlib
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from export.media.frames import COPY_HEADER, FrameListError, parse_copy_frame
from export.package.errors import UnreadableError
from export.package.format import layout
from export.package.format.archive import EntrySpan, Reader

CHUNK: Final = 1 << 20
AHEAD: Final = 4
"""Chunks that may wait for the hashing thread: together with `CHUNK` the bound on memory."""

SMALL: Final = 1 << 16
"""Below this a file is hashed where it is read: handing it over would take longer."""

MAX_RECORDS: Final = 128 << 20
"""Bytes of all files together that are read whole: records and proofs, never footage."""

_LONGEST_LINE: Final = 512


@dataclass(frozen=True, slots=True)
class FileContent:
    """What was found in one file."""

    size: int
    sha256: str
    """In hexadecimal."""
    crc32: int
    rows: int | None = None
    """Pictures in a frame list, where the file is one."""
    fault: str = ""
    """Why a frame list is not in its one form."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in all files, by path from inside the package's folder."""

    files: Mapping[str, FileContent]
    kept: Mapping[str, bytes]
    """The bytes of records, proofs, signatures and tag files."""


Sink = Callable[[bytes], object]
"""Sees the bytes of one file go by."""

Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many."""


def read_contents(
    reader: Reader, spans: Sequence[EntrySpan], paths: Sequence[str], progress: Progress | None
) -> Contents:
    """Read the files at `spans`, which are called `paths` inside the package.

    Raises:
        UnreadableError: the bytes end before they should, or records are too large to be records.
    """
    _check_records(spans, paths)
    files: dict[str, FileContent] = {}
    kept: dict[str, bytes] = {}
    with ThreadPoolExecutor(1, thread_name_prefix="sha256") as pool:
        for span, path in zip(spans, paths, strict=True):
            chunks: list[bytes] = []
            frames = _Frames()
            sink = _sink(path, chunks, frames)
            content = _read_file(reader, span, pool, sink, progress)
            if layout.is_frame_list(path):
                content = frames.finish(content)
            files[path] = content
            if layout.is_record(path):
                kept[path] = b"".join(chunks)
    return Contents(MappingProxyType(files), MappingProxyType(kept))


def _sink(path: str, chunks: list[bytes], frames: "_Frames") -> Sink | None:
    if layout.is_frame_list(path):
        return frames.write
    return chunks.append if layout.is_record(path) else None


def _check_records(spans: Sequence[EntrySpan], paths: Sequence[str]) -> None:
    sizes = [span.size for span, path in zip(spans, paths, strict=True) if layout.is_record(path)]
    if sum(sizes) > MAX_RECORDS:
        raise UnreadableError(
            "the records in this package are too large to be records",
            expected=f"at most {MAX_RECORDS} bytes",
            found=f"{sum(sizes)} bytes",
        )


@dataclass(slots=True)
class _Frames:
    """Counts the rows of a frame list, each in its form and place, without keeping them."""

    rest: bytes = b""
    line: int = 0
    fault: str = ""

    def write(self, chunk: bytes) -> None:
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            if self.fault:
                return
            self._take(line)
        if len(self.rest) > _LONGEST_LINE:
            self.fault = self.fault or "a line of the frame list is too long"
            self.rest = b""

    def _take(self, line: bytes) -> None:
        text = line.decode("latin-1") + "\n"
        try:
            if self.line == 0 and text != COPY_HEADER:
                self.fault = "the frame list does not begin with its header"
            elif self.line > 0 and parse_copy_frame(text).n != self.line - 1:
                self.fault = f"picture {self.line - 1} is not where the frame list should have it"
        except FrameListError as error:
            self.fault = str(error)
        self.line += 1

    def finish(self, content: FileContent) -> FileContent:
        fault = self.fault
        if not fault and (self.rest or self.line == 0):
            fault = "the frame list does not end in a newline"
        rows = max(self.line - 1, 0)
        return FileContent(content.size, content.sha256, content.crc32, rows, fault)


def _read_file(
    reader: Reader,
    span: EntrySpan,
    pool: ThreadPoolExecutor,
    sink: Sink | None,
    progress: Progress | None,
) -> FileContent:
    digest = hashlib.sha256()
    crc32, position = 0, span.offset
    behind: deque[Future[None]] = deque()
    for chunk in _chunks(reader, span):
        if span.size < SMALL:
            digest.update(chunk)
        else:
            if len(behind) == AHEAD:
                behind.popleft().result()
            behind.append(pool.submit(digest.update, chunk))
        crc32 = zlib.crc32(chunk, crc32)
        if sink:
            sink(chunk)
        position += len(chunk)
        if progress:
            progress(position, reader.size)
    for update in behind:
        update.result()
    return FileContent(span.size, digest.hexdigest(), crc32)


def _chunks(reader: Reader, span: EntrySpan) -> Iterator[bytes]:
    position, end = span.offset, span.offset + span.size
    while position < end:
        chunk = reader.read(position, min(CHUNK, end - position))
        if not chunk:
            raise UnreadableError("the file ends before its contents do", subject=span.path)
        position += len(chunk)
        yield chunk
