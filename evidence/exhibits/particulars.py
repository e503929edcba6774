"""Pure. What an operator says of a clip: checked, and made into the exhibit's description."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON, parse_local
from evidence.exhibits.description import (
    Camera,
    ClockCheck,
    DescribedFile,
    Description,
    Export,
    PicturedClock,
    Recorder,
    clock_picture,
    corrected_time,
    utc_text,
)
from evidence.exhibits.doubts import CLOCK_SLACK, settle
from evidence.wording import check_words

MOST_OFFSET_MS = 10**12
_NAME, _LINE = 200, 500
CameraOn = Callable[[str, date], Camera | None]
"""Says which camera has a reference, and where it was on a day; None: nobody knows of it."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """What the operator says of one file. Times are as the system displayed them."""

    displayed_start: str
    displayed_end: str
    camera: str = ""
    """Empty: the exhibit's."""


@dataclass(frozen=True, slots=True)
class NewExhibit:
    """What the operator says about a clip. Times are as the system displayed them."""

    reference: str
    """``JS/1``, or only ``JS`` for the next number."""
    camera: str
    displayed_start: str
    """May be empty where ``files`` say it: then the exhibit starts with the first of them."""
    displayed_end: str
    clock_offset_ms: int | None
    """Milliseconds by which the system was fast; None: nobody compared its clock."""
    clock_reference: str = "not stated"
    clock_checked_at: str = ""
    """When the system's clock was compared, on the reference's; empty: at intake."""
    clock_picture: str = ""
    """The SHA-256 of a photograph of the comparison; empty: there is none."""
    title: str = ""
    method: str = ""
    """How the recorder exported it."""
    exported_at: str = ""
    """When the recorder exported it; empty: nobody said."""
    files: tuple[NewFile, ...] = ()
    """One for each file, in order; of a single file nothing need be said."""
    confirmed: tuple[str, ...] = ()
    """What is unlikely, and right all the same: values of `evidence.exhibits.doubts.Doubt`."""


@dataclass(frozen=True, slots=True)
class MasterDigest:
    """One file as it came: what `exhibit.received` commits to."""

    sha256: str
    size: int


def as_typed(_reference: str, _day: date) -> None:
    """Know of no camera: what is typed is all that is stated of it."""


def describe(
    new: NewExhibit,
    files: Sequence[MasterDigest],
    *,
    role: str,
    at: datetime,
    camera_on: CameraOn = as_typed,
) -> Description:
    """Return the description of an exhibit from what is said of it at ``at``.

    ``role`` is the one in which the clip was exported. The reference stands in it as it was given.
    A camera that ``camera_on`` knows is stated as it was on the day that was displayed.

    Raises:
        InvalidError: a value cannot be right, or (`UnlikelyError`) must be confirmed.
    """
    if not files:
        raise InvalidError("files", "an exhibit needs at least one file")
    spans = _spans(new, files)
    start = _start(new, spans)
    clock = _clock(new, start, at)
    exported = _past("exported_at", new.exported_at, at)
    camera = _camera("camera", new.camera, start.date(), camera_on)
    end = max(spans, key=lambda span: span[1])[1]
    if new.displayed_end.strip():
        end = parse_local("displayed_end", new.displayed_end)
    _check_order("displayed_end", start, end)
    title = check_words("title", new.title, most=_LINE, needed=False)
    described = Description(
        exhibit_ref=new.reference,
        title=title or f"Footage of camera {camera.id}",
        camera=camera,
        recorder=Recorder(None, None, None, None, None),
        export=Export(
            by_role=role,
            at=None if exported is None else utc_text(exported),
            method=check_words("method", new.method, most=_LINE, needed=False) or None,
            software=None,
            version=None,
        ),
        displayed_start=start.isoformat(),
        displayed_end=end.isoformat(),
        corrected_start=corrected_time(start.isoformat(), clock),
        corrected_end=corrected_time(end.isoformat(), clock),
        clock_check=clock,
        files=_described(new, files, spans, camera, clock, camera_on),
        confirmed=(),
    )
    settled = settle(described, [file.size for file in files], new.confirmed, at=at)
    return replace(described, confirmed=settled)


def restated(description: Description) -> NewExhibit:
    """Return what would be said to describe an exhibit as it is described: a correction's start."""
    clock, several = description.clock_check, len(description.files) > 1
    return NewExhibit(
        reference=description.exhibit_ref,
        camera=description.camera.id,
        displayed_start=description.displayed_start,
        displayed_end=description.displayed_end,
        clock_offset_ms=None if clock is None else clock.offset_ms,
        clock_reference="not stated" if clock is None else clock.reference_source,
        clock_checked_at="" if clock is None else clock.checked_at,
        clock_picture=clock_picture(clock),
        title=description.title,
        method=description.export.method or "",
        exported_at=description.export.at or "",
        files=tuple(
            NewFile(file.displayed_start, file.displayed_end, file.camera.id)
            for file in description.files
            if several
        ),
        confirmed=description.confirmed,
    )


def extended(description: Description, files: Sequence[NewFile]) -> NewExhibit:
    """Return what would be said to describe an exhibit with more recordings, behind its own.

    It starts with the earliest and ends with the last of them, where they lie outside of it.

    Raises:
        InvalidError: what is said of one of them is no time.
    """
    said = restated(description)
    each = [
        NewFile(file.displayed_start, file.displayed_end, file.camera.id)
        for file in description.files
    ]
    start, end = (datetime.fromisoformat(one) for one in (said.displayed_start, said.displayed_end))
    for number, file in enumerate(files, len(each) + 1):
        start = min(start, parse_local(f"files.{number}.displayed_start", file.displayed_start))
        end = max(end, parse_local(f"files.{number}.displayed_end", file.displayed_end))
    return replace(
        said,
        files=(*each, *files) if files else said.files,
        displayed_start=start.isoformat(),
        displayed_end=end.isoformat(),
    )


def _spans(new: NewExhibit, files: Sequence[MasterDigest]) -> list[tuple[datetime, datetime]]:
    """Return when each file starts and ends, as displayed."""
    if not new.files and len(files) == 1:
        start = parse_local("displayed_start", new.displayed_start)
        end = parse_local("displayed_end", new.displayed_end)
        _check_order("displayed_end", start, end)
        return [(start, end)]
    if len(new.files) != len(files):
        raise InvalidError(
            "files",
            f"say of each of the {len(files)} files when it starts and ends: "
            f"{len(new.files)} have times",
        )
    spans = []
    for number, file in enumerate(new.files, 1):
        start = parse_local(f"files.{number}.displayed_start", file.displayed_start)
        end = parse_local(f"files.{number}.displayed_end", file.displayed_end)
        _check_order(f"files.{number}.displayed_end", start, end)
        spans.append((start, end))
    return spans


def _start(new: NewExhibit, spans: Sequence[tuple[datetime, datetime]]) -> datetime:
    if new.displayed_start.strip():
        return parse_local("displayed_start", new.displayed_start)
    return min(start for start, _ in spans)


def _check_order(field: str, start: datetime, end: datetime) -> None:
    if end <= start:
        words = f"the recording would end ({end.isoformat()}) before it starts"
        raise InvalidError(field, f"{words} ({start.isoformat()})")


def _described(
    new: NewExhibit,
    files: Sequence[MasterDigest],
    spans: Sequence[tuple[datetime, datetime]],
    camera: Camera,
    clock: ClockCheck | None,
    camera_on: CameraOn,
) -> tuple[DescribedFile, ...]:
    described = []
    for number, (file, (start, end)) in enumerate(zip(files, spans, strict=True), 1):
        own = new.files[number - 1].camera if new.files else ""
        begins, ends = start.isoformat(), end.isoformat()
        field, day = f"files.{number}.camera", start.date()
        described.append(
            DescribedFile(
                sha256=file.sha256,
                camera=_camera(field, own, day, camera_on) if own.strip() else camera,
                displayed_start=begins,
                displayed_end=ends,
                corrected_start=corrected_time(begins, clock),
                corrected_end=corrected_time(ends, clock),
            )
        )
    return tuple(described)


def keeping(said: Description, camera_on: CameraOn) -> CameraOn:
    """Return what knows the cameras of a description as it states them, and of others by another.

    So a correction of something else never changes what is stated of a camera.
    """
    days = [(said.camera, said.displayed_start)]
    days += [(file.camera, file.displayed_start) for file in said.files]
    known = {(camera.id, datetime.fromisoformat(at).date()): camera for camera, at in days}
    return lambda reference, day: known.get((reference, day)) or camera_on(reference, day)


def _camera(field: str, name: str, day: date, camera_on: CameraOn) -> Camera:
    name = check_words(field, name, most=_NAME)
    if not any(letter.isalnum() for letter in name):
        raise InvalidError(field, f"{name!r} is no name of a camera: it has no letter and no digit")
    return camera_on(name, day) or Camera(name, name, None, None, None, None)


def _clock(new: NewExhibit, start: datetime, at: datetime) -> ClockCheck | None:
    """Return the comparison; what the system displayed then follows from the offset."""
    offset = new.clock_offset_ms
    if offset is None and new.clock_picture:
        words = "a picture of a comparison needs one: say how far the clock was off"
        raise InvalidError("clock_picture", words)
    if offset is None:
        return None
    if abs(offset) > MOST_OFFSET_MS:
        raise InvalidError("clock_offset", "no clock is off by more than thirty years")
    reference = check_words("clock_reference", new.clock_reference, most=_NAME)
    checked = _past("clock_checked_at", new.clock_checked_at, at) or at
    # To the millisecond, so that the two sides of the comparison lie the offset apart.
    checked = checked.replace(microsecond=checked.microsecond // 1000 * 1000)
    displayed = (checked + timedelta(milliseconds=offset)).astimezone(LONDON)
    compared = ClockCheck(
        system_displayed_at=displayed.isoformat(timespec="milliseconds"),
        reference_at=utc_text(checked),
        reference_source=reference,
        checked_at=utc_text(checked),
        offset_ms=offset,
        dst_in_force=start.utcoffset() == timedelta(hours=1),
    )
    if not new.clock_picture:
        return compared
    return PicturedClock(**asdict(compared), picture=new.clock_picture)


def _past(field: str, text: str, now: datetime) -> datetime | None:
    """Return when something was done, or None if nobody said."""
    if not text.strip():
        return None
    moment = parse_local(field, text)
    if moment - now > CLOCK_SLACK:
        raise InvalidError(field, f"{text!r} lies in the future, and it is a time when it was done")
    return moment
