"""Pure. What the log needs of others: a place where it is published, and witnesses."""

from collections.abc import Callable, Sequence
from typing import Protocol

from custody.formats.checkpoint import Checkpoint
from custody.tree.tiles import Tile


class Publication(Protocol):
    """Where the log is published."""

    def look(self) -> Checkpoint | None:
        """Read what was published last."""
        ...

    def put(self, objects: Sequence[tuple[Tile, bytes]]) -> None:
        """Put what a log's growth adds."""
        ...

    def show(self, note: bytes) -> None:
        """Publish a checkpoint."""
        ...

    def collect(self, since: int, size: int) -> int:
        """Clear away what is superfluous."""
        ...


class Witnesses(Protocol):
    """Who cosigns: others, who have seen no other log of this name."""

    def cosign(self, note: bytes, prove: Callable[[int], Sequence[bytes]], size: int) -> bytes:
        """Return the note with their lines after the log's own.

        ``prove`` gives the hashes that prove the log of ``size`` to begin with one of before.

        Raises:
            NotYetError: fewer answered than the policy demands. Ask again later.
            LogStateError: a witness has seen another log, or more of this one than we have.
        """
        ...
