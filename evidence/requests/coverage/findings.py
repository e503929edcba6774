"""Pure. What the register said of a request, as `coverage.found` commits to it.

docs/formats/requests.md has the form.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from custody.formats.canonical import JSON
from evidence.cameras.coverage import Covering, Found, FoundBy, Sought
from evidence.exhibits.clocks import LONDON
from evidence.requests.asked import Asked

VERSION: Final = 1
FOUND: Final = "coverage.found"
_WHERE = ("street", "landmark", "point")


def sought_in(asked: Asked) -> Sought:
    """Return what the register is asked about: the days are those of London."""
    street, landmark, point = (asked.said(name) for name in _WHERE)
    first, last = (one.astimezone(LONDON).date() for one in (asked.start, asked.end))
    return Sought(
        words=tuple(filter(None, (f"{street} {landmark}" if landmark else "", street, landmark))),
        point=point,
        named=asked.cameras,
        days=_days(first, last),
    )


def is_elsewhere(asked: Asked, before: Asked) -> bool:
    """Tell whether a correction asks the register for something else."""
    return sought_in(asked) != sought_in(before)


def found_json(found: Found) -> dict[str, JSON]:
    """Return what was found as an event commits to it."""
    return {
        "version": VERSION,
        "by": found.by.value,
        "places": list(found.places),
        "cameras": [
            {
                "reference": one.reference,
                "location": one.location,
                "distance_m": one.distance_m,
            }
            for one in found.cameras
        ],
        "named": list(found.named),
        "register": found.register,
    }


def parse_found(facts: Mapping[str, Any]) -> Found:
    """Return what an event or a row says was found; where cameras are it does not say."""
    return Found(
        by=FoundBy(facts["by"]),
        places=tuple(facts["places"]),
        cameras=tuple(
            Covering(one["reference"], one["location"], one["distance_m"], None)
            for one in facts["cameras"]
        ),
        named=tuple(facts["named"]),
        register=str(facts["register"]),
    )


def covering_words(found: Found) -> str:
    """Return in a sentence which cameras may have captured it; whoever asks reads it."""
    listed = ", ".join(f"{one.reference} ({one.location})" for one in found.cameras)
    return f"Cameras that may have captured it: {listed}" if listed else ""


def references(found: Found) -> tuple[str, ...]:
    """Return every camera that was found or named, once."""
    return tuple(dict.fromkeys((*(one.reference for one in found.cameras), *found.named)))


def latest_found(steps: Sequence[Any]) -> Found | None:
    """Return what the register said last of a request, by its steps; None: nothing is known."""
    said = [step.told for step in steps if step.event == FOUND]
    return parse_found(said[-1]["facts"]) if said and "facts" in said[-1] else None


def _days(first: date, last: date) -> tuple[date, ...]:
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))
