"""The test vectors of tests/vectors, by folder and suffix; `_fail` marks what must be refused."""

from collections.abc import Iterator
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "vectors"


def good(folder: str, suffix: str) -> list[Path]:
    """List the files that must be accepted."""
    return [path for path in _files(folder, suffix) if not _must_fail(path, suffix)]


def bad(folder: str, suffix: str) -> list[Path]:
    """List the files that must be refused."""
    return [path for path in _files(folder, suffix) if _must_fail(path, suffix)]


def named(path: Path) -> str:
    return path.name


def truncations(data: bytes) -> Iterator[bytes]:
    """Yield every beginning of `data`, the empty one included, the whole excluded."""
    return (data[:end] for end in range(len(data)))


def flips(data: bytes) -> Iterator[bytes]:
    """Yield `data` with each of its bits flipped, one at a time."""
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


def _files(folder: str, suffix: str) -> list[Path]:
    found = sorted((VECTORS / folder).glob(f"*{suffix}"))
    assert found, f"no vectors {folder}/*{suffix}"
    return found


def _must_fail(path: Path, suffix: str) -> bool:
    return path.name.removesuffix(suffix).endswith("_fail")
