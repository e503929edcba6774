"""Adapter. Copies of the folder of the keys: for a backup that lies apart, and back from there.

Every file is copied as it is, readable by nobody else, whole or not at all. One that has changed
since, such as a record beside a key that was replaced, does not write over what was copied before:
that moves to `previous/`, under its name and its SHA-256.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from custody.errors import KeyStoreError
from custody.keys.keyfiles import ABOUT, check_folder, put_new, read_file

PREVIOUS = "previous"
_MOST = 100_000


def copy_keys(keys: Path, target: Path) -> int:
    """Copy all files of the keys to ``target``, made if it is not there; return how many are new.

    May be killed at any moment, and called again.

    Raises:
        KeyStoreError: the keys cannot be read, or the target holds those of somebody else.
    """
    check_folder(keys)
    try:
        _make(target)
        check_folder(target)
        theirs = target / ABOUT
        if os.path.lexists(theirs) and theirs.read_bytes() != (keys / ABOUT).read_bytes():
            raise KeyStoreError(
                f"{target} holds the keys of another installation: name another folder"
            )
        # The record that names the installation comes last, as when the keys were made.
        names = sorted(_files(keys), key=lambda name: (name == Path(ABOUT), name))
        return sum(_copy(keys, target, name) for name in names)
    except OSError as error:
        raise KeyStoreError(
            f"The keys in {keys} cannot be copied to {target}: {error.strerror}"
        ) from error


def _files(keys: Path) -> Iterator[Path]:
    """Yield the files of a folder of keys, by their path in it; drafts of a killed process not."""
    for path in sorted(keys.rglob("*")):
        name = path.relative_to(keys)
        if path.is_symlink() or not path.is_file():
            continue
        if not any(part.startswith(".") for part in name.parts) and name.parts[0] != PREVIOUS:
            yield name


def _copy(keys: Path, target: Path, name: Path) -> bool:
    data = read_file(keys / name, secret=False)
    if len(data) >= _MOST:
        raise KeyStoreError(f"{keys / name} is too large for a key: move it elsewhere")
    there = target / name
    if os.path.lexists(there):
        before = there.read_bytes()
        if before == data:
            return False
        _make(target / PREVIOUS)
        kept = f"{name.as_posix().replace('/', '-')}.{hashlib.sha256(before).hexdigest()[:16]}"
        there.replace(target / PREVIOUS / kept)
    for folder in reversed(name.parents[:-1]):
        _make(target / folder)
    put_new(there.parent, there.name, data)
    return True


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
