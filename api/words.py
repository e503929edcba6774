"""Edge. How values are written on a page: times in the council's timezone, sizes, states."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from evidence.exhibits.clocks import LONDON
from evidence.fees.invoicing.lines import statement_reference
from evidence.fees.prices import pounds
from evidence.paging import MOST_COUNTED
from export.package.documents.contents import size_words

_KILO = 1000

STAGES: Mapping[str, str] = {"review": "Review of the footage", "release": "Release of the footage"}

STATES: Mapping[str, tuple[str, str]] = {
    "received": ("Received", "govuk-tag--blue"),
    "examined": ("Being copied", "govuk-tag--blue"),
    "ready": ("Ready", "govuk-tag--green"),
    "attention": ("Needs a person", "govuk-tag--orange"),
    "master_alone": ("Master alone", "govuk-tag--green"),
    "set_aside": ("Set aside", "govuk-tag--grey"),
    "disposed": ("Disposed of", "govuk-tag--grey"),
    "proposed": ("Waiting for approval", "govuk-tag--yellow"),
    "approved": ("Approved", "govuk-tag--turquoise"),
    "refused": ("Refused", "govuk-tag--red"),
    "withdrawn": ("Withdrawn", "govuk-tag--grey"),
    "sealing": ("Being sealed", "govuk-tag--blue"),
    "sealed": ("Sealed", "govuk-tag--green"),
    "expired": ("Expired", "govuk-tag--grey"),
    "revoked": ("Revoked", "govuk-tag--red"),
    "due": ("Due", "govuk-tag--yellow"),
    "paid": ("Paid", "govuk-tag--green"),
    "partly_refunded": ("Partly refunded", "govuk-tag--turquoise"),
    "refunded": ("Refunded", "govuk-tag--grey"),
    "waived": ("Waived", "govuk-tag--grey"),
    "on_account": ("On account", "govuk-tag--green"),
    "partly_credited": ("Partly credited", "govuk-tag--turquoise"),
    "credited": ("Credited", "govuk-tag--grey"),
    "asked": ("Begun", "govuk-tag--blue"),
    "created": ("At the card page", "govuk-tag--blue"),
    "started": ("At the card page", "govuk-tag--blue"),
    "submitted": ("On its way", "govuk-tag--blue"),
    "capturable": ("On its way", "govuk-tag--blue"),
    "success": ("Done", "govuk-tag--green"),
    "failed": ("Declined", "govuk-tag--red"),
    "cancelled": ("Cancelled", "govuk-tag--grey"),
    "error": ("Failed", "govuk-tag--red"),
    "ordered": ("Ordered", "govuk-tag--yellow"),
}
"""What a state is called, and the colour of its tag."""


def local_time(moment: datetime) -> str:
    """Return a time as people in England write it, with its zone: 20 November 2026, 2:03:00 pm."""
    at = moment.astimezone(LONDON)
    half = "am" if at.hour < 12 else "pm"  # noqa: PLR2004 - noon
    clock = f"{at.hour % 12 or 12}:{at:%M:%S} {half}"
    return f"{at.day} {at:%B %Y}, {clock} {at:%Z}"


def local_minute(moment: datetime) -> str:
    """Return a time to the minute: 20 November 2026, 2:03 pm GMT."""
    at = moment.astimezone(LONDON)
    half = "am" if at.hour < 12 else "pm"  # noqa: PLR2004 - noon
    return f"{at.day} {at:%B %Y}, {at.hour % 12 or 12}:{at:%M} {half} {at:%Z}"


def local_date(moment: datetime) -> str:
    """Return a date as people in England write it."""
    at = moment.astimezone(LONDON)
    return f"{at.day} {at:%B %Y}"


def long_date(day: date) -> str:
    """Return a day as people in England write it."""
    return f"{day.day} {day:%B %Y}"


def exact_pounds(pence: int) -> str:
    """Return an amount as it stands in accounts: £25.00."""
    return f"{'-' if pence < 0 else ''}£{abs(pence) // 100:,}.{abs(pence) % 100:02}"


def percent(basis_points: int) -> str:
    """Return a rate: 20%, 17.5%."""
    return f"{basis_points / 100:g}%"


def size(count: int) -> str:
    """Return a number of bytes in a unit that says something."""
    amount, unit = float(count), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if amount < _KILO or unit == "TB":
            break
        amount /= _KILO
    return f"{count} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"


def offset(milliseconds: int) -> str:
    """Return what a clock offset means (positive: the system was fast)."""
    if milliseconds == 0:
        return "correct"
    span = timedelta(milliseconds=abs(milliseconds))
    whole = f"{span.total_seconds():g} seconds"
    return f"{whole} {'fast' if milliseconds > 0 else 'slow'}"


def state(name: str) -> str:
    """Return what a state is called."""
    return STATES.get(name, (name, ""))[0]


def state_class(name: str) -> str:
    """Return the class of a state's tag."""
    return STATES.get(name, ("", "govuk-tag--grey"))[1]


def machine_time(moment: datetime) -> str:
    """Return a time for `<time datetime>` (HTML, 4.5.14)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def counted(number: int) -> str:
    """Return how many there are, as far as they are counted."""
    return f"more than {MOST_COUNTED:,}" if number > MOST_COUNTED else f"{number:,}"


def local_text(text: str) -> str:
    """Return a time with its offset, as records hold it, as people in England write it."""
    return local_time(datetime.fromisoformat(text))


def stage(name: str) -> str:
    """Return what a fee is for."""
    return STAGES[name]


FILTERS: Mapping[str, Callable[[Any], str]] = {
    "counted": counted,
    "local_time": local_time,
    "local_date": local_date,
    "long_date": long_date,
    "local_minute": local_minute,
    "local_text": local_text,
    "machine_time": machine_time,
    "size": size,
    "pounds": pounds,
    "exact_pounds": exact_pounds,
    "percent": percent,
    "stage": stage,
    "statement": statement_reference,
    "exact_size": size_words,
    "offset": offset,
    "state": state,
    "state_class": state_class,
}
