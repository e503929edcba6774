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

from custody.canonical import JSON, canonical_json, parse_canonical
from custody.errors import FormatError
from export.package.errors import RecordError
from export.package.format import facts

RECORD_VERSION: Final = 1
NO_FACIAL_RECOGNITION: Final = "none"

_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,9})?")
_RATIONAL: Final = re.compile(r"(?:0|[1-9][0-9]*)/[1-9][0-9]*")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


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
class Camera:
    """The camera, as the council's register names it."""

    id: str
    name: str
    location: str | None
    lat: str | None
    """Degrees north, WGS 84, as a decimal string; null where the place is not published."""
    lon: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class Recorder:
    """The machine that recorded."""

    make: str | None
    model: str | None
    serial: str | None
    firmware: str | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class Export:
    """How the clip left the recorder."""

    by_role: str
    at: str | None
    method: str | None
    software: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """How far the system's clock was off; actual time = displayed minus offset."""

    system_displayed_at: str
    reference_at: str
    reference_source: str
    checked_at: str
    offset_ms: int
    """System minus reference: positive means that the system was fast."""
    dst_in_force: bool


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
    displayed_start: str | None
    displayed_end: str | None
    corrected_start: str | None
    corrected_end: str | None
    clock_check: ClockCheck | None
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
    retention_class: str
    legal_hold: bool
    controller: str
    """The council."""
    facial_recognition: str = NO_FACIAL_RECOGNITION
    v: int = RECORD_VERSION


def exhibit_record(record: ExhibitRecord) -> dict[str, JSON]:
    """Return the exhibit record as JSON holds it.

    Raises:
        RecordError: a value is not of its form.
    """
    _check(record)
    return facts.object_json(record)


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
    record = facts.from_json(ExhibitRecord, value, at="exhibit")
    _check(record)
    return record


def _check(record: ExhibitRecord) -> None:
    checks = [
        (_DECIMAL, (record.camera.lat, record.camera.lon)),
        (_RATIONAL, (record.fps.nominal, record.fps.average, record.duration)),
        (_SHA256, _digests(record)),
        (_TIME, _times(record)),
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
    return files + tuple(copy.sha256 for copy in record.copies)


def _times(record: ExhibitRecord) -> tuple[str | None, ...]:
    times = (
        record.export.at,
        record.displayed_start,
        record.displayed_end,
        record.corrected_start,
        record.corrected_end,
    )
    clock = record.clock_check
    if clock is None:
        return times
    return (*times, clock.system_displayed_at, clock.reference_at, clock.checked_at)
