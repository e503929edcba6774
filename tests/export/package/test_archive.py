"""The archive is the one that its files give, and reads as that and no other."""

import io
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

from export.package.errors import ArchiveError, PackageError, UnreadableError
from export.package.format.archive import ArchiveEntry, ArchivePlan, plan_archive, read_archive
from export.package.format.limits import MAX_FILES
from tests.export.package.memory import MemoryReader

CONTENTS = {"P/b.txt": b"second", "P/a/empty": b"", "P/a/c.bin": bytes(range(256)), "P/Z.txt": b"Z"}


def build(contents: dict[str, bytes]) -> bytes:
    plan = plan_archive(
        ArchiveEntry(path, len(content), zlib.crc32(content)) for path, content in contents.items()
    )
    return write(plan, contents)


def write(plan: ArchivePlan, contents: dict[str, bytes]) -> bytes:
    parts = [entry.header + contents[entry.span.path] for entry in plan.entries]
    return b"".join([*parts, plan.trailer])


def test_python_reads_the_archive_and_finds_what_was_put_in() -> None:
    with zipfile.ZipFile(io.BytesIO(build(CONTENTS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == CONTENTS
        assert archive.namelist() == ["P/Z.txt", "P/a/c.bin", "P/a/empty", "P/b.txt"]
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert (info.external_attr, info.create_system, info.extra) == (0, 0, b"")


def test_unzip_agrees(tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("this machine has no unzip; Python's zipfile has read the same archive")
    path = tmp_path / "package.zip"
    path.write_bytes(build(CONTENTS))
    done = subprocess.run([unzip, "-t", path], capture_output=True, check=True)
    assert b"No errors detected" in done.stdout


def test_the_order_in_which_files_are_given_does_not_matter() -> None:
    assert build(CONTENTS) == build(dict(reversed(CONTENTS.items())))


def test_the_plan_says_how_long_the_archive_is_and_where_each_file_lies() -> None:
    data = build(CONTENTS)
    spans = read_archive(MemoryReader(data))
    assert {s.path: data[s.offset : s.offset + s.size] for s in spans} == CONTENTS
    assert [span.crc32 for span in spans] == [zlib.crc32(CONTENTS[span.path]) for span in spans]


def test_every_changed_byte_outside_the_contents_is_refused() -> None:
    data = build(CONTENTS)
    content = {
        at
        for span in read_archive(MemoryReader(data))
        for at in range(span.offset, span.offset + span.size)
    }
    for at in set(range(len(data))) - content:
        for flip in (1, 0x80):
            changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
            with pytest.raises(PackageError):
                read_archive(MemoryReader(changed))


def test_every_truncation_is_refused() -> None:
    data = build(CONTENTS)
    for size in range(len(data)):
        with pytest.raises(UnreadableError):
            read_archive(MemoryReader(data[:size]))


@pytest.mark.parametrize(
    ("before", "after"), [(b"\0", b""), (b"", b"\0"), (b"PK", b""), (b"#!/bin/sh\n", b"")]
)
def test_bytes_before_or_behind_the_archive_are_refused(before: bytes, after: bytes) -> None:
    with pytest.raises(PackageError):
        read_archive(MemoryReader(before + build(CONTENTS) + after))


def test_an_archive_of_another_program_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("P/a.txt", b"a")
    with pytest.raises(ArchiveError):
        read_archive(MemoryReader(buffer.getvalue()))


def test_two_files_of_one_path_are_refused() -> None:
    with pytest.raises(ArchiveError, match="same path"):
        plan_archive([ArchiveEntry("P/a", 1, 1), ArchiveEntry("P/a", 2, 2)])


class SparseReader:
    """An archive of which only the planned bytes exist; its contents are never asked for."""

    def __init__(self, plan: ArchivePlan) -> None:
        self.size = plan.size
        self.pieces = {entry.span.header_offset: entry.header for entry in plan.entries}
        self.pieces[plan.size - len(plan.trailer)] = plan.trailer

    def read(self, offset: int, size: int) -> bytes:
        for start, piece in self.pieces.items():
            if start <= offset and offset + size <= start + len(piece):
                return piece[offset - start : offset - start + size]
        raise AssertionError(f"{size} bytes at {offset} are content, and were asked for")


@pytest.mark.parametrize(
    "sizes",
    [
        [0xFFFFFFFE],
        [0xFFFFFFFF],
        [0xFFFFFFFF + 1, 1],
        [5 << 30, 1, 6 << 30, 2],
        [1 << 31, 1 << 31, 1 << 31],
    ],
)
def test_beyond_4_gib_the_archive_turns_to_zip64_and_python_reads_it(sizes: list[int]) -> None:
    plan = plan_archive(ArchiveEntry(f"P/{n}", size, n) for n, size in enumerate(sizes))
    read = read_archive(SparseReader(plan))
    assert [(span.size, span.crc32) for span in read] == [(s, n) for n, s in enumerate(sizes)]
    seen = zipfile.ZipFile(SparseFile(plan)).infolist()
    assert [info.file_size for info in seen] == sizes
    assert [info.header_offset for info in seen] == [span.header_offset for span in read]
    wide = [info.extract_version == 45 for info in seen]
    needed = [s.size >= 0xFFFFFFFF or s.header_offset >= 0xFFFFFFFF for s in read]
    assert wide == needed, "ZIP64 where a value needs it, and only there"


class SparseFile(io.RawIOBase):
    """The same as a file, for Python's zipfile."""

    def __init__(self, plan: ArchivePlan) -> None:
        self.reader = SparseReader(plan)
        self.at = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + {0: 0, 1: self.at, 2: self.reader.size}[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def read(self, size: int = -1) -> bytes:
        end = self.reader.size if size < 0 else min(self.at + size, self.reader.size)
        data = self.reader.read(self.at, end - self.at)
        self.at = end
        return data


@pytest.mark.parametrize(("count", "wide"), [(0xFFFE, False), (0xFFFF, True), (70_000, True)])
def test_from_65535_files_on_it_turns_to_zip64(count: int, wide: bool) -> None:
    plan = plan_archive(ArchiveEntry(f"P/{n:06}", 0, 0) for n in range(count))
    assert (b"PK\x06\x06" in plan.trailer) is wide


def archive_of(count: int) -> bytes:
    plan = plan_archive(ArchiveEntry(f"P/{n:06}", 0, 0) for n in range(count))
    return write(plan, dict.fromkeys((entry.span.path for entry in plan.entries), b""))


def test_python_reads_an_archive_of_70000_files() -> None:
    with zipfile.ZipFile(io.BytesIO(archive_of(70_000))) as archive:
        assert len(archive.namelist()) == 70_000


def test_an_archive_of_more_files_than_a_package_may_hold_is_refused() -> None:
    assert len(read_archive(MemoryReader(archive_of(MAX_FILES)))) == MAX_FILES
    for more in (MAX_FILES + 1, 70_000):
        with pytest.raises(ArchiveError, match="more files"):
            read_archive(MemoryReader(archive_of(more)))


def test_a_list_of_files_that_would_fill_the_memory_is_refused() -> None:
    end = b"PK\x05\x06" + b"\0" * 4 + b"\1\0\1\0" + (0x7FFFFFFF).to_bytes(4, "little") + b"\0" * 6
    with pytest.raises(UnreadableError, match="too long"):
        read_archive(MemoryReader(b"PK\x03\x04" + end))
