"""A file that comes at once waits aside until it is whole: all of it is stored, or none."""

import hashlib
import os
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from evidence.errors import AccessRefusedError, InvalidError
from evidence.people.access import Role
from export.intake.passing import Passing
from export.intake.spool import Spool
from storage.errors import CorruptError, RefusedError
from tests.houses import House

GIB = 1 << 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Spool:
    return Spool(folder)


def test_what_was_written_is_read_in_order_and_once(spool: Spool) -> None:
    content = os.urandom(100_000)
    with Passing(spool, None) as passing:
        for start in range(0, len(content), 7_919):
            passing.write(content[start : start + 7_919])
        passing.end()
        assert passing.size == len(content)
        read = b""
        while piece := passing.read(30_000):
            read += piece
        assert read == content
        assert passing.read(1) == b""


@pytest.mark.parametrize("came", [0, 9, 11, 5_000])
def test_another_length_than_was_announced_is_refused(spool: Spool, came: int) -> None:
    def take() -> None:
        with Passing(spool, 10) as passing:
            passing.write(b"x" * came)
            passing.end()

    with pytest.raises(InvalidError, match=f"10 bytes were announced, {came} came"):
        take()


def test_nothing_at_all_is_a_length_too(spool: Spool) -> None:
    with Passing(spool, 0) as passing:
        passing.end()
        assert passing.read(1) == b""


def test_nothing_has_a_name_in_the_spool_at_any_moment(spool: Spool, folder: Path) -> None:
    with Passing(spool, None) as passing:
        passing.write(b"footage")
        assert list(folder.iterdir()) == []
        assert spool.names() == []
    assert list(folder.iterdir()) == []


def test_leaving_gives_the_disk_back(spool: Spool) -> None:
    with Passing(spool, None) as passing:
        passing.write(b"x" * 4096)
        descriptor = passing._file._descriptor
        assert os.fstat(descriptor).st_nlink == 0
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize(("free", "announced"), [(0, 1), (GIB - 1, GIB), (GIB, 1 << 60)])
def test_where_there_is_no_room_it_is_not_begun(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch, free: int, announced: int
) -> None:
    monkeypatch.setattr(spool, "free", lambda: free)
    with pytest.raises(RefusedError, match="there is no room"):
        Passing(spool, announced)
    assert not folder.exists()


def test_the_disk_is_never_filled_to_its_end(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Passing(spool, None) as passing:
        passing.write(b"x")
        monkeypatch.setattr(spool, "free", lambda: 0)
        with pytest.raises(RefusedError, match="there is no room"):
            passing.write(b"x")


def test_bytes_that_changed_on_the_disk_are_not_passed_off_as_what_came(house: House) -> None:
    services, operator = house.services, house.subjects[Role.OPERATOR]
    with services.uploads.passing(4, by=operator) as passing:
        passing.write(b"abcd")
        passing._file.write(b"X", 2)
        stored = services.intake.store(passing, by=operator, size=4)
        with pytest.raises(CorruptError):
            passing.require_same(stored)
    same = services.intake.store(BytesIO(b"abcd"), by=operator, size=4)
    passing.require_same(replace(same, sha256=hashlib.sha256(b"abcd").hexdigest()))


def test_who_may_take_nothing_in_is_told_before_a_byte(house: House) -> None:
    with pytest.raises(AccessRefusedError):
        house.services.uploads.passing(1, by=house.subjects[Role.AUDITOR])
