"""Edge. What council.toml may say, and the sentence for what it may not."""

import re
from collections.abc import Mapping
from typing import Any

from api.settings.errors import SettingsError
from api.settings.facts import Council
from custody.errors import FormatError
from custody.formats.checkpoint import require_origin

MOST_DAYS = 36_500
LEAST_KEPT = 28
"""Days for which what is personal of a request stays after its end, whatever a council says."""
_TABLES = {
    "log": {"origin", "publish", "lock_days", "stamp_hours"},
    "retention": {"days", "default", "classes"},
    "fixity": {"days"},
    "contact": {"email", "telephone"},
    "look": {"colour"},
    "links": {"days", "downloads"},
    "recipients": {"police", "free"},
    "documents": {"most_mb", "days_after_check", "longest_days"},
    "requests": {"answer_days", "count", "unpaid_days", "erase_days", "appeal"}
    | {"register_decides", "incident_pattern", "incident_example"},
    "fees": {"review", "release", "vat_percent", "vat_number"},
    "cameras": {"points"},
    "map": {"tiles", "attribution", "attribution_link", "max_zoom"},
    "statistics": {"suppress_below", "mean_from"},
    "transparency": {"purposes"},
    "witnesses": {"policy", "wait_seconds"},
}
"""The tables of council.toml, and what each may hold."""
_PREFIX = re.compile("[A-Z]{2,5}")
_COLOUR = re.compile("#[0-9a-f]{6}")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")
_LEAST_CONTRAST = 4.5
_MOST_APPEAL = 2000


def check_keys(table: Mapping[str, Any]) -> None:
    """Refuse a misspelt key: its default would hold, and nobody would notice."""
    unknown = {*(table.keys() - {"name", "urn_prefix", "demonstration", *_TABLES})}
    for part, own in _TABLES.items():
        unknown |= {f"{part}.{key}" for key in table.get(part, {}).keys() - own}
    if unknown:
        raise SettingsError(f"council.toml has no {', '.join(sorted(unknown))}")


def check_council(council: Council) -> None:
    """Refuse what the council says of itself and cannot be.

    Raises:
        SettingsError: names it, and says what it may be.
    """
    texts: tuple[object, ...] = (council.name, council.urn_prefix, council.origin)
    if not all(isinstance(value, str) and value.strip() for value in texts):
        raise SettingsError("council.toml: name, urn_prefix and log.origin must be texts")
    if not council.name.isprintable():
        raise SettingsError("council.toml: name must be one line of plain text")
    if not _PREFIX.fullmatch(council.urn_prefix):
        raise SettingsError("council.toml: urn_prefix is two to five capital letters, such as BAR")
    for name, said in (
        ("demonstration", council.demonstration),
        ("cameras.points", council.camera_points),
        ("requests.register_decides", council.register_decides),
    ):
        if not isinstance(said, bool):
            raise SettingsError(f"council.toml: {name} is true or false")
    numbers: tuple[tuple[str, object, int], ...] = (
        ("retention.days", council.retention_days, MOST_DAYS),
        ("log.stamp_hours", council.stamp_hours, 7 * 24),
        ("fixity.days", council.read_days, 3650),
        ("links.days", council.link_days, 90),
        ("links.downloads", council.downloads, 100),
        ("requests.answer_days", council.answer_days, 100),
        ("requests.unpaid_days", council.unpaid_days, 365),
        ("documents.most_mb", council.document_mb, 25),
        ("documents.days_after_check", council.document_days, 365),
        ("documents.longest_days", council.document_longest_days, 365),
    )
    for name, number, most in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= most:
            raise SettingsError(f"council.toml: {name} is a number from 1 to {most}")
    days: object = council.erase_days
    if not isinstance(days, int) or isinstance(days, bool) or not LEAST_KEPT <= days <= MOST_DAYS:
        raise SettingsError(
            f"council.toml: requests.erase_days is a number from {LEAST_KEPT} to {MOST_DAYS}: for "
            f"{LEAST_KEPT} days whoever is refused may ask that it is looked at again"
        )
    _check_look(council)
    _check_recipients(council)
    try:
        require_origin(council.origin)
    except FormatError as error:
        raise SettingsError(f"council.toml: log.origin cannot be used: {error}") from error


def _check_recipients(council: Council) -> None:
    domains: tuple[object, ...] = council.police
    if not domains or not all(isinstance(one, str) and _HOST.fullmatch(one) for one in domains):
        raise SettingsError(
            'council.toml: recipients.police lists domains, such as ["police.uk", "cps.gov.uk"]'
        )
    free: tuple[object, ...] = council.free
    if not all(isinstance(one, str) and _HOST.fullmatch(one) for one in free):
        raise SettingsError(
            'council.toml: recipients.free lists domains, such as ["mailbox.example"]'
        )
    appeal: object = council.appeal
    if not isinstance(appeal, str) or not 0 < len(appeal) <= _MOST_APPEAL:
        raise SettingsError(
            f"council.toml: requests.appeal is a text of at most {_MOST_APPEAL} characters"
        )


def _check_look(council: Council) -> None:
    texts: tuple[object, ...] = (council.email, council.telephone, council.colour)
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise SettingsError("council.toml: contact and look hold texts of one line")
    if not _COLOUR.fullmatch(council.colour):
        raise SettingsError('council.toml: look.colour is written "#12403c"')
    if (contrast := _contrast_with_white(council.colour)) < _LEAST_CONTRAST:
        raise SettingsError(
            f"council.toml: white text on look.colour {council.colour} has a contrast of "
            f"{contrast:.1f} to 1; people need at least {_LEAST_CONTRAST} to 1: choose a darker one"
        )


def _contrast_with_white(colour: str) -> float:
    """Return the contrast ratio (WCAG 2.2, "relative luminance" and "contrast ratio")."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
        for part in parts
    )
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
