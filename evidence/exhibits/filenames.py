"""Pure. Names of files that are safe on every system, whatever they were called at home."""

import re
from collections.abc import Sequence
from typing import Final

MAX_NAME: Final = 120
"""Characters of a safe name, its extension included: a path in a package then stays under 200."""

_LONGEST_EXTENSION: Final = 16
RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
"""Names of devices on Windows, whatever their extension."""


def safe_name(original: str) -> str:
    """Turn a file name as it came into one that is safe everywhere.

    ASCII letters, digits, dot, hyphen and underscore stay, everything else becomes an underscore.
    No dot at either end, no hyphen in front (it would be an option), no device name of Windows, at
    most `MAX_NAME` characters with the extension kept. A safe name stays as it is. Two names may
    become one; the caller, who sees them all, appends `-2`, `-3` … (`numbered_name`).
    """
    leaf = re.split(r"[/\\]", original)[-1]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", leaf).lstrip(".-").rstrip(".")
    if not name:
        return "file"
    if RESERVED.fullmatch(name):
        name = f"_{name}"
    if len(name) > MAX_NAME:
        tail = _split(name)[1]
        name = name[: MAX_NAME - len(tail)].rstrip(".") + tail
    return name


def numbered_name(name: str, number: int) -> str:
    """Tell a second file of the same safe name apart: `clip.mp4`, 2 → `clip-2.mp4`."""
    stem, extension = _split(name)
    tail = f"-{number}{extension}"
    return stem[: MAX_NAME - len(tail)] + tail


def distinct(names: Sequence[str], there: Sequence[str] = ()) -> list[str]:
    """Return the names, numbered where two would be one file on some system: a-2.mp4."""
    taken = {name.casefold() for name in there}
    found = []
    for name in names:
        candidate, number = name, 2
        while candidate.casefold() in taken:
            candidate, number = numbered_name(name, number), number + 1
        taken.add(candidate.casefold())
        found.append(candidate)
    return found


def _split(name: str) -> tuple[str, str]:
    """Part a name from its extension with the dot; what is longer than one belongs to the name."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _LONGEST_EXTENSION:
        return name, ""
    return stem, dot + extension
