"""Adapter. The trust files that a council has issued, numbered, in a folder beside its keys.

    trust/1.json  trust/2.json  …      each as it was published, byte for byte

A new one is issued when what it says has changed, and none is ever written over: so a number means
one content for good, and whoever holds two files knows which is the newer. What was ever in use
stays in every later one, with from and to: or a package of before would not verify any more. So the
folder belongs into the backup of the keys. A revocation is such an issue, and stays in every later
one, too: nothing takes it back.

    trust/chains/<SHA-256>.pem         the chain of each time authority that was ever in use
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import format_time
from custody.formats.certificates import Certificate, format_chain, parse_chain, spki_sha256
from custody.formats.signatures.witnessing import Witnessing
from custody.formats.trust import Issue, SealPin, Trust, format_trust, parse_trust
from custody.keys.keyfiles import put_new

FOLDER = "trust"
_CHAINS = "chains"
_T = TypeVar("_T")


def issue(keys: Path, trust: Trust, *, now: datetime) -> Trust:
    """Return the trust file that is in force, with its number and date; issue it if it is new.

    Two processes that ask at once get the same one. `now` counts only where it is new.

    Raises:
        KeyStoreError: the folder cannot be read or written, or holds something else.
    """
    folder = keys / FOLDER
    try:
        last = _last(folder)
        if last is None or replace(last, issue=None) != _with_former(trust, last, now):
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
    whole = _with_former(trust, last, now)
    if last is not None and replace(last, issue=None) == whole:
        return last
    number = last.issue.number + 1 if last is not None and last.issue is not None else 1
    issued = replace(whole, issue=Issue(number, now.replace(microsecond=0)))
    # A crash before this leaves nothing; after it, the next caller reads what was issued.
    put_new(folder, f"{number}.json", format_trust(issued))
    return issued


def _with_former(trust: Trust, last: Trust | None, now: datetime) -> Trust:
    """Return what is in use now, and after it what was in use before, as the last file says it."""
    trust = replace(trust, witnessing=_witnessing(trust, last, now), issue=None)
    if last is None:
        return trust
    keys = {pin.spki_sha256 for pin in trust.seals}
    revoked = {pin.spki_sha256: pin.revoked_at for pin in last.seals}
    return replace(
        trust,
        seals=(
            *(_revoked_by(pin, revoked.get(pin.spki_sha256)) for pin in trust.seals),
            *(pin for pin in last.seals if pin.spki_sha256 not in keys),
        ),
        roots=_union(trust.roots, last.roots),
        tsa_roots=_union(trust.tsa_roots, last.tsa_roots),
        logs=_union(trust.logs, last.logs),
    )


def _witnessing(trust: Trust, last: Trust | None, now: datetime) -> tuple[Witnessing, ...]:
    """Return since when who witnesses: or no package of before the first witness would verify."""
    before = last.witnessing if last is not None else ()
    said = (last.witnesses, last.quorum) if last is not None else ((), 0)
    if (trust.witnesses, trust.quorum) == said:
        return before
    return (*before, Witnessing(now.replace(microsecond=0), trust.witnesses, trust.quorum))


def _revoked_by(pin: SealPin, at: datetime | None) -> SealPin:
    """Return a pin with the earliest moment at which its key was revoked."""
    if at is None or (pin.revoked_at is not None and pin.revoked_at <= at):
        return pin
    return replace(pin, revoked_at=at)


def revoke(keys: Path, trust: Trust, spki: bytes, *, at: datetime, now: datetime) -> Trust:
    """Issue the trust file in which a seal key counts no more from the moment ``at`` on.

    An earlier moment than one that was said before counts instead; a later one is refused.

    Raises:
        KeyStoreError: the council never sealed with this key, the moment is in the future, or
            nothing would change; or the folder cannot be read or written.
    """
    if at > now:
        raise KeyStoreError(
            f"{format_time(at)} is in the future: say from when on others may have had the key"
        )
    issue(keys, trust, now=now)
    folder = keys / FOLDER
    with _alone(folder):
        last = _last(folder)
        assert last is not None  # issued above, and none is ever taken away
        pin = next((pin for pin in last.seals if pin.spki_sha256 == spki), None)
        if pin is None:
            raise KeyStoreError("This is no key that the trust file names: nothing was revoked")
        if pin.revoked_at is not None and pin.revoked_at <= at:
            raise KeyStoreError(
                f"This key is revoked from {format_time(pin.revoked_at)} on already, and no "
                "revocation is taken back"
            )
        seals = tuple(_revoked_by(one, at) if one is pin else one for one in last.seals)
        return _issue_next(folder, replace(last, issue=None, seals=seals), now)


def revoked_at(keys: Path, certificate: Certificate) -> datetime | None:
    """Return from when on a seal key counts no more, as the last trust file says; write nothing.

    Raises:
        KeyStoreError: the file cannot be read.
    """
    last = _last(keys / FOLDER)
    spki = spki_sha256(certificate)
    pins = () if last is None else last.seals
    return next((pin.revoked_at for pin in pins if pin.spki_sha256 == spki), None)


def _union(now: tuple[_T, ...], before: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*now, *before)))


def keep_chain(keys: Path, chain: tuple[Certificate, ...]) -> None:
    """Keep the chain of the time authority that is in use now, for packages of later.

    Asked for by the one process that prepares a start: all others only read.

    Raises:
        KeyStoreError: the folder cannot be read or written.
    """
    folder = keys / FOLDER / _CHAINS
    pem = format_chain(chain)
    name = _chain_name(pem)
    try:
        if (folder / name).exists():
            return
        (keys / FOLDER).mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        with _alone(folder):
            if not (folder / name).exists():
                put_new(folder, name, pem)
    except OSError as error:
        words = f"The time authority's chain cannot be kept in {folder}: {error.strerror}"
        raise KeyStoreError(words) from error


def chains_in_use(
    keys: Path, chain: tuple[Certificate, ...]
) -> tuple[tuple[Certificate, ...], ...]:
    """Return the chain of each time authority that was ever in use, ``chain`` first; write nothing.

    Raises:
        KeyStoreError: the folder cannot be read, or holds something else.
    """
    folder = keys / FOLDER / _CHAINS
    name = _chain_name(format_chain(chain))
    try:
        others = sorted(path for path in folder.glob("*.pem") if path.name != name)
        return (chain, *(parse_chain(path.read_bytes()) for path in others))
    except FormatError as error:
        raise KeyStoreError(f"{folder} holds what is no chain of certificates: {error}") from error
    except OSError as error:
        words = f"The chains of time authorities in {folder} cannot be read: {error.strerror}"
        raise KeyStoreError(words) from error


def _chain_name(pem: bytes) -> str:
    return f"{sha256(pem).hexdigest()}.pem"


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
