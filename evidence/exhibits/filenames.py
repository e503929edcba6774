"""Pure. Names of files that are safe on every system, whatever they were called at home."""

import re
from typing import Final

MAX_NAME: Final = 200
"""Characters of a safe name, its extension included."""
RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
"""Names of devices on Windows, whatever their extension."""


def safe_name(original: str) -> str:
    """Turn a file name as it came into one that is safe everywhere.

    ASCII letters, digits, dot, hyphen and underscore stay, everything else becomes an underscore.
    No dot at either end, no hyphen in front (it would be an option), no device name of Windows, at
    most 200 characters with the extension kept. A safe name stays as it is. Two names may become
    one; the caller, who sees them all, appends `-2`, `-3` … (`numbered_name`).
    """
    leaf = re.split(r"[/\\]", original)[-1]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", leaf).lstrip(".-").rstrip(".")
    if not name:
        return "file"
    if RESERVED.fullmatch(name):
        name = f"_{name}"
    if len(name) > MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if stem and len(extension) <= 16 else ""  # noqa: PLR2004 - longer is no extension
        name = name[: MAX_NAME - len(tail)].rstrip(".") + tail
    return name


def numbered_name(name: str, number: int) -> str:
    """Tell a second file of the same safe name apart: `clip.mp4`, 2 → `clip-2.mp4`."""
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    tail = f"-{number}{dot}{extension}"
    return stem[: MAX_NAME - len(tail)] + tail
