"""Edge. What a form says of a clip: its fields, and what is wrong with them, all at once."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData

from api.web.console.intake.moments import moment_in, parse_clock, parse_moment
from evidence.errors import InvalidError, StateError
from evidence.exhibits.exhibits import NewExhibit

FIELDS = (
    "reference",
    "camera",
    "title",
    *(
        f"{moment}{part}"
        for moment in ("displayed_start", "displayed_end", "clock_checked_at", "exported_at")
        for part in ("-day", "-month", "-year", "_time")
    ),
    "clock",
    "clock_hours",
    "clock_minutes",
    "clock_seconds",
    "clock_reference",
    "method",
)
"""Everything that is typed; a page that goes on carries all of it."""
_PLACES = {"ref": "reference", "clock_offset": "clock_minutes"}
"""Where a service's name of a field is not the form's."""


def typed_in(form: FormData) -> tuple[dict[str, str], list[str]]:
    """Return the fields that we know, and the files, as they were typed."""
    typed = {name: value for name in FIELDS if isinstance(value := form.get(name), str)}
    return typed, [file for file in form.getlist("file") if isinstance(file, str)]


def read_clip(typed: Mapping[str, str]) -> tuple[NewExhibit | None, dict[str, str]]:
    """Return what was said of a clip, and what is wrong with it: by field, all at once."""
    errors: dict[str, str] = {}

    def tried(read: Callable[[], str | int]) -> Any:  # noqa: ANN401 - what it reads
        try:
            return read()
        except InvalidError as error:
            errors[error.field] = sentence(error)
            return ""

    def needed(field: str, words: str) -> str:
        value = typed.get(field, "").strip()
        if not value:
            errors[field] = words
        return value

    def moment(field: str, what: str, *, optional: bool = False, day_of: str = "") -> str:
        said = moment_in({**typed, **_date_of(typed, day_of, field)}, field)
        if optional and said.empty:
            return ""
        return str(tried(lambda: parse_moment(field, said, what=what)))

    reference = needed("reference", "Enter your initials, or a whole reference").upper()
    camera = needed("camera", "Enter the camera, as your camera list names it")
    start = moment("displayed_start", "the recording starts")
    end = moment("displayed_end", "the recording ends", day_of="displayed_start")
    offset = tried(lambda: parse_clock(typed))
    compared = needed("clock_reference", "Enter what the clock was compared with")
    checked_at = moment("clock_checked_at", "the clock was compared", optional=True)
    exported_at = moment("exported_at", "the clip was exported", optional=True)
    if errors:
        return None, errors
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
    ), errors


def _date_of(typed: Mapping[str, str], other: str, field: str) -> dict[str, str]:
    """Return the date of another moment for one that has none: most clips end on their day."""
    if not other or not moment_in(typed, field).undated:
        return {}
    return {
        f"{field}{part}": typed.get(f"{other}{part}", "") for part in ("-day", "-month", "-year")
    }


def place(error: InvalidError | StateError) -> str:
    """Return the field of the form that an error of a service is about."""
    if isinstance(error, InvalidError):
        return _PLACES.get(error.field, error.field)
    return "reference"  # the one thing that is taken once and for all


def sentence(error: Exception) -> str:
    """Return an error's words as they begin in a form."""
    words = str(error)
    return words[:1].upper() + words[1:]
