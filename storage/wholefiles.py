"""Adapter. Files that are written whole or not at all, and are on the disk when that is said."""

import os
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


def write_whole(path: Path, content: str | bytes, *, mode: int = PRIVATE) -> None:
    """Put ``content`` in the place of ``path``, on the disk when this returns.

    One at a time for one path. Who may read it, ``mode`` says from the first moment.
    """
    raw = content.encode() if isinstance(content, str) else content
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123 - never readable by others, not even for a moment
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    # A crash here leaves the old file, and NAME.new, which the next call writes over.
    new.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Put the names in ``path`` on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
