"""Pure. What a request for a file that never changes asks for (RFC 9110, sections 13 and 14).

One range is served; several at once are answered with the whole, as section 14.2 allows. What
cannot be read as a condition or a range is ignored, as the sections say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_MOST_DIGITS = 19
"""More than any size has: a number of a million digits is not worth reading."""
_POSITION = f"([0-9]{{0,{_MOST_DIGITS}}})"
_ONE_RANGE = re.compile(rf"bytes=[ \t]*{_POSITION}-{_POSITION}[ \t]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything, from the first byte: 200."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some of it: 206."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Outside:
    """A range that begins behind the end: 416."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The asker has it already: 304."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The asker holds a part of something else: 412."""


Asked = Whole | Span | Outside | Unchanged | Changed


@dataclass(frozen=True, slots=True)
class Representation:
    """The file as it is: a strong validator, when it came to be, and its size in bytes."""

    etag: str
    modified: datetime
    size: int

    @property
    def last_modified(self) -> str:
        """The time as `Last-Modified` writes it (RFC 9110, section 5.6.7)."""
        return format_datetime(self.modified.astimezone(UTC), usegmt=True)


def parse_range(text: str, size: int) -> Whole | Span | Outside:
    """Read `Range` (RFC 9110, section 14.1.2) for a file of ``size`` bytes."""
    found = _ONE_RANGE.fullmatch(text)
    if found is None or not any(found.groups()):
        return Whole()
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        return Span(size - length, length) if length else Outside()
    start = int(first)
    if last and int(last) < start:
        return Whole()  # invalid, so there is no range at all (section 14.1.1)
    if start >= size:
        return Outside()
    end = min(int(last), size - 1) if last else size - 1
    return Span(start, end - start + 1)


def asked_for(method: str, headers: Mapping[str, str], held: Representation) -> Asked:
    """Decide what a request gets, in the order of RFC 9110, section 13.2.2.

    ``headers`` by their names in lower case. Only GET and HEAD ask for a part or on a condition;
    a form that is answered with the file asks for the whole.
    """
    if method not in {"GET", "HEAD"}:
        return Whole()
    if (unmet := _unmet(headers, held)) is not None:
        return unmet
    wanted = headers.get("range")
    # A range has no meaning for HEAD (section 14.2).
    if method != "GET" or wanted is None or not _still(headers.get("if-range"), held):
        return Whole()
    return parse_range(wanted, held.size)


def _unmet(headers: Mapping[str, str], held: Representation) -> Changed | Unchanged | None:
    """Return which condition is not met, if one is not."""
    if (said := headers.get("if-match")) is not None:
        if not _names(said, held.etag, weak=False):
            return Changed()
    elif (since := _time(headers.get("if-unmodified-since"))) and _seconds(held.modified) > since:
        return Changed()
    if (said := headers.get("if-none-match")) is not None:
        if _names(said, held.etag, weak=True):
            return Unchanged()
    elif (since := _time(headers.get("if-modified-since"))) and _seconds(held.modified) <= since:
        return Unchanged()
    return None


def _still(validator: str | None, held: Representation) -> bool:
    """Tell whether `If-Range` names what we hold: compared strongly (section 13.1.5)."""
    if validator is None:
        return True
    return validator.strip() in (held.etag, held.last_modified)


def _names(said: str, etag: str, *, weak: bool) -> bool:
    """Tell whether a list of entity tags names ours (sections 8.8.3.2 and 13.1.1)."""
    if said.strip() == "*":
        return True
    tags = {tag.strip() for tag in said.split(",")}
    return etag in tags or (weak and f"W/{etag}" in tags)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo is not None else None


def _seconds(at: datetime) -> datetime:
    """Return a time as exactly as HTTP writes it."""
    return at.replace(microsecond=0)
