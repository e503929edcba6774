"""Pure. Which files a check of pictures needs: a copy, its frame list, its making, its source."""

from dataclasses import dataclass

from export.package.errors import RecordError
from export.package.format import layout
from export.package.format.archive import EntrySpan
from export.package.verify.bag import Opened
from export.package.verify.derived import read_derivation
from export.package.verify.survey import Contents


@dataclass(frozen=True, slots=True)
class CopyFiles:
    """A copy in a package, and what it is held against."""

    path: str
    """Of the copy, from inside the package's folder."""
    copy: EntrySpan
    frames: EntrySpan
    derivation: bytes
    """As it lies in the package; empty where it is missing."""
    master: EntrySpan | None
    """The file that it was made from; None where that is not in the package."""
    master_sha256: str
    """Of that file, in hexadecimal; empty where the derivation does not name it."""


def copies_of(opened: Opened, contents: Contents) -> tuple[CopyFiles, ...]:
    """Return the copies of a package that have a frame list, in the order of their paths."""
    spans = dict(zip(opened.paths, opened.spans, strict=True))
    masters = {
        (layout.exhibit_of(path), file.sha256): spans[path]
        for path, file in contents.files.items()
        if layout.is_master(path)
    }
    found = []
    for path, frames in spans.items():
        copy = layout.copy_of_frame_list(path)
        if copy is None or copy not in spans:
            continue
        derivation = contents.kept.get(copy.removesuffix(".mp4") + ".derivation.json", b"")
        source = _source(derivation)
        master = masters.get((layout.exhibit_of(path), source))
        found.append(CopyFiles(copy, spans[copy], frames, derivation, master, source))
    return tuple(found)


def _source(derivation: bytes) -> str:
    try:
        return read_derivation(derivation).source_sha256
    except RecordError:
        return ""  # V8 has said so
