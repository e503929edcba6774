"""Pure. The one ZIP archive that a set of files gives: planned before written, compared when read.

PKWARE APPNOTE 6.3.10 with every freedom taken away: stored, sorted by the UTF-8 bytes of the path,
1980-01-01 00:00:00, no attributes, directory entries, data descriptors, comments or extra fields,
and ZIP64 only where a value needs it (4.3.9.2, 4.5.3). So paths, sizes and CRC-32s give all bytes
that are not content. `plan_archive` writes them; `read_archive` writes them again and compares.

Over 300 lines, because what writes an archive and what reads it are held against each other here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Final, Protocol

from export.package.errors import ArchiveError, UnreadableError
from export.package.format.limits import MAX_DIRECTORY, MAX_FILES, MAX_PATH

_LOCAL: Final = Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = Struct("<4sBBHHHHHIIIHHHHHII")
_END: Final = Struct("<4sHHHHIIH")
_END64: Final = Struct("<4sQHHIIQQQQ")
_LOCATOR: Final = Struct("<4sIQI")

_FLAG_UTF8: Final = 0x0800
_STORED: Final = 0
_TIME: Final = 0
_DATE: Final = 0x0021  # 1980-01-01
_VERSION: Final = 20
_VERSION_ZIP64: Final = 45
_LIMIT16: Final = 0xFFFF
_LIMIT32: Final = 0xFFFFFFFF
_ZIP64_EXTRA: Final = 0x0001
_END64_REST: Final = (
    _END64.size - 12
)  # the record's own length field leaves out its first two fields


class Reader(Protocol):
    """Random access to the bytes of a package."""

    @property
    def size(self) -> int:
        """Say how many bytes there are."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes from `offset`, fewer only where the file ends."""
        ...


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One file that is to be in the archive."""

    path: str
    """With the package's folder in front."""
    size: int
    crc32: int


@dataclass(frozen=True, slots=True)
class EntrySpan:
    """One file in the archive and where its bytes are."""

    path: str
    size: int
    crc32: int
    header_offset: int
    offset: int
    """Of its first byte of content."""


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """A local header and the place of its content."""

    span: EntrySpan
    header: bytes


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """All bytes that are not content: header, content, header, content, …, and the trailer."""

    entries: tuple[PlannedEntry, ...]
    trailer: bytes
    size: int
    """Of the whole archive, in bytes."""


def plan_archive(entries: Iterable[ArchiveEntry]) -> ArchivePlan:
    """Lay out the archive of these files.

    Raises:
        ArchiveError: two files have one path, or a value is out of the range of the format.
    """
    ordered = sorted(entries, key=lambda entry: entry.path.encode())
    for before, after in pairwise(ordered):
        if before.path == after.path:
            raise ArchiveError("two files have the same path", subject=after.path)
    planned: list[PlannedEntry] = []
    offset = 0
    for entry in ordered:
        header = _local_header(entry)
        content = offset + len(header)
        span = EntrySpan(entry.path, entry.size, entry.crc32, offset, content)
        planned.append(PlannedEntry(span, header))
        offset = content + entry.size
    trailer = _trailer(planned, offset)
    return ArchivePlan(tuple(planned), trailer, offset + len(trailer))


def read_archive(reader: Reader) -> tuple[EntrySpan, ...]:
    """Find the files of the archive and demand that nothing else is in it.

    All headers and the trailer are made again from the paths, sizes and CRC-32s that the archive
    states, and compared byte for byte. Whether content has the stated CRC-32 is for the caller, who
    reads it anyway.

    Raises:
        UnreadableError: no ZIP archive, or one that was cut.
        ArchiveError: an archive in another form than ours.
    """
    directory_offset, directory_size = _find_directory(reader)
    stated = _parse_directory(reader.read(directory_offset, directory_size), directory_size)
    if len(stated) > MAX_FILES:
        words = "the archive holds more files than a package may"
        raise ArchiveError(words, expected=f"at most {MAX_FILES}")
    content = sum(entry.size for entry in stated)
    if content > reader.size:
        raise ArchiveError(
            "the archive's list states more bytes than the archive has",
            expected=f"at most {reader.size} bytes",
            found=f"{content} bytes",
        )
    plan = plan_archive(stated)
    if plan.size != reader.size:
        raise ArchiveError(
            "the archive holds bytes that belong to none of its files",
            expected=f"{plan.size} bytes",
            found=f"{reader.size} bytes",
        )
    if reader.read(plan.size - len(plan.trailer), len(plan.trailer)) != plan.trailer:
        raise ArchiveError("the archive's list of files is not in the one form that a package has")
    for entry in plan.entries:
        if reader.read(entry.span.header_offset, len(entry.header)) != entry.header:
            raise ArchiveError(
                "the header of a file differs from the archive's list", subject=entry.span.path
            )
    return tuple(entry.span for entry in plan.entries)


def _local_header(entry: ArchiveEntry) -> bytes:
    if not (0 <= entry.crc32 <= _LIMIT32 and 0 <= entry.size < 1 << 63):
        raise ArchiveError("a size or CRC-32 is out of range", subject=entry.path)
    name, size, extra = _name(entry.path), entry.size, b""
    if size >= _LIMIT32:
        extra, size = _zip64_extra([size, size]), _LIMIT32
    fixed = _LOCAL.pack(
        b"PK\x03\x04",
        _VERSION_ZIP64 if extra else _VERSION,
        _FLAG_UTF8,
        _STORED,
        _TIME,
        _DATE,
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _central_header(span: EntrySpan) -> bytes:
    name, size, offset, extra = _name(span.path), span.size, span.header_offset, b""
    if size >= _LIMIT32 or offset >= _LIMIT32:
        wide = [size, size] if size >= _LIMIT32 else []
        extra = _zip64_extra([*wide, offset] if offset >= _LIMIT32 else wide)
        size, offset = min(size, _LIMIT32), min(offset, _LIMIT32)
    version = _VERSION_ZIP64 if extra else _VERSION
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        version,
        0,  # made by: MS-DOS, the system without permissions and links
        version,
        _FLAG_UTF8,
        _STORED,
        _TIME,
        _DATE,
        span.crc32,
        size,
        size,
        len(name),
        len(extra),
        0,  # comment
        0,  # disk
        0,  # internal attributes
        0,  # external attributes
        offset,
    )
    return fixed + name + extra


def _name(path: str) -> bytes:
    name = path.encode()
    if not 0 < len(name) <= MAX_PATH:
        raise ArchiveError("a path is empty or too long", subject=path)
    return name


def _zip64_extra(values: list[int]) -> bytes:
    return Struct(f"<HH{len(values)}Q").pack(_ZIP64_EXTRA, 8 * len(values), *values)


def _trailer(entries: list[PlannedEntry], directory_offset: int) -> bytes:
    directory = b"".join(_central_header(entry.span) for entry in entries)
    count, size = len(entries), len(directory)
    wide = count >= _LIMIT16 or size >= _LIMIT32 or directory_offset >= _LIMIT32
    parts = [directory]
    if wide:
        parts.append(
            _END64.pack(
                b"PK\x06\x06",
                _END64_REST,
                _VERSION_ZIP64,
                _VERSION_ZIP64,
                0,
                0,
                count,
                count,
                size,
                directory_offset,
            )
        )
        parts.append(_LOCATOR.pack(b"PK\x06\x07", 0, directory_offset + size, 1))
    short_count = min(count, _LIMIT16)
    parts.append(
        _END.pack(
            b"PK\x05\x06",
            0,
            0,
            short_count,
            short_count,
            min(size, _LIMIT32),
            min(directory_offset, _LIMIT32),
            0,
        )
    )
    return b"".join(parts)


def _find_directory(reader: Reader) -> tuple[int, int]:
    """Return offset and size of the central directory, as the archive's end states them."""
    end_offset = reader.size - _END.size
    if end_offset < 0:
        raise UnreadableError("this file is too short to be a package")
    end = reader.read(end_offset, _END.size)
    if end[:4] != b"PK\x05\x06":
        if reader.read(0, 4) != b"PK\x03\x04":
            raise UnreadableError("this file is not a ZIP archive")
        raise UnreadableError(
            "the end of this ZIP archive is missing or damaged: it was probably not received whole"
        )
    *_, count, size, offset, _comment = _END.unpack(end)
    if count == _LIMIT16 or _LIMIT32 in (size, offset):
        size, offset = _find_wide_directory(reader, end_offset)
    if size > MAX_DIRECTORY:
        raise UnreadableError(
            "the archive's list of files is too long to be read",
            expected=f"at most {MAX_DIRECTORY} bytes",
            found=f"{size} bytes",
        )
    if offset + size > end_offset:
        raise UnreadableError("the archive's list of files is not where its end says")
    return offset, size


def _find_wide_directory(reader: Reader, end_offset: int) -> tuple[int, int]:
    record_offset = end_offset - _LOCATOR.size - _END64.size
    if record_offset < 0:
        raise UnreadableError("the archive's list of files is not where its end says")
    record = reader.read(record_offset, _END64.size)
    if record[:4] != b"PK\x06\x06":
        raise UnreadableError("the archive's list of files is not where its end says")
    *_, size, offset = _END64.unpack(record)
    return size, offset


def _parse_directory(directory: bytes, size: int) -> list[ArchiveEntry]:
    """Read what the central directory states; the caller makes it again and compares."""
    entries: list[ArchiveEntry] = []
    position = 0
    try:
        while position < size and len(entries) <= MAX_FILES:
            fields = _CENTRAL.unpack_from(directory, position)
            crc32, short_size, name_size, extra_size = fields[8], fields[10], fields[11], fields[12]
            if name_size > MAX_PATH:
                raise ArchiveError("the archive's list holds a path that is too long")
            name_at = position + _CENTRAL.size
            extra_at = name_at + name_size
            name = directory[name_at:extra_at].decode()
            entry_size = short_size
            if short_size == _LIMIT32:
                (entry_size,) = Struct("<Q").unpack_from(directory, extra_at + 4)
            entries.append(ArchiveEntry(name, entry_size, crc32))
            position = extra_at + extra_size
    except (StructError, UnicodeDecodeError) as error:
        raise ArchiveError("the archive's list of files cannot be read") from error
    return entries
