"""Edge. `custos log export DIR`: the log as files that any program for C2SP logs can read.

What is there already is compared, and kept; so an export that was cut off goes on, and one into
the same directory later adds what came since. The checkpoint goes last: whoever reads it finds all
that it covers.
"""

from pathlib import Path

from api.cli.terminal.errors import UsageError
from api.cli.terminal.progress import Bar
from api.services import Services
from custody.errors import CustodyError, LogStateError
from custody.formats.checkpoint import Checkpoint, parse_checkpoint
from custody.formats.note import check_note, format_verifier_key, parse_note
from custody.ledger.publication.stored import StoredLog
from custody.tree.growth import is_superseded
from custody.tree.merkle import EMPTY_ROOT, tree_root
from custody.tree.places import LogDirectory
from custody.tree.tiles import CHECKPOINT, KEY_FILE, Tile, format_tile, node_reader, tiles_of
from storage.wholefiles import PUBLIC, write_whole


def export_log(services: Services, folder: Path) -> Checkpoint:
    """Write the log up to its newest checkpoint into ``folder``; return that.

    Raises:
        UsageError: the folder holds something else, or cannot be written to.
        NotYetError: there is no checkpoint yet.
        LogStateError: the database does not make what was signed.
    """
    try:
        return _Export(services, folder).write()
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} cannot be written: {error.strerror}"
        ) from error


class _Export:
    """One export."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services = services
        self._folder = folder
        self._key = services.keyring.log_signer.key
        self._there = LogDirectory(folder)

    def write(self) -> Checkpoint:
        with self._services.transaction() as session:
            note = StoredLog(session).checkpoint()
        checkpoint = parse_checkpoint(parse_note(note).text)
        before = self._before(checkpoint)
        self._put(KEY_FILE, f"{format_verifier_key(self._key)}\n".encode())
        tiles = list(tiles_of(checkpoint.size))
        with Bar("Exporting the log", len(tiles)) as bar:
            bar.done_words = f"{checkpoint.size} entries, {self._folder}"
            for done, tile in enumerate(tiles):
                self._put(format_tile(tile), self._read(tile))
                bar.show(done)
            self._require_root(checkpoint, "the database does not make the log that was signed")
            if before is not None:
                words = f"the checkpoint in {self._folder} is of another log of the same name"
                self._require_root(before, words, within=checkpoint.size)
            self._replace(CHECKPOINT, note)
            self._tidy(0 if before is None else before.size, checkpoint.size)
        return checkpoint

    def _before(self, checkpoint: Checkpoint) -> Checkpoint | None:
        """Return what an earlier export ended with."""
        path = self._folder / CHECKPOINT
        if not path.exists():
            return None
        try:
            note = parse_note(path.read_bytes())
            check_note(note, [self._key])
            before = parse_checkpoint(note.text)
        except CustodyError as error:
            raise UsageError(
                f"{path} is no checkpoint of {self._key.name} ({error}): name another directory"
            ) from error
        if before.size > checkpoint.size:
            raise UsageError(
                f"{path} covers {before.size} entries, and the database's newest checkpoint "
                f"{checkpoint.size}: it is older than this export. Run `custos log audit`"
            )
        return before

    def _read(self, tile: Tile) -> bytes:
        with self._services.transaction() as session:
            return StoredLog(session).read(tile)

    def _put(self, name: str, data: bytes) -> None:
        """Write a file, or find that it is there."""
        path = self._folder / name
        if path.exists():
            if path.read_bytes() != data:
                raise UsageError(
                    f"{path} holds other bytes than this log: somebody changed it, or it is "
                    "another log's. Look at it, and name another directory"
                )
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._replace(name, data)

    def _replace(self, name: str, data: bytes) -> None:
        """Write a file whole, or not at all."""
        write_whole(self._folder / name, data, mode=PUBLIC)

    def _require_root(self, said: Checkpoint, words: str, *, within: int | None = None) -> None:
        read = node_reader(within or said.size, self._there.read)
        root = tree_root(said.size, read) if said.size else EMPTY_ROOT
        if root != said.root:
            raise LogStateError(f"{words}: {said.size} entries have another root")

    def _tidy(self, old: int, new: int) -> None:
        """Remove what was partial in the export before, and is wider now."""
        for tile in tiles_of(old):
            if is_superseded(tile, new):
                (self._folder / format_tile(tile)).unlink(missing_ok=True)
