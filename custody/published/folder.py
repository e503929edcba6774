"""Adapter. What lies in the directory of an exported log, by its names."""

import os
from collections.abc import Iterator
from pathlib import Path

from custody.errors import LogStateError


def names_in(folder: Path) -> Iterator[str]:
    """Name every file in a directory and below it, in order, with slashes; links are not followed.

    Raises:
        LogStateError: a directory cannot be read.
    """

    def fail(error: OSError) -> None:
        raise LogStateError(f"{error.filename} cannot be read: {error.strerror}") from error

    for where, folders, files in os.walk(folder, onerror=fail):
        folders.sort()
        place = Path(where).relative_to(folder)
        yield from sorted((place / name).as_posix() for name in files)
