"""Pure. How anything that has states goes from one to the next."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from evidence.errors import StateError

_State = TypeVar("_State", bound=StrEnum)


def move(what: str, now: _State, then: _State, table: Mapping[_State, frozenset[_State]]) -> _State:
    """Return ``then`` if ``what`` may go there from ``now``.

    Raises:
        StateError: it may not; the message says where it stands.
    """
    if then not in table[now]:
        raise StateError(f"{what} is {now}: it cannot become {then}")
    return then
