"""Pure. What is said of a clip and cannot be, or is unlikely enough to ask once more.

What cannot be is refused. What is unlikely is asked: whoever states it may confirm it, and that
stands in the description for good.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from evidence.errors import InvalidError, UnlikelyError
from evidence.exhibits.description import Description

CLOCK_SLACK = timedelta(minutes=5)
"""How far an operator's watch may be ahead of this machine."""
_DAY = timedelta(days=1)


class Doubt(StrEnum):
    """What looks unlikely; a value is what `confirmed` says."""

    CLOCK_OFFSET = "clock_offset"
    """The clock was off by a day or more."""
    LONG_RECORDING = "long_recording"
    """It goes on for more than a day."""
    AHEAD = "recorded_ahead"
    """It would end later than now, and nobody compared the clock."""
    EXPORTED_EARLY = "exported_early"
    """It would end later than its export, and nobody compared the clock."""
    EMPTY_FILE = "empty_file"
    """A file has no byte."""
    UNFILLED = "unfilled"
    """The exhibit starts or ends at another time than its files."""


def settle(
    description: Description,
    sizes: Sequence[int],
    confirmed: Collection[str],
    *,
    at: datetime,
) -> tuple[str, ...]:
    """Return what was unlikely and is confirmed, sorted; ``sizes`` are the files', in bytes.

    Raises:
        InvalidError: something cannot be, or what is confirmed is no doubt that there is.
        UnlikelyError: something is unlikely, and was not confirmed.
    """
    unknown = set(confirmed) - set(Doubt)
    if unknown:
        words = f"{min(unknown)[:80]!r} cannot be confirmed: there are {', '.join(Doubt)}"
        raise InvalidError("confirmed", words)
    _refuse(description, at)
    doubts = {**_of_times(description, at), **_of_files(description, sizes)}
    open_ones = {str(one): words for one, words in doubts.items() if one not in confirmed}
    if open_ones:
        raise UnlikelyError(open_ones)
    return tuple(sorted(doubts))


def _refuse(description: Description, at: datetime) -> None:
    """Refuse what cannot be.

    Raises:
        InvalidError: it names the field.
    """
    digests = [file.sha256 for file in description.files]
    if len(set(digests)) != len(digests):
        raise InvalidError("files", "the same file is there twice: name each file once")
    _refuse_outside(description)
    if description.clock_check is None:
        return
    last, exported = _last(description), _exported(description)
    if last - at > CLOCK_SLACK:
        raise InvalidError(
            "displayed_end",
            f"with the clock's offset the recording would end at {last.isoformat()}, which lies in "
            "the future: check the times and the offset",
        )
    if exported is not None and last - exported > CLOCK_SLACK:
        raise InvalidError(
            "exported_at",
            f"with the clock's offset the recording would end at {last.isoformat()}, after it was "
            "exported: check the times and the offset",
        )


def _refuse_outside(description: Description) -> None:
    first, last = _utc(description.displayed_start), _utc(description.displayed_end)
    for number, file in enumerate(description.files, 1):
        for field, outside in (
            ("displayed_start", _utc(file.displayed_start) < first),
            ("displayed_end", _utc(file.displayed_end) > last),
        ):
            if outside:
                words = f"file {number} was recorded outside of the times of the exhibit"
                raise InvalidError(field, words)


def _of_times(description: Description, at: datetime) -> Mapping[Doubt, str]:
    doubts = {}
    clock, last, exported = description.clock_check, _last(description), _exported(description)
    if clock is not None and abs(clock.offset_ms) >= _DAY // timedelta(milliseconds=1):
        doubts[Doubt.CLOCK_OFFSET] = "the clock would be off by a day or more"
    if last - _first(description) > _DAY:
        doubts[Doubt.LONG_RECORDING] = "the recording would go on for more than a day"
    if clock is None and last - at > CLOCK_SLACK:
        doubts[Doubt.AHEAD] = "the recording would end in the future, and the clock is not checked"
    if clock is None and exported is not None and last - exported > CLOCK_SLACK:
        doubts[Doubt.EXPORTED_EARLY] = (
            "the recording would end after it was exported, and the clock is not checked"
        )
    return doubts


def _of_files(description: Description, sizes: Sequence[int]) -> Mapping[Doubt, str]:
    doubts = {}
    if not all(sizes):
        doubts[Doubt.EMPTY_FILE] = "a file has no byte"
    files = description.files
    begins = min((file.displayed_start for file in files), key=_utc)
    ends = max((file.displayed_end for file in files), key=_utc)
    whole = (_utc(description.displayed_start), _utc(description.displayed_end))
    if whole != (_utc(begins), _utc(ends)):
        doubts[Doubt.UNFILLED] = (
            "no file fills the whole of the exhibit's times: its files were recorded from "
            f"{begins} to {ends}"
        )
    return doubts


def _first(description: Description) -> datetime:
    return _utc(description.corrected_start or description.displayed_start)


def _last(description: Description) -> datetime:
    return _utc(description.corrected_end or description.displayed_end)


def _exported(description: Description) -> datetime | None:
    return None if description.export.at is None else _utc(description.export.at)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
