"""Pure. Entries of the disclosure register, and the days of which they are wanted."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from evidence.errors import InvalidError
from evidence.exhibits.clocks import LONDON


class How(StrEnum):
    """How a package went out."""

    LINK = "secure link"
    HANDOFF = "hand-off"
    STAFF = "collected by staff"
    OFFERED = "offered by secure link, not collected"

    @property
    def happened(self) -> bool:
        """Whether anything was disclosed."""
        return self is not How.OFFERED


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One entry of the register."""

    at: datetime
    how: How
    release: str
    """The reference, which leads to everything else: BAR-7K4M-2XQ9-J-R1."""
    person: str
    email: str
    organisation: str
    kind: str
    why: str
    basis: str
    exhibits: tuple[str, ...]
    """Each with what of it went: ``JS/1 with master``."""
    files: int
    sha256: str
    """Of the whole package, as it was sealed."""
    approved_by: tuple[str, ...]
    taken_by: str
    """Who took it out, each time; empty: nobody, it was only offered."""
    role: str
    """The role in which they did."""
    detail: str
    """The other system and its reference."""
    receipt: datetime | None
    """When the recipient confirmed, by its digest, that this download arrived whole."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days of which entries are wanted, both included, in the council's own time."""

    first: date | None = None
    last: date | None = None

    @property
    def start(self) -> datetime | None:
        """The moment when it begins; None: there is none."""
        return None if self.first is None else datetime.combine(self.first, time(), LONDON)

    @property
    def end(self) -> datetime | None:
        """The moment when it is over; None: there is none."""
        if self.last is None:
            return None
        return datetime.combine(self.last + timedelta(days=1), time(), LONDON)


def parse_period(first: str, last: str) -> Period:
    """Read two dates as ``2026-11-21``; empty: no limit.

    Raises:
        InvalidError: no date, or the last day lies before the first.
    """
    period = Period(_day("first", first), _day("last", last))
    if period.first and period.last and period.last < period.first:
        raise InvalidError("last", "the last day lies before the first")
    return period


def _day(name: str, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or not 1970 <= day.year < 2200:  # noqa: PLR2004 - nobody meant another year
        raise InvalidError(name, "this is no date: write it like 2026-11-21")
    return day
