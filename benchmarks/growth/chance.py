"""Pure. The mix of what happens in a town, and what an exhibit is to those who release it."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar
from uuid import UUID

from custody.formats.canonical import JSON

T = TypeVar("T")
Life: TypeAlias = Iterator[datetime]
"""Yields the moment of its next step, and does that step when it is asked for the one after."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Chance:
    """The same throws for the same seed. No secrets: those are drawn elsewhere."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - as it says above

    def digest(self) -> str:
        """Return what could be a SHA-256."""
        return self._random.randbytes(32).hex()

    def percent(self, share: float) -> bool:
        """Tell whether something happens that happens in ``share`` of 100 cases."""
        return self._random.random() * 100 < share

    def of(self, shares: Mapping[T, int]) -> T:
        """Return one of these, as often as its share says."""
        return self._random.choices(list(shares), list(shares.values()))[0]

    def choice(self, some: Sequence[T]) -> T:
        """Return any one."""
        return some[int(self._random.random() * len(some))]

    def number(self, low: int, high: int) -> int:
        """Return an integer from ``low`` up to, not including, ``high``."""
        return low + int(self._random.random() * (high - low))

    def uniform(self, low: float, high: float) -> float:
        """Return a number between the two."""
        return self._random.uniform(low, high)


@dataclass(frozen=True, slots=True)
class File:
    """A file of an exhibit, as events commit to it."""

    kind: str
    sha256: str
    size: int

    @property
    def json(self) -> JSON:
        """As it stands in an event's list of files."""
        return {"sha256": self.sha256, "size": self.size}


@dataclass(slots=True)
class Exhibit:
    """An exhibit that can be released."""

    id: UUID
    reference: str
    files: list[File] = field(default_factory=list)
