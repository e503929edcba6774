"""Adapter. The keys that wrap records' keys, one for each epoch, in the folder of the keys.

    record-kek.key          32 bytes: epoch 0, made with the other keys
    record-kek-<n>.key      32 bytes: epoch n
    record-kek-<n>.json     written by the next start: since when, what the key is held against
    record-kek-<n>.gone     written before its key is deleted: it is missing on purpose

With an older backup of the database whoever has the key-encryption key of that time can show what
the log committed to, of an erased record too. So once a new epoch has begun, each start wraps every
K that is left anew; after that the old key can be destroyed, and opens no commitment of older
backups any more. What their rows say in the clear goes with them alone
(docs/adr/0039-disposal.md). All epochs together are withheld from a process under the name of the
first.
"""

import os
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import canonical_json, format_time, parse_canonical
from custody.keys.keychecks import check_of, secret_check
from custody.keys.keyfiles import SECRET_SIZE, check_folder, put_new, read_file, read_secret

FIRST = "record-kek.key"
_BEGUN = re.compile(r"record-kek-([1-9][0-9]{0,5})\.json", re.ASCII)


@dataclass(frozen=True, slots=True)
class Epochs:
    """The keys in memory, by their epochs; printing it shows none. None: they are withheld."""

    keys: Mapping[int, bytes] = field(repr=False)

    @property
    def current(self) -> int:
        """The epoch under whose key new records are kept."""
        return max(self.keys, default=0)


def key_name(epoch: int) -> str:
    """Return the file of an epoch's key."""
    return FIRST if epoch == 0 else f"record-kek-{epoch}.key"


def known_epochs(folder: Path) -> list[int]:
    """Return the epochs that have begun and whose keys are not gone, the first first."""
    return [epoch for epoch in (0, *_begun(folder)) if not is_gone(folder, epoch)]


def is_gone(folder: Path, epoch: int) -> bool:
    """Tell whether the key of an epoch was destroyed, on purpose."""
    return os.path.lexists(folder / f"record-kek-{epoch}.gone")


def read_epochs(folder: Path, *, withheld: Collection[str] = ()) -> Epochs:
    """Read the key of every epoch that has begun and is not gone, and hold it against its record.

    Raises:
        KeyStoreError: a key is missing, another than was recorded, or others can read it.
    """
    if FIRST in withheld:
        return Epochs({})
    keys = {0: read_secret(folder / FIRST)} if not is_gone(folder, 0) else {}
    for epoch in _begun(folder):
        if not is_gone(folder, epoch):
            name = key_name(epoch)
            keys[epoch] = read_secret(folder / name)
            if secret_check(keys[epoch], name) != _recorded(folder, epoch):
                raise KeyStoreError(
                    f"{folder / name} is not the key that this epoch began with: bring it back "
                    "from its backup"
                )
    if not keys:
        raise KeyStoreError(f"{folder} holds no key of any epoch: bring the last one back")
    return Epochs(keys)


def make_key(folder: Path) -> int:
    """Make the key of the next epoch, which the next start begins; return which one that is.

    Whatever runs knows nothing of it: what it could not open, nobody must keep under it.

    Raises:
        KeyStoreError: others can write to the folder, or we cannot.
    """
    check_folder(folder)
    epoch = max(_begun(folder), default=0) + 1
    try:
        put_new(folder, key_name(epoch), secrets.token_bytes(SECRET_SIZE))
    except OSError as error:
        raise _unwritable(folder, epoch, error) from error
    return epoch


def begin_made(folder: Path, *, now: datetime) -> None:
    """Begin the epoch whose key was made, if there is one: at a start, before anything runs.

    Raises:
        KeyStoreError: it is no key, or we cannot write here.
    """
    epoch = max(_begun(folder), default=0) + 1
    if not os.path.lexists(folder / key_name(epoch)):
        return
    since, check = format_time(now.replace(microsecond=0)), check_of(folder, key_name(epoch))
    said = canonical_json({"v": 1, "since": since, "check": check})
    try:
        put_new(folder, f"record-kek-{epoch}.json", said + b"\n")
    except OSError as error:
        raise _unwritable(folder, epoch, error) from error


def end_epoch(folder: Path, epoch: int) -> None:
    """Destroy the key of an epoch that is over; called again, it finds that done.

    Whoever calls has seen that no record's key is wrapped with it any more.

    Raises:
        KeyStoreError: it is the current epoch, or there never was one; or we cannot write here.
    """
    known = [0, *_begun(folder)]
    if epoch not in known[:-1]:
        raise KeyStoreError(f"epoch {epoch} is not over: only an earlier one than {known[-1]} is")
    try:
        put_new(folder, f"record-kek-{epoch}.gone", b"destroyed\n")
        (folder / key_name(epoch)).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(folder, epoch, error) from error


def _unwritable(folder: Path, epoch: int, error: OSError) -> KeyStoreError:
    return KeyStoreError(
        f"{folder} cannot be written to for epoch {epoch} ({error.strerror}): let Custos write "
        "there for as long as this takes"
    )


def _begun(folder: Path) -> list[int]:
    found = (_BEGUN.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def _recorded(folder: Path, epoch: int) -> str:
    path = folder / f"record-kek-{epoch}.json"
    data = read_file(path, secret=False)
    try:
        match parse_canonical(data.removesuffix(b"\n")):
            case {"v": 1, "since": str(), "check": str(check)}:
                return check
    except FormatError as error:
        raise KeyStoreError(f"{path} cannot be read: {error}; bring it back") from error
    raise KeyStoreError(f"{path} does not say what its key is held against; bring it back")
