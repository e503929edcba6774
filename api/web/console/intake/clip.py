"""Edge. What a form says of a clip: its fields, and what is wrong with them, all at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from api.acts import act
from api.services import Services
from api.web.console.intake.moments import (
    moment_in,
    parse_clock,
    parse_moment,
    typed_clock,
    typed_moment,
)
from api.web.console.words import sentence
from api.web.staff import Staff
from evidence.errors import InvalidError, StateError, UnlikelyError
from evidence.exhibits.description import Description
from evidence.exhibits.doubts import Doubt
from evidence.exhibits.particulars import NewExhibit, NewFile, restated

CONFIRM = "confirm_"
"""Begins the name of the checkbox by which an operator says that something unlikely is right."""
DOUBTS: Mapping[Doubt, str] = {
    Doubt.CLOCK_OFFSET: "The clock was off by a day or more",
    Doubt.LONG_RECORDING: "The recording goes on for more than a day",
    Doubt.AHEAD: "The recording ends in the future",
    Doubt.EXPORTED_EARLY: "The recording ends after it was exported",
    Doubt.EMPTY_FILE: "A file is empty",
    Doubt.UNFILLED: "No file fills the whole time",
}
"""What looks unlikely, as a form says it."""
FIELDS = (
    "request",
    "reference",
    "camera",
    "title",
    *(
        f"{moment}{part}"
        for moment in ("displayed_start", "displayed_end", "clock_checked_at", "exported_at")
        for part in ("-day", "-month", "-year", "_time")
    ),
    "clock",
    *(f"{CONFIRM}{doubt}" for doubt in Doubt),
    "clock_hours",
    "clock_minutes",
    "clock_seconds",
    "clock_reference",
    "method",
)
"""Everything that is typed of one file; a page that goes on carries all of it."""
_OF_FILE = re.compile(
    r"file[1-9][0-9]{0,2}_(?:camera|(?:start|end)(?:-day|-month|-year|_time))", re.ASCII
)
"""What is typed of each file where there are several: `file1_start-day`, `file2_camera`."""
_PLACE_OF_FILE = re.compile(r"files\.(?P<number>\d+)\.(?:displayed_)?(?P<what>start|end|camera)")
_PLACES = {"ref": "reference", "clock_offset": "clock_minutes"}
"""Where a service's name of a field is not the form's."""


def typed_in(form: FormData) -> tuple[dict[str, str], list[str]]:
    """Return the fields that we know, and the files, as they were typed."""
    names = (*FIELDS, *(name for name in form if _OF_FILE.fullmatch(name)))
    typed = {name: value for name in names if isinstance(value := form.get(name), str)}
    return typed, [file for file in form.getlist("file") if isinstance(file, str)]


def read_clip(typed: Mapping[str, str], files: int = 1) -> tuple[NewExhibit | None, dict[str, str]]:
    """Return what was said of a clip, and what is wrong with it: by field, all at once.

    Of several ``files`` each has its own times, and the exhibit's follow from them.
    """
    form = _Form(typed)
    reference = form.needed("reference", "Enter your initials, or a whole reference").upper()
    camera = form.needed("camera", "Enter the camera, as your camera list names it")
    start, end = "", ""
    if files == 1:
        start = form.moment("displayed_start", "the recording starts")
        end = form.moment("displayed_end", "the recording ends", day_of="displayed_start")
    each = tuple(form.file(f"file{number}") for number in range(1, files + 1) if files > 1)
    offset = form.tried(lambda: parse_clock(typed))
    compared = typed.get("clock_reference", "")
    if offset is not None:
        compared = form.needed("clock_reference", "Enter what the clock was compared with")
    checked_at = form.moment("clock_checked_at", "the clock was compared", optional=True)
    exported_at = form.moment("exported_at", "the clip was exported", optional=True)
    if form.errors:
        return None, form.errors
    return NewExhibit(
        reference=reference,
        camera=camera,
        displayed_start=start,
        displayed_end=end,
        clock_offset_ms=offset,
        clock_reference=compared,
        clock_checked_at=checked_at,
        title=typed.get("title", ""),
        method=typed.get("method", ""),
        exported_at=exported_at,
        files=each,
        confirmed=confirmed_in(typed),
    ), form.errors


def read_recording(typed: Mapping[str, str]) -> tuple[NewFile | None, dict[str, str]]:
    """Return what was said of one recording that is added, and what is wrong with it, by field."""
    form = _Form(typed)
    file = form.file("file1")
    return None if form.errors else file, form.errors


def confirmed_in(typed: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Return what was said to be right though it is unlikely."""
    return tuple(doubt for doubt in Doubt if typed.get(f"{CONFIRM}{doubt}"))


@dataclass(frozen=True, slots=True)
class _Form:
    """What was typed, and what was found wrong so far."""

    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def tried(self, read: Callable[[], str | int | None]) -> Any:  # noqa: ANN401 - what it reads
        try:
            return read()
        except InvalidError as error:
            self.errors[error.field] = sentence(error)
            return ""

    def needed(self, name: str, words: str) -> str:
        value = self.typed.get(name, "").strip()
        if not value:
            self.errors[name] = words
        return value

    def moment(self, name: str, what: str, *, optional: bool = False, day_of: str = "") -> str:
        said = moment_in({**self.typed, **_date_of(self.typed, day_of, name)}, name)
        if optional and said.empty:
            return ""
        return str(self.tried(lambda: parse_moment(name, said, what=what)))

    def file(self, name: str) -> NewFile:
        starts = f"{name}_start" if self.typed.get(f"{name}_start-day") else "file1_start"
        return NewFile(
            self.moment(f"{name}_start", "this file starts", day_of="file1_start"),
            self.moment(f"{name}_end", "this file ends", day_of=starts),
            self.typed.get(f"{name}_camera", "").strip(),
        )


def _date_of(typed: Mapping[str, str], other: str, field: str) -> dict[str, str]:
    """Return the date of another moment for one that has none: most clips end on their day."""
    if not other or not moment_in(typed, field).undated:
        return {}
    return {
        f"{field}{part}": typed.get(f"{other}{part}", "") for part in ("-day", "-month", "-year")
    }


def typed_of(description: Description) -> dict[str, str]:
    """Return what would be typed to state an exhibit as it is stated: a correction's beginning."""
    said, clock = restated(description), description.clock_check
    typed = {"camera": said.camera, "title": said.title, "method": said.method}
    moments = {"exported_at": said.exported_at, "clock_checked_at": said.clock_checked_at}
    if said.files:
        for number, file in enumerate(said.files, 1):
            moments[f"file{number}_start"] = file.displayed_start
            moments[f"file{number}_end"] = file.displayed_end
            typed[f"file{number}_camera"] = file.camera
    else:
        moments |= {"displayed_start": said.displayed_start, "displayed_end": said.displayed_end}
    for name, text in moments.items():
        typed |= typed_moment(name, text)
    typed |= typed_clock(None if clock is None else clock.offset_ms)
    if clock is not None:
        typed["clock_reference"] = clock.reference_source
    return typed | {f"{CONFIRM}{doubt}": "yes" for doubt in said.confirmed}


def shown_in_form(
    typed: Mapping[str, str], errors: Mapping[str, str], files: int
) -> dict[str, Any]:
    """Return what the form of a clip shows beside what was typed: where errors lead, and doubts."""
    ends = [f"file{number}_{end}" for number in range(1, files + 1) for end in ("start", "end")]
    moments = ("displayed_start", "displayed_end", "clock_checked_at", "exported_at", *ends)
    asked = {f"{CONFIRM}{doubt}": words for doubt, words in DOUBTS.items()}
    return {
        "links": {name: f"{name}-day" for name in moments},
        "doubt_words": asked,
        "doubts": [
            (name, errors.get(name, "")) for name in asked if name in errors or typed.get(name)
        ],
    }


def cameras_offered(services: Services, staff: Staff) -> Sequence[tuple[str, str]]:
    """Return the cameras that the form offers while somebody types, each with its place."""
    cameras, by = services.named_cameras, staff.subject
    return act(services, by, lambda session: cameras.offered(session, by=by))


def refusal(error: InvalidError | StateError, files: int = 1) -> dict[str, str]:
    """Return what a service found wrong, by the field of the form that it is about."""
    if isinstance(error, UnlikelyError):
        return {
            f"{CONFIRM}{doubt}": sentence(ValueError(f"{words}. Is this right?"))
            for doubt, words in error.doubts.items()
        }
    if isinstance(error, StateError):
        return {"reference": sentence(error)}  # the one thing that is taken once and for all
    found = _PLACE_OF_FILE.fullmatch(error.field)
    if found:
        return {f"file{found['number']}_{found['what']}": sentence(error)}
    if files > 1 and error.field in {"displayed_start", "displayed_end"}:
        return {f"file1_{error.field.removeprefix('displayed_')}": sentence(error)}
    return {_PLACES.get(error.field, error.field): sentence(error)}
