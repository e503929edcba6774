"""Pure. The description of an exhibit: every fact that a person states and a package repeats.

`exhibit.described` and `exhibit.corrected` commit to it as their `facts`, the exhibit's row keeps
it, and the exhibit record of a package says the same, key for key: docs/formats/exhibit.md. What is
not known is null. Displayed times are what the system showed, with the offset from UTC that was in
force; corrected ones are UTC and end in Z: actual time = displayed - offset. Nobody knows them
where the clock was not compared: then they are null.

No time zone is read here: the verifier runs on machines that have none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from custody.formats.canonical import JSON
from custody.formats.shapes import from_json, object_json

TIME_FORM: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
"""A time of any of our records: RFC 3339 with seconds, at most six decimals."""


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
class PicturedClock(ClockCheck):
    """The same, with a photograph of it that is kept."""

    picture: str
    """The SHA-256 of a photograph of the system's screen and the reference, as it was brought."""


@dataclass(frozen=True, slots=True)
class DescribedFile:
    """What is stated of one file of the original, which its digest names."""

    sha256: str
    camera: Camera
    displayed_start: str
    displayed_end: str
    corrected_start: str | None
    corrected_end: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """What people state of an exhibit."""

    exhibit_ref: str
    title: str
    camera: Camera
    recorder: Recorder
    export: Export
    displayed_start: str
    displayed_end: str
    corrected_start: str | None
    corrected_end: str | None
    clock_check: ClockCheck | PicturedClock | None
    """Null: nobody compared the system's clock with another."""
    files: tuple[DescribedFile, ...]
    """The files of the original, in their order; a player is none of them."""
    confirmed: tuple[str, ...]
    """What looked unlikely, and was said to be right all the same (`evidence.exhibits.doubts`)."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What of a description cannot be, whoever states it."""

    words: str
    expected: str
    found: str


def description_json(description: Description) -> dict[str, JSON]:
    """Return a description as the events commit to it."""
    return object_json(description)


def parse_description(value: object) -> Description:
    """Read what an event commits to.

    Raises:
        ShapeError: a key is missing or unknown, or a value of another type.
    """
    return from_json(Description, value, at="facts")


def clock_values(clock: ClockCheck) -> dict[str, JSON]:
    """Return what `clock.checked` commits to of a comparison, beside who made it."""
    return {"offset_ms": clock.offset_ms, "reference": clock.reference_source}


def clock_picture(clock: ClockCheck | None) -> str:
    """Return the SHA-256 of the photograph of a comparison; empty where there is none."""
    return clock.picture if isinstance(clock, PicturedClock) else ""


def utc_text(moment: datetime) -> str:
    """Return a moment as ``2026-11-20T14:03:00Z``, with milliseconds only where there are any."""
    text = moment.astimezone(UTC).replace(tzinfo=None)
    spec = "milliseconds" if text.microsecond else "seconds"
    return text.isoformat(timespec=spec) + "Z"


def corrected_time(displayed: str, clock: ClockCheck | None) -> str | None:
    """Return the actual moment, UTC, of a displayed one; None where the clock was not compared.

    Raises:
        ValueError, OverflowError: there is no such moment, or not with this offset.
    """
    if clock is None:
        return None
    return utc_text(datetime.fromisoformat(displayed) - timedelta(milliseconds=clock.offset_ms))


def flaws(description: Description) -> tuple[Flaw, ...]:
    """Return what cannot be: no such day, an end before its start, times that do not agree."""
    moments = [*_moments(description), *(one for file in description.files for one in _of(file))]
    wrong = [
        Flaw("There is no such time", "a day and a time of the calendar", text)
        for text in (*moments, *_others(description))
        if text is not None and _moment(text) is None
    ]
    return tuple(wrong) or (*_against_clock(description), *_against_files(description))


def _moments(description: Description) -> tuple[str | None, ...]:
    return (
        description.displayed_start,
        description.displayed_end,
        description.corrected_start,
        description.corrected_end,
    )


def _of(file: DescribedFile) -> tuple[str | None, ...]:
    return (file.displayed_start, file.displayed_end, file.corrected_start, file.corrected_end)


def _others(description: Description) -> tuple[str | None, ...]:
    clock = description.clock_check
    if clock is None:
        return (description.export.at,)
    shown, there = clock.system_displayed_at, clock.reference_at
    return (description.export.at, shown, there, clock.checked_at)


def _against_clock(description: Description) -> Iterator[Flaw]:
    """Yield where an end lies before its start, or a corrected time is not the displayed one's."""
    spans: tuple[Description | DescribedFile, ...] = (description, *description.files)
    for one in spans:
        if _known(one.displayed_end) < _known(one.displayed_start):
            words = "The recording ends before it starts"
            yield Flaw(words, f"{one.displayed_start} or later", one.displayed_end)
        for displayed, said in (
            (one.displayed_start, one.corrected_start),
            (one.displayed_end, one.corrected_end),
        ):
            try:
                corrected = corrected_time(displayed, description.clock_check)
            except OverflowError:
                words = "With the clock's offset there is no such time"
                yield Flaw(words, "a day of the calendar", displayed)
                continue
            if corrected != said:
                words = "A corrected time is not the displayed one less the clock's offset"
                yield Flaw(words, corrected or "null: not known", said or "null")
    clock = description.clock_check
    if clock is not None:
        apart = _known(clock.system_displayed_at) - _known(clock.reference_at)
        if apart != timedelta(milliseconds=clock.offset_ms):
            words = "The clock's offset is not what its comparison gives"
            yield Flaw(words, str(apart // timedelta(milliseconds=1)), str(clock.offset_ms))


def _against_files(description: Description) -> Iterator[Flaw]:
    """Yield where files lie outside of the exhibit's times, or one stands there twice."""
    first, last = description.displayed_start, description.displayed_end
    for file in description.files:
        if _known(file.displayed_start) < _known(first) or _known(file.displayed_end) > _known(
            last
        ):
            words = "A file was recorded outside of the exhibit's times"
            found = f"{file.displayed_start} to {file.displayed_end}"
            yield Flaw(words, f"{first} to {last}", found)
    digests = [file.sha256 for file in description.files]
    for twice in sorted({one for one in digests if digests.count(one) > 1}):
        yield Flaw("The same file stands in an exhibit twice", "each file once", twice)


def sequence(files: Sequence[DescribedFile]) -> tuple[str, ...]:
    """Say where files of one camera leave a gap, or overlap: a sentence each, in order of time."""
    said: list[str] = []
    for camera in dict.fromkeys(file.camera.id for file in files):
        ours = [file for file in files if file.camera.id == camera]
        ours.sort(key=lambda file: _known(file.displayed_start))
        until = ours[0].displayed_end
        for file in ours[1:]:
            apart = (_known(file.displayed_start) - _known(until)).total_seconds()
            if apart:
                what = "are missing" if apart > 0 else "are there twice"
                said.append(
                    f"Camera {camera}, as displayed: {abs(apart):.3f} seconds {what} between the "
                    f"file that ends at {until} and the one that starts at {file.displayed_start}."
                )
            until = max(until, file.displayed_end, key=_known)
    return tuple(said)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if TIME_FORM.fullmatch(text) else None
        return None if moment is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _known(text: str) -> datetime:
    moment = _moment(text)
    assert moment is not None, f"{text} was checked before"
    return moment
