"""Pure. V8 on copies: each leads back to the original, and its frame list fits it."""

from dataclasses import dataclass

from custody.errors import FormatError
from custody.formats.canonical import JSON, parse_canonical
from export.package.errors import NamingError, RecordError
from export.package.format import layout
from export.package.format.archive import EntrySpan
from export.package.format.records import USES, Copy, CopyType, FileRole
from export.package.verify.bag import Opened
from export.package.verify.examined import Exhibit
from export.package.verify.survey import Contents


@dataclass(frozen=True, slots=True)
class Derivation:
    """What V8 asks of a derivation; the whole of it is in docs/formats/derivation.md."""

    source_sha256: str
    copy_sha256: str
    frame_count: int
    frames_sha256: str


def copy_paths(reference: str, copy: Copy) -> tuple[str, ...]:
    """Return the files that belong to a copy."""
    if copy.type is CopyType.STILL:
        return (layout.contact_sheet_path(reference, copy.name),)
    return (
        layout.copy_path(reference, copy.name),
        layout.derivation_path(reference, copy.name),
        layout.frames_path(reference, copy.name),
    )


def check_copy(exhibit: Exhibit, copy: Copy) -> None:
    """Check a copy, how it was made, and its frame list."""
    paths = copy_paths(exhibit.reference, copy)
    exhibit.check_file(paths[0], copy.sha256, copy.size)
    words = "The record says that the copy may be used for something else than its kind may."
    exhibit.compare(words, paths[0], expected=USES[copy.type], found=copy.use)
    if copy.type is CopyType.STILL:
        _check_name(exhibit, copy, paths[0])
        # Stills are made with the copy that they show, and have no description of their own.
        _check_logged(exhibit, copy, layout.derivation_path(exhibit.reference, copy.derived_from))
        return
    _, derivation, frames = paths
    _check_logged(exhibit, copy, derivation)
    try:
        found = read_derivation(exhibit.text(derivation))
    except RecordError as error:
        exhibit.fail(f"How the copy was made cannot be read: {error.words}.", derivation)
        return
    _check_derivation(exhibit, copy, found, derivation)
    _check_frames(exhibit, found, frames)


def _check_name(exhibit: Exhibit, copy: Copy, path: str) -> None:
    """Demand that stills are called after the copy that they show."""
    try:
        expected = layout.stills_of(copy.derived_from)
    except NamingError as error:
        exhibit.fail(f"The stills are of no copy: {error.words}.", path, found=copy.derived_from)
        return
    words = "The stills are called after another copy than the one that they show."
    exhibit.compare(words, path, expected=expected, found=copy.name)


def read_derivation(text: bytes) -> Derivation:
    """Read what V8 asks of a derivation.

    Raises:
        RecordError: not canonical JSON, or it does not say source, copy and pictures.
    """
    try:
        value = parse_canonical(text)
    except FormatError as error:
        raise RecordError(f"it is not canonical JSON ({error})") from error
    source, copy = _at(value, "source", "sha256"), _at(value, "result", "sha256")
    count, frames = _at(value, "result", "frame_count"), _at(value, "result", "frames_sha256")
    if not (isinstance(source, str) and isinstance(copy, str) and isinstance(frames, str)):
        raise RecordError("it does not name source, copy and frame list")
    if not isinstance(count, int) or isinstance(count, bool):
        raise RecordError("it does not say how many pictures the copy has")
    return Derivation(source, copy, count, frames)


def _at(value: JSON, part: str, key: str) -> JSON:
    inner = value.get(part) if isinstance(value, dict) else None
    return inner.get(key) if isinstance(inner, dict) else None


def _check_logged(exhibit: Exhibit, copy: Copy, path: str) -> None:
    file = exhibit.checks.contents.files.get(path)
    derivation = file.sha256 if file else "none"
    made = [
        (values.get("copy"), values.get("kind"), values.get("derivation"))
        for _, values in exhibit.disclosed("exhibit.derived")
    ]
    ours = (copy.sha256, copy.type.value, derivation)
    if ours not in made:
        exhibit.fail(
            "The ledger took down no such copy, or another kind of copy, or another description "
            "of how it was made.",
            path,
            expected="; ".join(map(_made, made)) or "none",
            found=_made(ours),
        )


def _made(one: tuple[JSON, JSON, JSON]) -> str:
    copy, kind, derivation = one
    return f"{kind} {copy}, derivation {derivation}"


def _check_derivation(exhibit: Exhibit, copy: Copy, found: Derivation, path: str) -> None:
    files = exhibit.record.files
    masters = sorted(file.sha256 for file in files if file.role is FileRole.MASTER)
    if found.source_sha256 not in masters:
        exhibit.fail(
            "The copy was made from another file than the exhibit's original.",
            path,
            expected=" or ".join(masters),
            found=found.source_sha256,
        )
    words = "This describes how another copy was made."
    exhibit.compare(words, path, expected=copy.sha256, found=found.copy_sha256)


def _check_frames(exhibit: Exhibit, found: Derivation, path: str) -> None:
    frames = exhibit.checks.contents.files.get(path)
    if frames is None:
        exhibit.fail("The frame list of the copy is missing.", path)
        return
    if frames.fault:
        exhibit.fail(f"The frame list cannot be read: {frames.fault}.", path)
    words = "The frame list is not the one that was made with the copy."
    exhibit.compare(words, path, expected=found.frames_sha256, found=frames.sha256)
    words = "The frame list has another number of pictures than the copy."
    exhibit.compare(words, path, expected=str(found.frame_count), found=str(frames.rows))


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
