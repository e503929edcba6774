"""Service. The published log as the database holds it: what is to be published, shown, exported.

The bucket, the pages under `/log/` and `custos log export` have one and the same bytes, derived
here. Whoever changes a row changes what is derived, and not what was signed or lies locked.
"""

from sqlmodel import Session, col, select

from custody.errors import LogStateError, NotYetError
from custody.formats.checkpoint import Checkpoint
from custody.ledger.ledger import node_reader
from custody.ledger.tables import (
    LogCheckpointRow,
    LogEntryRow,
    LogRootRow,
    LogStateRow,
)
from custody.tree.growth import Growth, first_needed, grow
from custody.tree.merkle import EMPTY_ROOT, NodeId, tree_root
from custody.tree.tiles import HEIGHT, Tile, format_bundle, format_hashes, format_tile


class StoredLog:
    """The log up to its newest checkpoint, as a `LogSource`. For one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        newest = session.exec(
            select(LogCheckpointRow).order_by(col(LogCheckpointRow.size).desc()).limit(1)
        ).first()
        self.size = 0 if newest is None else newest.size
        """Of the newest checkpoint."""
        self._note = None if newest is None else newest.note

    def checkpoint(self) -> bytes:
        """Return the newest signed checkpoint, byte for byte.

        Raises:
            NotYetError: nothing was signed yet.
        """
        if self._note is None:
            raise NotYetError("this log has no checkpoint yet: nothing was recorded")
        return self._note

    def has(self, tile: Tile) -> bool:
        """Tell whether a log of this size, or of a smaller one, has an object."""
        return tile.first + tile.width <= self.size >> HEIGHT * (tile.level or 0)

    def read(self, tile: Tile) -> bytes:
        """Return one object, whole: any that a log of this size or of a smaller one has.

        Raises:
            LogStateError: it has not, or the database lacks what belongs into it.
        """
        if not self.has(tile):
            raise LogStateError(f"{format_tile(tile)} is not in a log of {self.size} entries")
        places = range(tile.first, tile.first + tile.width)
        if tile.level is None:
            return format_bundle(entries(self._session, places))
        read = node_reader(self._session)
        return format_hashes(read([NodeId(HEIGHT * tile.level, index) for index in places]))


def entries(session: Session, places: range) -> list[bytes]:
    """Return the entries at ``places``.

    Raises:
        LogStateError: one of them is not there.
    """
    rows = session.exec(
        select(LogEntryRow.index, LogEntryRow.entry)
        .where(col(LogEntryRow.index) >= places.start, col(LogEntryRow.index) < places.stop)
        .order_by(col(LogEntryRow.index))
    ).all()
    if [index for index, _ in rows] != list(places):
        raise LogStateError(
            f"the log lacks an entry between {places.start} and {places.stop}: somebody wrote to it"
        )
    return [entry for _, entry in rows]


def growth(session: Session, old: int, new: int) -> Growth:
    """Derive what a log of ``new`` entries adds to the published one of ``old``.

    Raises:
        LogStateError: the entries do not make the root that is recorded for this size.
    """
    some = entries(session, range(first_needed(old), new))
    grown = grow(old, new, some, node_reader(session))
    recorded = session.get(LogRootRow, new)
    if recorded is None or grown.root != recorded.root:
        raise LogStateError(
            f"the entries from {old} to {new} do not make the tree that is stored: "
            "somebody wrote to it"
        )
    return grown


def require_published(session: Session, published: Checkpoint) -> None:
    """Demand that the log goes on from what was published: a restored backup may not.

    Raises:
        LogStateError: what was published is ahead of the database, or of another tree.
    """
    size = session.get_one(LogStateRow, 1).size
    if published.size > size:
        raise LogStateError(
            f"the published log has {published.size} entries, and the database {size}: it is older "
            "than what was published, as after a backup was brought back. Nothing is recorded "
            "until `custos restore` has brought it up to date from the published log"
        )
    root = tree_root(published.size, node_reader(session)) if published.size else EMPTY_ROOT
    if published.root != root:
        raise LogStateError(
            f"the published log of {published.size} entries is not the beginning of the database's "
            f"log of {size}: this is another database, or somebody wrote to it. Nothing is "
            "recorded until `custos restore` has brought back what was published"
        )
