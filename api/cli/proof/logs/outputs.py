"""Edge. Files that a command writes: none of what lies there already is written over."""

from collections.abc import Mapping
from pathlib import Path

from api.cli.terminal.errors import UsageError


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write files that are not there yet, or hold this already.

    Raises:
        UsageError: one is there and holds something else; nothing was written.
    """
    for path, data in files.items():
        if path.exists() and (not path.is_file() or path.read_bytes() != data):
            raise UsageError(f"{path} is there already: name another with -o, or move it away")
    for path, data in files.items():
        path.write_bytes(data)
