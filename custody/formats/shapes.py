"""Pure. Frozen dataclasses as JSON and back, for records that are committed to and packed.

Field names are the keys, enums their values, tuples arrays, None null. No floats: RFC 8785 would
allow them, and two programs would print them differently. Reading is by type, and strict: a missing
or unknown key, or a value of another type, is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeGuard, TypeVar, cast, get_args, get_origin, get_type_hints

from custody.errors import ShapeError
from custody.formats.canonical import JSON, canonical_json

T = TypeVar("T")

_hints = cache(get_type_hints)
"""What the fields of a record may hold: one answer a class, which takes long to find."""


def to_json(fact: object) -> JSON:
    """Return a fact as what `json` prints.

    Raises:
        ShapeError: it holds something that JSON of ours may not hold.
    """
    if fact is None or isinstance(fact, bool | int):
        return fact
    if isinstance(fact, str):
        return str(fact)
    if isinstance(fact, tuple):
        return tuple(to_json(item) for item in fact)
    if is_dataclass(fact) and not isinstance(fact, type):
        return object_json(fact)
    raise ShapeError("a record cannot hold this value", found=repr(fact)[:80])


def object_json(fact: object) -> dict[str, JSON]:
    """Return a dataclass as a JSON object.

    Raises:
        ShapeError: it holds something that JSON of ours may not hold.
    """
    assert is_dataclass(fact)
    return {field.name: to_json(getattr(fact, field.name)) for field in fields(fact)}


def from_json(kind: type[T], value: object, *, at: str = "") -> T:
    """Return the fact of this dataclass that a JSON object says; `at` names the place in errors.

    Raises:
        ShapeError: a key is missing or unknown, or a value is of another type.
    """
    if not isinstance(value, Mapping):
        raise ShapeError("an object is expected here", subject=at, found=type(value).__name__)
    hints = _hints(kind)  # type: ignore[arg-type] # mypy takes no class for hashable
    if set(value) != set(hints):
        raise ShapeError(
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
        if not isinstance(value, list | tuple):
            raise ShapeError("a list is expected here", subject=at, found=type(value).__name__)
        return tuple(_read(get_args(hint)[0], item, f"{at}[{n}]") for n, item in enumerate(value))
    if is_dataclass(hint):
        return from_json(cast("type[object]", hint), value, at=at)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        if not isinstance(value, str) or value not in list(hint):
            raise ShapeError(
                "not one of the allowed words",
                subject=at,
                expected=", ".join(hint),
                found=str(value),
            )
        return hint(value)
    if type(value) is not hint:
        raise ShapeError(
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
        kinds = [kind for kind in kinds if set(value) == set(_hints(kind))] or kinds
    return _read(kinds[0], value, at)


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two JSON values differ."""

    place: str
    """`camera.id`, `files.2.displayed_end`: keys, and numbers that count from 1."""
    old: JSON
    new: JSON


def differences(old: JSON, new: JSON, place: str = "") -> Iterator[Difference]:
    """Yield each place where two values differ, and nothing that lies inside of one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping) and set(old) == set(new):
        pairs = [(key, old[key], new[key]) for key in sorted(old)]
    elif _is_list(old) and _is_list(new) and len(old) == len(new):
        pairs = [(str(n), *both) for n, both in enumerate(zip(old, new, strict=True), 1)]
    else:
        if canonical_json(old) != canonical_json(new):
            yield Difference(place, old, new)
        return
    for key, one, other in pairs:
        yield from differences(one, other, f"{place}.{key}" if place else key)


def _is_list(value: JSON) -> TypeGuard[Sequence[JSON]]:
    return isinstance(value, list | tuple)
