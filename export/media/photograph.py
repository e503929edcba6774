"""Adapter. A photograph that somebody gives us: looked at locked in, and drawn anew to be shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from export.errors import SandboxError
from export.media import sandbox
from export.media.examine import make_box, take
from export.media.facts import REFUSED_EXIT

BYTES_MAX: Final = 20 << 20
"""Of a photograph: a telephone's has a quarter of it."""
_CAGE: Final = sandbox.Cage(
    wall_seconds=60, cpu_seconds=60, memory_bytes=2 << 30, file_bytes=16 << 20
)
_SUFFIXES: Final = {"JPEG": ".jpg", "PNG": ".png"}
_WORDS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph that a sandboxed decoder could read."""

    suffix: str
    """`.jpg` or `.png`, by what it is and not by what it is called."""
    shown: Path
    """The same pixels as a JPEG of ours, at most 1600 on a side, without anything else."""


def look_at(source: Path, job: Path) -> Photograph | str:
    """Look at a photograph; leave `shown.jpg` in ``job``, an empty directory.

    Returns words where it is none that is taken: they say why.

    Raises: SandboxError if the sandbox fails.
    """
    size = source.stat().st_size
    if not 0 < size <= BYTES_MAX:
        return f"a picture has 1 to {BYTES_MAX:,} bytes, and this has {size:,}"
    box = make_box(job, "photograph")
    argv = sandbox.python_child("export.media.child_photograph", str(source.resolve()))
    ran = sandbox.run(argv, box, cage=_CAGE, reads=(source,))
    if not ran.ok:
        words = ""
        if ran.why == "exit" and ran.code == REFUSED_EXIT:
            words = _text(box / "refused.txt")
        return words or "it cannot be read within the limits for pictures"
    suffix = _SUFFIXES.get(_text(box / "kind.txt"))
    if suffix is None:
        raise SandboxError("the child that looks at photographs said nothing that it may say")
    return Photograph(suffix, take(box / "shown.jpg", job / "shown.jpg"))


def _text(path: Path) -> str:
    """Read what a child wrote: at most so much, and no link."""
    try:
        taken = take(path, path.with_suffix(".taken"))
        return taken.read_bytes()[:_WORDS_MAX].decode("utf-8", "replace")
    except (OSError, SandboxError):
        return ""
