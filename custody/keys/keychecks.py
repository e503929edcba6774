"""Adapter. What each file of the keys is held against, in `checks.json` beside them.

A key with one bit turned is a key all the same: the log would sign on with it, and nobody could
verify what it signs. So the first start records what is public of each file, and whoever reads one
afterwards compares:

    a key that has a pair   its public key (SubjectPublicKeyInfo, DER, base64)
    32 random bytes         HMAC-SHA256 under them over "custos/key-check/v1", NUL and the name
    a certificate, a record SHA-256 of the file; so of what says where a key lies in an HSM

The form is {"checks": {name: value}, "v": 1}, canonical JSON and a line end (docs/formats/keys.md).
"""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import canonical_json, format_base64, parse_base64, parse_canonical
from custody.keys.keyfiles import (
    ABOUT,
    SECRETS,
    check_folder,
    put_new,
    read_file,
    read_pair,
    read_secret,
)

CHECKS = "checks.json"
_TAG = b"custos/key-check/v1\0"
_PAIRS = ("log.key", "seal-root.key", "seal.key", "tsa-root.key", "tsa.key")
_LATER = re.compile(r"seal-[1-9][0-9]*\.key")
"""Seal keys that followed the first: `custody.keys.generations` records them."""
_RANDOM = (*SECRETS, "cookie-hmac.key", "code-hmac.key", "letter-aead.key", "document-aead.key")
_CERTIFICATES = ("seal-root.pem", "seal.pem", "tsa-root.pem", "tsa.pem")
_PLACES = ("log.pkcs11", "seal.pkcs11")
FILES = (ABOUT, *_PAIRS, *_CERTIFICATES, *_RANDOM, "roots.json", "documents.json")
"""Every file that is recorded, where it is there; beside those that say where a key lies."""
_SECOND_SEAL = "seal-2.json"


def is_recorded(folder: Path) -> bool:
    """Tell whether there is anything to hold the keys against."""
    return os.path.lexists(folder / CHECKS)


def record_checks(folder: Path) -> None:
    """Record what is public of each file, once all are there; does nothing if that was done.

    Raises:
        KeyStoreError: a file is not what it should be, or we cannot write here.
    """
    if is_recorded(folder):
        return
    check_folder(folder)
    there = [name for name in (*FILES, *_PLACES) if os.path.lexists(folder / name)]
    checks = {name: check_of(folder, name) for name in there}
    try:
        put_new(folder, CHECKS, canonical_json({"v": 1, "checks": checks}) + b"\n")
    except OSError as error:
        raise KeyStoreError(
            f"What the keys in {folder} are held against cannot be written there "
            f"({error.strerror}): let Custos write into that folder for one start"
        ) from error


def hold(folder: Path, names: Iterable[str]) -> None:
    """Hold these files against what is recorded of them; nothing is, before the first start.

    Raises:
        KeyStoreError: a file is missing, or another one than was recorded; its name is in it.
    """
    if not is_recorded(folder):
        return
    recorded = _read(folder)
    for name in names:
        if name in recorded and check_of(folder, name) != recorded[name]:
            raise KeyStoreError(
                f"{folder / name} is not the one that this installation has used so far: "
                f"{CHECKS} beside it records another. Bring {name} back from its backup; if it was "
                "replaced on purpose, docs/configuration.md says how (Keys)"
            )


def hold_all(folder: Path) -> None:
    """Hold every file against what is recorded.

    But for keys of roots that lie elsewhere, and the first seal key once another one followed it.

    Raises:
        KeyStoreError: as `hold`.
    """
    elsewhere = {"seal-root.key", "tsa-root.key"}
    if os.path.lexists(folder / _SECOND_SEAL):
        elsewhere |= {"seal.key", "seal.pkcs11"}
    if os.path.lexists(folder / "record-kek-0.gone"):
        elsewhere.add("record-kek.key")  # destroyed on purpose: `custody.keys.epochs`
    names = (*FILES, *_PLACES)
    hold(folder, [n for n in names if n not in elsewhere or os.path.lexists(folder / n)])


def public_part(folder: Path, name: str) -> bytes:
    """Return the public key of an Ed25519 key that is not read, 32 bytes.

    Raises:
        KeyStoreError: it is not recorded.
    """
    value = _read(folder).get(name, "") if is_recorded(folder) else ""
    try:
        key = load_der_public_key(parse_base64(value))
    except (FormatError, ValueError) as error:
        raise KeyStoreError(
            f"{folder / CHECKS} does not tell the public part of {name}: start `custos up` once"
        ) from error
    assert isinstance(key, Ed25519PublicKey)
    return key.public_bytes_raw()


def _read(folder: Path) -> Mapping[str, str]:
    path = folder / CHECKS
    data = read_file(path, secret=False)
    try:
        match parse_canonical(data.removesuffix(b"\n")):
            case {"v": 1, "checks": dict(checks)}:
                return {name: str(value) for name, value in checks.items()}
    except FormatError as error:
        raise KeyStoreError(f"{path} cannot be read: {error}; bring it back") from error
    raise KeyStoreError(f"{path} does not say what the keys are held against; bring it back")


def check_of(folder: Path, name: str) -> str:
    """Return what a file of the keys is held against.

    Raises:
        KeyStoreError: it is missing, or not what it should be.
    """
    path = folder / name
    if name in _PAIRS or _LATER.fullmatch(name):
        return format_base64(_spki(path))
    if name in _RANDOM or name.startswith("record-kek-"):
        return secret_check(read_secret(path), name)
    return hashlib.sha256(read_file(path, secret=False)).hexdigest()


def secret_check(secret: bytes, name: str) -> str:
    """Return what 32 random bytes of this name are held against."""
    return hmac.digest(secret, _TAG + name.encode(), "sha256").hex()


def _spki(path: Path) -> bytes:
    public = read_pair(path).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
