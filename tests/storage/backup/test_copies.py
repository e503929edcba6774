"""A copy is there whole and right, or not at all."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.backup.copies import Copies, digest_of
from storage.errors import CorruptError, NotFoundError

DATA = b"footage of the High Street"
SHA256, SIZE = hashlib.sha256(DATA).hexdigest(), len(DATA)


def test_a_copy_has_the_bytes_and_nobody_changes_it(tmp_path: Path) -> None:
    copies, told = Copies(tmp_path), list[int]()
    assert not copies.has(SHA256, SIZE)
    copies.add(SHA256, SIZE, [DATA[:7], DATA[7:]], told.append)
    assert copies.has(SHA256, SIZE)
    assert digest_of(copies.path(SHA256)) == (SHA256, SIZE)
    assert (sum(told), copies.path(SHA256).stat().st_mode & 0o777) == (SIZE, 0o400)
    copies.verify(SHA256, SIZE)


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"x", b"y" + DATA[1:], b""])
def test_other_bytes_are_not_kept(tmp_path: Path, data: bytes) -> None:
    copies = Copies(tmp_path)
    with pytest.raises(CorruptError):
        copies.add(SHA256, SIZE, [data])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_whoever_is_killed_leaves_no_copy_and_the_next_makes_one(tmp_path: Path) -> None:
    copies = Copies(tmp_path)

    def killed() -> Iterator[bytes]:
        yield DATA[:7]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copies.add(SHA256, SIZE, killed())
    assert not copies.has(SHA256, SIZE)
    copies.add(SHA256, SIZE, [DATA])
    copies.verify(SHA256, SIZE)


def test_a_copy_that_turned_or_went_is_found(tmp_path: Path) -> None:
    copies = Copies(tmp_path)
    copies.add(SHA256, SIZE, [DATA])
    path = copies.path(SHA256)
    path.chmod(0o600)
    path.write_bytes(DATA[::-1])
    assert copies.has(SHA256, SIZE), "only its size was looked at"
    with pytest.raises(CorruptError, match=SHA256):
        copies.verify(SHA256, SIZE)
    path.unlink()
    with pytest.raises(NotFoundError):
        copies.verify(SHA256, SIZE)
