"""Edge. What a council tells the public about its cameras, and which numbers it hides doing so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.settings.errors import SettingsError

PURPOSES = (
    "To prevent and detect crime and anti-social behaviour, and to bring to court who does it.",
    "To help people who are in danger, and to find people who are missing.",
    "To manage traffic, crowds and emergencies in public places.",
    "To give evidence to people and insurers with a legal claim about what happened in public.",
)
"""What the cameras of a council are usually for; a council says its own."""
LEAST, MOST_LEAST = 3, 100
"""Of two, each knows the other."""
MOST_MEAN = 10_000
MOST_PURPOSES, MOST_PURPOSE = 20, 500


@dataclass(frozen=True, slots=True)
class Transparency:
    """What the public is told."""

    suppress_below: int = 5
    """Statistics hide numbers below this one."""
    mean_from: int = 20
    """A mean is published once so many requests stand behind it."""
    purposes: tuple[str, ...] = PURPOSES
    """What the cameras are for."""


USUALLY_TOLD = Transparency()


def read_transparency(table: Mapping[str, Any]) -> Transparency:
    """Read it from council.toml.

    Raises:
        SettingsError: something is not as it must be.
    """
    counting, telling = table.get("statistics", {}), table.get("transparency", {})
    least, mean = counting.get("suppress_below", 5), counting.get("mean_from", 20)
    if type(least) is not int or not LEAST <= least <= MOST_LEAST:
        raise SettingsError(
            f"council.toml: statistics.suppress_below is a number from {LEAST} to {MOST_LEAST}"
        )
    if type(mean) is not int or not least <= mean <= MOST_MEAN:
        raise SettingsError(
            "council.toml: statistics.mean_from is a number from that of suppress_below to "
            f"{MOST_MEAN}"
        )
    purposes = telling.get("purposes", PURPOSES)
    listed = isinstance(purposes, list | tuple) and 0 < len(purposes) <= MOST_PURPOSES
    if not listed or not all(map(_is_purpose, purposes)):
        raise SettingsError(
            f"council.toml: transparency.purposes lists 1 to {MOST_PURPOSES} sentences, each of "
            f"one line and at most {MOST_PURPOSE} characters"
        )
    return Transparency(least, mean, tuple(purposes))


def _is_purpose(said: object) -> bool:
    if not isinstance(said, str) or not said.strip() or len(said) > MOST_PURPOSE:
        return False
    return said.isprintable()
