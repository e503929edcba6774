"""Pure. Reads every byte of a package once, and remembers what later checks ask.

First the records, each refused before it is read where it is larger than its kind may be; then all
the rest, front to back. SHA-256 runs in a thread of its own, one chunk behind the other, while this
one reads and takes the CRC-32: both let go of the interpreter's lock, so a package is read as fast
as it can be hashed. Memory is a few chunks, and the records.
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
from export.package.format.limits import check_sizes

CHUNK: Final = 1 << 20
AHEAD: Final = 4
"""Chunks that may wait for the hashing thread: together with `CHUNK` the bound on memory."""

SMALL: Final = 1 << 16
"""Below this a file is hashed where it is read: handing it over would take longer."""

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
    """What was found in the files read so far, by path from inside the package's folder."""

    files: Mapping[str, FileContent]
    kept: Mapping[str, bytes]
    """The bytes of records, proofs, signatures and tag files."""


Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many."""


def read_records(reader: Reader, spans: Sequence[EntrySpan], paths: Sequence[str]) -> Contents:
    """Read the records among the files at `spans`, which are called `paths` inside the package.

    Raises:
        RecordError: one is larger than its kind may be, or all together are; none was read.
        UnreadableError: the bytes end before they should.
    """
    named = list(zip(spans, paths, strict=True))
    records = check_sizes((path, span.size) for span, path in named)
    files, kept = {}, {}
    for span, path in named:
        if path in records:
            data = b"".join(_chunks(reader, span))
            kept[path] = data
            digest = hashlib.sha256(data).hexdigest()
            files[path] = FileContent(span.size, digest, zlib.crc32(data))
    return Contents(MappingProxyType(files), MappingProxyType(kept))


def read_contents(
    reader: Reader,
    spans: Sequence[EntrySpan],
    paths: Sequence[str],
    records: Contents,
    progress: Progress | None,
) -> Contents:
    """Read all that `read_records` has not read, and return both.

    Raises:
        UnreadableError: the bytes end before they should.
    """
    files = dict(records.files)
    done = sum(file.size for file in files.values())

    def count(size: int) -> None:
        nonlocal done
        done += size
        if progress:
            progress(done, reader.size)

    with ThreadPoolExecutor(1, thread_name_prefix="sha256") as pool:
        for span, path in zip(spans, paths, strict=True):
            if path in records.files:
                continue
            if layout.is_frame_list(path):
                frames = _Frames()
                files[path] = frames.finish(_read_file(reader, span, pool, frames.write, count))
            else:
                files[path] = _read_file(reader, span, pool, None, count)
    if progress:
        progress(reader.size, reader.size)
    return Contents(MappingProxyType(files), records.kept)


@dataclass(slots=True)
class _Frames:
    """Counts the rows of a frame list, each in its form and place, without keeping them."""

    rest: bytes = b""
    line: int = 0
    fault: str = ""

    def write(self, chunk: bytes) -> None:
        if self.fault:
            return
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            self._take(line)
            if self.fault:
                return
        if len(self.rest) > _LONGEST_LINE:
            self.fault = "a line of the frame list is too long"

    def _take(self, line: bytes) -> None:
        text = line[:_LONGEST_LINE].decode("latin-1") + "\n"
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
    sink: Callable[[bytes], None] | None,
    count: Callable[[int], None],
) -> FileContent:
    digest = hashlib.sha256()
    crc32 = 0
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
        count(len(chunk))
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
