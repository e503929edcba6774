"""Edge. Files that a command writes: none of what lies there already is written over."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from api.cli.terminal.errors import UsageError


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write files that are not there yet, or hold this already.

    Raises:
        UsageError: one is there and holds something else, and nothing was written; or one cannot
            be written.
    """
    for path, data in files.items():
        with _said(path):
            taken = path.exists() and (not path.is_file() or path.read_bytes() != data)
        if taken:
            raise UsageError(f"{path} is there already: name another with -o, or move it away")
    for path, data in files.items():
        with _said(path):
            path.write_bytes(data)


def make_folder(folder: Path) -> None:
    """Make a folder for such files, unless it is there.

    Raises:
        UsageError: it cannot be made.
    """
    with _said(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
