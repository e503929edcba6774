"""Pure. The exhibit record (`JS-1.json`): what is known about one exhibit of a package.

RFC 8785 JSON of the dataclasses below, field for field: docs/formats/exhibit.md. What is not known
is null, never an empty string. No float: degrees are decimal strings, rates and durations
"num/den", clock offsets integer milliseconds. Times are RFC 3339: corrected ones end in Z,
displayed ones are what the system showed and carry the offset that was in force.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from custody.errors import FormatError, ShapeError
from custody.formats.canonical import JSON, canonical_json, parse_canonical
from custody.formats.shapes import from_json, object_json
from evidence.exhibits.description import (
    TIME_FORM,
    Camera,
    ClockCheck,
    DescribedFile,
    Description,
    Export,
    PicturedClock,
    Recorder,
)
from export.package.errors import RecordError

RECORD_VERSION: Final = 1
NO_FACIAL_RECOGNITION: Final = "none"

_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,9})?")
_RATIONAL: Final = re.compile(r"(?:0|[1-9][0-9]*)/[1-9][0-9]*")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class CopyType(StrEnum):
    """What a copy is, in the words of the Home Office guidance."""

    BIT_COPY = "BIT_COPY"
    PROCESSED = "PROCESSED"
    COURT_PLAYABLE = "COURT_PLAYABLE"
    REDACTED = "REDACTED"
    STILL = "STILL"


USES: Final = {
    CopyType.BIT_COPY: "bit-for-bit copy of the original; fit for forensic analysis",
    CopyType.PROCESSED: "processed working copy; not for forensic analysis",
    CopyType.COURT_PLAYABLE: "court-playable working copy; not for forensic analysis",
    CopyType.REDACTED: "redacted working copy; not for forensic analysis",
    CopyType.STILL: "still pictures for orientation; not for forensic analysis",
}
"""What each kind of copy may be used for, in the words that stand wherever it is named."""


class FileRole(StrEnum):
    """Why a file of the master is there."""

    MASTER = "master"
    PLAYER = "player"


@dataclass(frozen=True, slots=True)
class FrameRate:
    """Pictures a second, as "num/den"."""

    nominal: str | None
    average: str | None


@dataclass(frozen=True, slots=True)
class MasterFile:
    """A file as it came, and how it is called here."""

    role: FileRole
    original_name: str | None
    """Null where the name itself is withheld."""
    stored_name: str | None
    """The safe name in `master/` or `player/`; null where the file is withheld."""
    size: int
    mime: str
    sha256: str
    camera: Camera | None = None
    """Its own, and so are its times; null for a player."""
    displayed_start: str | None = None
    displayed_end: str | None = None
    corrected_start: str | None = None
    corrected_end: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A file made from the master, and what it may be used for."""

    name: str
    """`JS-1-CP1`, without an extension; `contact-sheet` for the stills."""
    type: CopyType
    derived_from: str
    """The exhibit reference, or the name of the copy that it was made from."""
    size: int
    sha256: str
    use: str


@dataclass(frozen=True, slots=True)
class Included:
    """The master is in the package."""

    included: bool = True


@dataclass(frozen=True, slots=True)
class Withheld:
    """The master is not in the package, and why."""

    withheld: str


@dataclass(frozen=True, slots=True)
class ExhibitRecord:
    """All that a package says about an exhibit."""

    exhibit_ref: str
    """As it is spoken: `JS/1`."""
    record: str
    """The exhibit's record in the custody ledger, a random uuid: ties this file to its events."""
    urn: str
    title: str
    camera: Camera
    recorder: Recorder
    export: Export
    displayed_start: str
    """This and the facts from `title` on are stated by people: `described` says which."""
    displayed_end: str
    corrected_start: str | None
    """Null where nobody compared the clock; so its end."""
    corrected_end: str | None
    clock_check: ClockCheck | PicturedClock | None
    confirmed: tuple[str, ...]
    """What looked unlikely, and was said to be right all the same."""
    container: str | None
    """This and the facts down to `audio` were measured on the master; null where they could not."""
    codecs: tuple[str, ...]
    width: int | None
    height: int | None
    fps: FrameRate
    duration: str | None
    """Seconds, as "num/den"."""
    frame_count: int | None
    """Counted, not quoted."""
    audio: bool | None
    master: Included | Withheld
    files: tuple[MasterFile, ...]
    gaps_and_faults: tuple[str, ...]
    copies: tuple[Copy, ...]
    retention_class: str | None
    """This and the next: null unless police, CPS or council get the package."""
    legal_hold: bool | None
    controller: str
    """The council."""
    facial_recognition: str = NO_FACIAL_RECOGNITION
    v: int = RECORD_VERSION


def described(record: ExhibitRecord) -> Description:
    """Return what the record repeats of the exhibit's description in the custody ledger.

    Raises:
        RecordError: a file of the original has no camera or no time of its own.
    """
    return Description(
        exhibit_ref=record.exhibit_ref,
        title=record.title,
        camera=record.camera,
        recorder=record.recorder,
        export=record.export,
        displayed_start=record.displayed_start,
        displayed_end=record.displayed_end,
        corrected_start=record.corrected_start,
        corrected_end=record.corrected_end,
        clock_check=record.clock_check,
        files=tuple(_described(file) for file in record.files if file.role is FileRole.MASTER),
        confirmed=record.confirmed,
    )


def _described(file: MasterFile) -> DescribedFile:
    if file.camera is None or file.displayed_start is None or file.displayed_end is None:
        raise RecordError("a file of the original without its camera or its times")
    return DescribedFile(
        sha256=file.sha256,
        camera=file.camera,
        displayed_start=file.displayed_start,
        displayed_end=file.displayed_end,
        corrected_start=file.corrected_start,
        corrected_end=file.corrected_end,
    )


def exhibit_record(record: ExhibitRecord) -> dict[str, JSON]:
    """Return the exhibit record as JSON holds it.

    Raises:
        RecordError: a value is not of its form.
    """
    _check(record)
    try:
        return object_json(record)
    except ShapeError as error:
        raise RecordError(error.words, found=error.found) from error


def format_exhibit(record: ExhibitRecord) -> bytes:
    """Write `JS-1.json`.

    Raises:
        RecordError: a value is not of its form.
    """
    return canonical_json(exhibit_record(record))


def parse_exhibit(text: bytes) -> ExhibitRecord:
    """Read `JS-1.json`.

    Raises:
        RecordError: not in the one form that `format_exhibit` writes.
    """
    try:
        value = parse_canonical(text)
    except FormatError as error:
        raise RecordError(f"not canonical JSON: {error}") from error
    try:
        record = from_json(ExhibitRecord, value, at="exhibit")
    except ShapeError as error:
        raise RecordError(
            error.words, subject=error.subject, expected=error.expected, found=error.found
        ) from error
    _check(record)
    return record


def _check(record: ExhibitRecord) -> None:
    cameras = (record.camera, *(file.camera for file in record.files if file.camera))
    checks = [
        (_DECIMAL, tuple(degrees for one in cameras for degrees in (one.lat, one.lon))),
        (_RATIONAL, (record.fps.nominal, record.fps.average, record.duration)),
        (_SHA256, _digests(record)),
        (TIME_FORM, _times(record)),
    ]
    for form, values in checks:
        for value in values:
            if value is not None and not form.fullmatch(value):
                raise RecordError(
                    "a value is not of its form",
                    subject=record.exhibit_ref,
                    expected=form.pattern,
                    found=value,
                )
    if record.v != RECORD_VERSION or record.facial_recognition != NO_FACIAL_RECOGNITION:
        raise RecordError("not an exhibit record of this version", subject=record.exhibit_ref)
    if not any(file.role is FileRole.MASTER for file in record.files):
        raise RecordError("an exhibit without a master", subject=record.exhibit_ref)
    described(record)
    sources = {record.exhibit_ref, *(copy.name for copy in record.copies)}
    for copy in record.copies:
        if copy.derived_from not in sources - {copy.name}:
            raise RecordError("a copy of what is not here", subject=record.exhibit_ref)
    # Of an original of several files some may be here and some withheld: then it is included.
    is_here = any(
        file.stored_name is not None for file in record.files if file.role is FileRole.MASTER
    )
    withheld = isinstance(record.master, Withheld)
    if withheld == is_here or (withheld and any(file.stored_name for file in record.files)):
        raise RecordError("a file is both here and withheld", subject=record.exhibit_ref)


def _digests(record: ExhibitRecord) -> tuple[str, ...]:
    files = tuple(file.sha256 for file in record.files)
    clock = record.clock_check
    pictures = (clock.picture,) if isinstance(clock, PicturedClock) else ()
    return files + tuple(copy.sha256 for copy in record.copies) + pictures


def _times(record: ExhibitRecord) -> tuple[str | None, ...]:
    spans: tuple[ExhibitRecord | MasterFile, ...] = (record, *record.files)
    times = tuple(
        time
        for one in spans
        for time in (one.displayed_start, one.displayed_end, one.corrected_start, one.corrected_end)
    )
    clock = record.clock_check
    if clock is None:
        return (record.export.at, *times)
    compared = (clock.system_displayed_at, clock.reference_at, clock.checked_at)
    return (record.export.at, *compared, *times)
