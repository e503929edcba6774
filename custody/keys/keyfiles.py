"""Adapter. Files that hold keys: written whole and once, read only if nobody else can read them."""

import errno
import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from custody.errors import FormatError, KeyStoreError
from custody.formats.certificates import Certificate, parse_chain
from storage.wholefiles import sync_directory

SECRET_SIZE = 32
ABOUT = "keyring.json"
SECRETS = ("event-hmac.key", "record-kek.key")
"""The keyring's files that are nothing but random bytes."""
_MAX_FILE_BYTES = 100_000
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def put_new(folder: Path, name: str, data: bytes) -> None:
    """Write a whole file, or none; leave what already stands there."""
    target, draft = folder / name, folder / f".{name}.new"
    # A draft that a crash left: no key of it was ever used, or it is the target's second name.
    draft.unlink(missing_ok=True)
    if os.path.lexists(target):
        return
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _give_its_name(draft, target)
    sync_directory(folder)


def _give_its_name(draft: Path, target: Path) -> None:
    try:
        os.link(draft, target)  # unlike a rename, never replaces a file
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP):
            raise
        # A stick's file system knows no second name of a file; nobody else writes there.
        draft.rename(target)
    else:
        draft.unlink()


def private_pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> bytes:
    """Write a private key as its file holds it: PKCS #8 without a password, mode 0600 guards it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def check_folder(folder: Path) -> None:
    """Refuse a directory into which others can put keys.

    Raises:
        KeyStoreError: they can, or it is not there.

    """
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        raise KeyStoreError(f"The key directory {folder} cannot be read: {error}") from error
    if mode & _OTHERS_WRITE:
        raise KeyStoreError(
            f"Others can write to the key directory {folder}, and could put other keys there; "
            f"run: chmod go-w {folder}"
        )


def read_file(path: Path, *, secret: bool) -> bytes:
    """Read a file; a secret one only if group and others have no access to it.

    Raises:
        KeyStoreError: it is missing, cannot be read, or others can read it.

    """
    try:
        with path.open("rb") as file:
            # The open file is looked at, not its name: it cannot be exchanged in between.
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_FILE_BYTES)
    except FileNotFoundError as error:
        raise KeyStoreError(
            f"The key file {path} is missing. Keys are never made anew where there were some: "
            "bring it back from its backup"
        ) from error
    except OSError as error:
        raise KeyStoreError(f"The key file {path} cannot be read: {error}") from error
    if secret and mode & _OTHERS:
        raise KeyStoreError(
            f"The key file {path} is open to others (mode {stat.S_IMODE(mode):04o}); take it as "
            f"known to them and replace the key, or, if nobody else was here, run: chmod 600 {path}"
        )
    return data


def read_secret(path: Path) -> bytes:
    """Read a key that is nothing but `SECRET_SIZE` random bytes.

    Raises:
        KeyStoreError: as `read_file`, or it is of another length.
    """
    secret = read_file(path, secret=True)
    if len(secret) != SECRET_SIZE:
        raise KeyStoreError(f"{path} has {len(secret)} bytes instead of {SECRET_SIZE}")
    return secret


def read_p256(folder: Path, name: str) -> EllipticCurvePrivateKey:
    """Read a private key that signs certificates, seals or timestamps.

    Raises:
        KeyStoreError: as `read_file`, or it is a key of another kind.
    """
    key = read_pair(folder / name)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise KeyStoreError(f"{folder / name} holds a key of another kind than EC P-256")
    return key


def read_ed25519(folder: Path, name: str) -> Ed25519PrivateKey:
    """Read a private key that signs checkpoints.

    Raises:
        KeyStoreError: as `read_file`, or it is a key of another kind.
    """
    key = read_pair(folder / name)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyStoreError(f"{folder / name} holds a key of another kind than Ed25519")
    return key


def read_pair(path: Path) -> Ed25519PrivateKey | EllipticCurvePrivateKey:
    """Read a private key of any kind.

    Raises:
        KeyStoreError: as `read_file`, or it is no key.
    """
    try:
        key = load_pem_private_key(read_file(path, secret=True), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyStoreError(f"{path} holds no private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise KeyStoreError(f"{path} holds a key of a kind that Custos does not use")
    return key


def read_certificate(folder: Path, name: str) -> Certificate:
    """Read the one certificate in a file.

    Raises:
        KeyStoreError: as `read_file`, or it is something else.
    """
    try:
        (certificate,) = parse_chain(read_file(folder / name, secret=False))
    except (FormatError, ValueError) as error:
        raise KeyStoreError(f"{folder / name} is not one certificate in PEM") from error
    return certificate
