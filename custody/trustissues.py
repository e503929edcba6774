"""Adapter. The trust files that a council has issued, numbered, in a folder beside its keys.

    trust/1.json  trust/2.json  …      each as it was published, byte for byte

A new one is issued when what it says has changed, and none is ever written over: so a number means
one content for good, and whoever holds two files knows which is the newer. Losing the folder loses
no trust, but the count begins again: it belongs into the backup of the keys.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from custody.errors import FormatError, KeyStoreError
from custody.keyfiles import put_new
from custody.trust import Issue, Trust, format_trust, parse_trust

FOLDER = "trust"


def issue(keys: Path, trust: Trust, *, now: datetime) -> Trust:
    """Return the trust file that is in force, with its number and date; issue it if it is new.

    Two processes that ask at once get the same one. `now` counts only where it is new.

    Raises:
        KeyStoreError: the folder cannot be read or written, or holds something else.
    """
    folder = keys / FOLDER
    try:
        last = _last(folder)
        if last is None or replace(last, issue=None) != replace(trust, issue=None):
            folder.mkdir(mode=0o700, exist_ok=True)
            with _alone(folder):
                last = _issue_next(folder, trust, now)
    except OSError as error:
        raise KeyStoreError(
            f"The trust file cannot be numbered in {folder}: {error.strerror}. Run `custos trust "
            "export` once as the user whom the keys belong to"
        ) from error
    return last


def _issue_next(folder: Path, trust: Trust, now: datetime) -> Trust:
    """Issue it, unless another process has just done so."""
    last = _last(folder)
    if last is not None and replace(last, issue=None) == replace(trust, issue=None):
        return last
    number = last.issue.number + 1 if last is not None and last.issue is not None else 1
    issued = replace(trust, issue=Issue(number, now.replace(microsecond=0)))
    # A crash before this leaves nothing; after it, the next caller reads what was issued.
    put_new(folder, f"{number}.json", format_trust(issued))
    return issued


def _last(folder: Path) -> Trust | None:
    numbers = [int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal()]
    if not numbers:
        return None
    path = folder / f"{max(numbers)}.json"
    try:
        trust = parse_trust(path.read_bytes())
    except FormatError as error:
        raise KeyStoreError(f"{path} is no trust file: {error}. Bring it back") from error
    if trust.issue is None or trust.issue.number != max(numbers):
        raise KeyStoreError(f"{path} has another number inside: somebody renamed it")
    return trust


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)  # which lets go of the lock
