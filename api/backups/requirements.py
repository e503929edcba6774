"""Edge. What must be so before a restore writes anything: keys of the same log, and room."""

from pathlib import Path

from custody.errors import KeyStoreError
from custody.keys.keyring import load
from export.backup.manifest import DUMP, Manifest
from storage.errors import NoRoomError
from storage.room import KEPT, free_bytes

_UNPACKED = 8
"""So many times its dump a database may take, which is not compressed and has its indexes."""


def require_room(data: Path, manifest: Manifest) -> None:
    """See that the disk of ``data`` has room for the engines and what comes back.

    Raises:
        NoRoomError: it has not; the message says how much is needed.
    """
    needed = KEPT + manifest.object_bytes + _UNPACKED * manifest.files[DUMP].size
    if needed > (free := free_bytes(data)):
        raise NoRoomError(
            f"there is no room in {data}: about {needed:,} bytes are needed for database and store "
            f"of this backup, and {free:,} are free. Nothing was restored: make room, or name "
            "another data directory"
        )


def require_same_house(keys: Path, manifest: Manifest) -> None:
    """See that the keys are of the log that the backup is of.

    Raises:
        KeyStoreError: they are not, or cannot be read.
    """
    keyring = load(keys)
    if keyring.origin != manifest.origin:
        raise KeyStoreError(
            f"the keys are those of the log {keyring.origin}, and the backup is of "
            f"{manifest.origin}: name the keys that belong to it"
        )
