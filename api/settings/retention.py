"""Edge. The classes of retention of a council: its own, and the usual ones beside them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from api.settings.errors import SettingsError
from evidence.retention.classes import MOST_DAYS, USUAL_RETENTION, Retention, RetentionClass

MOST_CLASSES, MOST_NAME, MOST_BASIS = 20, 100, 500
_SAID = frozenset(one.name for one in fields(RetentionClass)) - {"key"}


def read_retention(table: Mapping[str, Any]) -> Retention:
    """Read it from council.toml: what it says of a usual class wins, and it may have others.

    Raises:
        SettingsError: something is not as it must be.
    """
    said = table.get("retention", {})
    given = said.get("classes", {})
    if not isinstance(given, Mapping) or not all(
        isinstance(one, Mapping) for one in given.values()
    ):
        raise SettingsError(
            "council.toml: retention.classes holds a table for each class, such as "
            "[retention.classes.civil]"
        )
    classes = dict(USUAL_RETENTION.classes)
    for key, own in given.items():
        classes[key] = _read_class(key, own, classes.get(key))
    if len(classes) > MOST_CLASSES:
        raise SettingsError(f"council.toml: retention.classes has at most {MOST_CLASSES} classes")
    default = said.get("default", USUAL_RETENTION.default)
    if default not in classes:
        raise SettingsError(
            f"council.toml: retention.default is one of the classes: {', '.join(classes)}"
        )
    return Retention(classes, default)


def _read_class(key: str, own: Mapping[str, Any], usual: RetentionClass | None) -> RetentionClass:
    place = f"council.toml: retention.classes.{key}"
    if not (key.isascii() and key.isidentifier() and key.islower() and len(key) <= MOST_NAME):
        raise SettingsError(f"{place}: a class is called by small letters, such as civil")
    if unknown := own.keys() - _SAID:
        raise SettingsError(f"{place} has no {', '.join(sorted(unknown))}")
    read = {name: own.get(name, getattr(usual, name, None)) for name in _SAID}
    for name, most in (("name", MOST_NAME), ("basis", MOST_BASIS)):
        words = read[name]
        right = isinstance(words, str) and words.strip() and words.isprintable()
        if not right or len(words) > most:
            raise SettingsError(f"{place}.{name} is one line of at most {most} characters")
    days = read["days"]
    if type(days) is not int or not 0 < days <= MOST_DAYS:
        raise SettingsError(f"{place}.days is a number from 1 to {MOST_DAYS}")
    return RetentionClass(key, **read)
