"""Pure. Which fields of which events a package opens, by who gets it: a closed allow-list.

What is not on it stays closed. The service opens by it, and step V7 of every verification demands
that exactly this is open (docs/formats/package.md, "What is opened to whom").
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from custody.formats.canonical import JSON
from custody.formats.disclosure import LoggedEvent
from custody.formats.events import COMMON_FIELDS, EVENTS

COURTS: Final = frozenset({"police", "cps", "council"})
"""Those who may know how the council keeps a thing, too: for how long, and whether it is held."""
_CIVIL: Final = frozenset({"insurer", "solicitor", "authorised body"})
_SUBJECT: Final = frozenset({"data subject"})
KINDS: Final = COURTS | _CIVIL | _SUBJECT
"""The kinds of release that have an audience."""

_HANDLING: Final = (
    "exhibit.received",
    "exhibit.described",
    "exhibit.corrected",
    "exhibit.extended",
    "exhibit.examined",
    "exhibit.derived",
    "clock.checked",
    "integrity.checked",
    "integrity.failed",
)


_OURS: Final = frozenset({"conditions"})
"""What an event says for the house's own audit: where a thing lies, and how it is to leave."""


def _but(event: str, *closed: str) -> frozenset[str]:
    """Return the fields of an event that it has beside the common ones, but for some."""
    return frozenset(EVENTS[event].fields) - _OURS - {*closed}


_OFCOURTS: Final = {
    event: _but(event)
    for event in (
        *_HANDLING,
        "statement.signed",
        "exhibit.viewed",
        "release.proposed",
        "release.approved",
    )
}
_OF_CIVIL: Final = {
    **{event: _but(event, "actor") for event in _HANDLING},
    "statement.signed": frozenset({"role", "statement"}),
    "release.proposed": _but("release.proposed", "actor"),
    "release.approved": frozenset({"role", "how"}),
}
_OF_SUBJECT: Final = {
    **{event: _but(event, "actor", "role") for event in _HANDLING},
    "release.proposed": frozenset({"role", "kind", "files", "exhibits"}),
    "release.approved": frozenset({"role", "how"}),
}
OPENED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    **dict.fromkeys(COURTS, _OFCOURTS),
    **dict.fromkeys(_CIVIL, _OF_CIVIL),
    **dict.fromkeys(_SUBJECT, _OF_SUBJECT),
}
"""By kind of release and event, what is open beside `record`, `n` and `prev`, which always are."""

_RELEASED: Final = frozenset({"release", "sha256"})
"""What is open of `exhibit.released`, where it tells of the release that the package is of."""


def opened_fields(kind: str, event: str, *, of_this_release: bool = False) -> frozenset[str]:
    """Return the fields that a package of this kind of release opens of an event.

    ``of_this_release``: the event is an `exhibit.released` that names the package's own release.
    """
    if event == "exhibit.released" and of_this_release and kind in KINDS:
        return _RELEASED | COMMON_FIELDS.keys()
    return OPENED.get(kind, {}).get(event, frozenset()) | COMMON_FIELDS.keys()


def disclose(event: LoggedEvent, kind: str, release: str) -> LoggedEvent:
    """Close every field of an event that a package of ``release`` must not open."""
    values: Mapping[str, JSON] = {one.field: one.value for one in event.openings}
    allowed = opened_fields(
        kind, event.entry.event, of_this_release=values.get("release") == release
    )
    return replace(event, openings=tuple(one for one in event.openings if one.field in allowed))
