"""Edge. What a request says of the files of an exhibit: where they are, and when they run."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from api.routes.uploads import EXAMPLE_ID
from api.views import View
from evidence.errors import InvalidError
from evidence.exhibits.particulars import NewFile


class FileTimes(View):
    """When one of several files starts and ends, as the system displayed it, and its camera."""

    displayed_start: str = Field(examples=["2026-11-20 14:03:00"], max_length=40)
    displayed_end: str = Field(examples=["2026-11-20 14:05:00"], max_length=40)
    camera: str = Field(
        default="",
        max_length=200,
        examples=["BAR-0018"],
        description="left out: the exhibit's",
    )


class UploadedFile(View):
    """An upload, and the name of its file where it came from."""

    upload: UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(min_length=1, max_length=1000, examples=["ch03_20261120140300.mp4"])
    times: FileTimes | None = Field(
        default=None, description="needed where there are several files; of all, or of none"
    )


def times_of(files: Sequence[UploadedFile]) -> tuple[NewFile, ...]:
    """Return what is said of each file, or nothing where nothing is said of any.

    Raises:
        InvalidError: it is said of some only.
    """
    said = [file.times for file in files if file.times is not None]
    if said and len(said) < len(files):
        raise InvalidError("files", "say of each file when it starts and ends, or of none")
    return tuple(map(file_times, said))


def file_times(said: FileTimes) -> NewFile:
    """Return what is said of one file."""
    return NewFile(said.displayed_start, said.displayed_end, said.camera)
