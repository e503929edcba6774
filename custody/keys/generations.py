"""Adapter. The seal keys of a council, one after the other: the last one seals.

    seal.key    seal.pem    seal-root.pem       the first; recorded in checks.json
    seal-2.key  seal-2.pem  seal-2-root.pem     the second, and so on
    seal-2.json                                 written last: since when, and what its files are
                                                held against

Where a key lies in an HSM, `seal.pkcs11` or `seal-2.pkcs11` stands in its place. Nothing is written
over, and no certificate is ever taken away: packages of before are judged by them. The private key
of one that came to its end may be destroyed.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from custody.check.certificate import check_path
from custody.errors import FormatError, KeyStoreError, ProofError
from custody.formats.canonical import JSON, canonical_json, format_time, parse_canonical, parse_time
from custody.formats.certificates import Certificate, parse_chain
from custody.keys.hsm.held import HeldP256Key
from custody.keys.hsm.records import SUFFIX, is_held, read_held
from custody.keys.keychecks import check_of, hold
from custody.keys.keyfiles import ABOUT, put_new, read_certificate, read_file, read_p256

FIRST = "seal"
OVERLAP = timedelta(days=1)
"""So long after the next key is in use a seal by the one before it counts: what was being sealed
when the service stopped is sealed to its end."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One seal key: how its files are named, and its certificates."""

    stem: str
    chain: tuple[Certificate, ...]
    """Its certificate first, the root last."""
    ends: datetime | None
    """From then on its seals count no more, because another key follows; None: the last."""


def generations(folder: Path) -> tuple[Generation, ...]:
    """Return the seal keys that are, or were, in use, the first first.

    Raises:
        KeyStoreError: a file is missing, or cannot be read.
    """
    stems = [FIRST]
    ends: list[datetime | None] = []
    while os.path.lexists(folder / f"{_stem(len(stems) + 1)}.json"):
        stems.append(_stem(len(stems) + 1))
        since, _ = _read(folder / f"{stems[-1]}.json")
        ends.append(since + OVERLAP)
    if lost := [path.name for path in folder.glob(f"{FIRST}-*.json") if path.stem not in stems]:
        raise KeyStoreError(
            f"{folder} holds {lost[0]}, and not {_stem(len(stems) + 1)}.json, which came before: "
            "bring it back from its backup"
        )
    return tuple(
        Generation(stem, read_seal_chain(folder, stem), end)
        for stem, end in zip(stems, [*ends, None], strict=True)
    )


def next_stem(folder: Path) -> str:
    """Return how the files of the next seal key are named."""
    if not os.path.lexists(folder / ABOUT):
        return FIRST
    return _stem(len(generations(folder)) + 1)


def is_made(folder: Path, stem: str) -> bool:
    """Tell whether a seal key of this name was made."""
    return os.path.lexists(folder / f"{stem}.key") or is_held(folder, stem)


def read_seal_key(folder: Path, stem: str) -> EllipticCurvePrivateKey:
    """Read a seal key, or say where it lies.

    Raises:
        KeyStoreError: it is missing, others can read it, or it is of another kind.
    """
    if not is_held(folder, stem):
        return read_p256(folder, f"{stem}.key")
    key = read_held(folder, stem)
    if not isinstance(key, HeldP256Key):
        raise KeyStoreError(f"{folder / stem}{SUFFIX} tells of a key of another kind than EC P-256")
    return key


def read_seal_chain(folder: Path, stem: str) -> tuple[Certificate, ...]:
    """Read the certificates of a seal key: its own, whoever stands between, the root last.

    Raises:
        KeyStoreError: they are missing, or one did not issue the other.
    """
    path = folder / f"{stem}.pem"
    try:
        chain = parse_chain(read_file(path, secret=False))
    except FormatError as error:
        raise KeyStoreError(f"{path} holds no certificates in PEM: {error}") from error
    root = read_certificate(folder, f"{stem}-root.pem")
    try:
        return check_path(chain[0], chain[1:], [root], None)
    except ProofError as error:
        raise KeyStoreError(f"The seal certificate cannot be used: {error}") from error


def begin(folder: Path, stem: str, *, at: datetime) -> None:
    """Record that the files of a seal key after the first are all there: from now on it seals.

    Raises:
        KeyStoreError: one of them is missing.
    """
    key = f"{stem}{SUFFIX}" if is_held(folder, stem) else f"{stem}.key"
    names = (key, f"{stem}.pem", f"{stem}-root.pem")
    checks: dict[str, JSON] = {name: check_of(folder, name) for name in names}
    record: JSON = {"v": 1, "since": format_time(at.replace(microsecond=0)), "checks": checks}
    # A crash before this line: the key before seals on, and the same install can be done again.
    put_new(folder, f"{stem}.json", canonical_json(record) + b"\n")


def hold_seal(folder: Path, stem: str, *, key: bool) -> None:
    """Hold the files of a seal key against what is recorded of them; ``key``: the key, too.

    Raises:
        KeyStoreError: one is missing, or another one.
    """
    names = [f"{stem}.pem", f"{stem}-root.pem"]
    if key or is_held(folder, stem):
        names.append(f"{stem}{SUFFIX}" if is_held(folder, stem) else f"{stem}.key")
    if stem == FIRST:
        hold(folder, names)
        return
    _, checks = _read(folder / f"{stem}.json")
    for name in names:
        if check_of(folder, name) != checks.get(name):
            raise KeyStoreError(
                f"{folder / name} is not the one that was installed: bring {name} back from its "
                "backup"
            )


def _stem(number: int) -> str:
    return FIRST if number == 1 else f"{FIRST}-{number}"


def _read(path: Path) -> tuple[datetime, Mapping[str, str]]:
    data = read_file(path, secret=False)
    try:
        match parse_canonical(data.removesuffix(b"\n")):
            case {"v": 1, "since": str(since), "checks": dict(checks)}:
                return parse_time(since), {name: str(value) for name, value in checks.items()}
    except FormatError as error:
        raise KeyStoreError(f"{path} cannot be read: {error}; bring it back") from error
    raise KeyStoreError(f"{path} does not say since when its key seals; bring it back")
