"""Pure. Frozen dataclasses as JSON and back, for the records in a package.

Field names are the keys, enums their values, tuples arrays, None null. No floats: RFC 8785 would
allow them, and two programs would print them differently. Reading is by type, and strict: a missing
or unknown key, or a value of another type, is refused.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from custody.canonical import JSON
from export.package.errors import RecordError

T = TypeVar("T")


def to_json(fact: object) -> JSON:
    """Return a fact as what `json` prints.

    Raises:
        RecordError: it holds something that JSON of ours may not hold.
    """
    if fact is None or isinstance(fact, bool | int):
        return fact
    if isinstance(fact, str):
        return str(fact)
    if isinstance(fact, tuple):
        return tuple(to_json(item) for item in fact)
    if is_dataclass(fact) and not isinstance(fact, type):
        return object_json(fact)
    raise RecordError("a record cannot hold this value", found=repr(fact)[:80])


def object_json(fact: object) -> dict[str, JSON]:
    """Return a dataclass as a JSON object.

    Raises:
        RecordError: it holds something that JSON of ours may not hold.
    """
    assert is_dataclass(fact)
    return {field.name: to_json(getattr(fact, field.name)) for field in fields(fact)}


def from_json(kind: type[T], value: object, *, at: str = "") -> T:
    """Return the fact of this dataclass that a JSON object says; `at` names the place in errors.

    Raises:
        RecordError: a key is missing or unknown, or a value is of another type.
    """
    if not isinstance(value, Mapping):
        raise RecordError("an object is expected here", subject=at, found=type(value).__name__)
    hints = get_type_hints(kind)
    if set(value) != set(hints):
        raise RecordError(
            "the keys are not the ones of this record",
            subject=at,
            expected=", ".join(sorted(set(hints) - set(value))) or "no further keys",
            found=", ".join(sorted(map(str, set(value) - set(hints)))) or "nothing in their place",
        )
    return kind(**{key: _read(hint, value[key], f"{at}.{key}") for key, hint in hints.items()})


def _read(hint: Any, value: object, at: str) -> object:  # noqa: ANN401 - a type hint
    if get_origin(hint) is UnionType:
        return _read_union(get_args(hint), value, at)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise RecordError("a list is expected here", subject=at, found=type(value).__name__)
        return tuple(_read(get_args(hint)[0], item, f"{at}[{n}]") for n, item in enumerate(value))
    if is_dataclass(hint):
        return from_json(cast("type[object]", hint), value, at=at)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        if not isinstance(value, str) or value not in list(hint):
            raise RecordError(
                "not one of the allowed words",
                subject=at,
                expected=", ".join(hint),
                found=str(value),
            )
        return hint(value)
    if type(value) is not hint:
        raise RecordError(
            "a value of another type is expected here",
            subject=at,
            expected=hint.__name__,
            found=type(value).__name__,
        )
    return value


def _read_union(hints: tuple[Any, ...], value: object, at: str) -> object:
    """Read a value that may be null, or one of several records told apart by their keys."""
    if value is None and NoneType in hints:
        return None
    kinds = [hint for hint in hints if hint is not NoneType]
    if isinstance(value, Mapping):
        kinds = [kind for kind in kinds if set(value) == set(get_type_hints(kind))] or kinds
    return _read(kinds[0], value, at)
