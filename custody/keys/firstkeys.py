"""Adapter. The keys of a demonstration, made at its first start.

May be killed at any moment: what is there is kept, and the next start makes what is missing.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custody.formats.canonical import JSON, canonical_json
from custody.formats.certificates import (
    ROOT_ROLE,
    SEAL_ROLE,
    TEST_AUTHORITY_NAME,
    TEST_AUTHORITY_ROOT_NAME,
    Certificate,
    demonstration_name,
    format_chain,
    make_name,
    make_root,
    make_seal_certificate,
    make_time_certificate,
)
from custody.keys.keyfiles import (
    ABOUT,
    SECRET_SIZE,
    SECRETS,
    check_folder,
    private_pem,
    put_new,
    read_certificate,
    read_p256,
)

_PAIRS = ("seal-root", "seal", "tsa-root", "tsa")
_ROLES = (ROOT_ROLE, SEAL_ROLE)
_TEST_NAMES = (TEST_AUTHORITY_ROOT_NAME, TEST_AUTHORITY_NAME)

_Issue: TypeAlias = Callable[..., Certificate]


def make_demonstration_keys(folder: Path, *, council: str, origin: str, now: datetime) -> None:
    """Make what is missing; `keyring.json`, when all is there.

    Raises:
        KeyStoreError: others can write to the folder, or what stands there is no key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(folder)
    # A crash between any two of these leaves the first ones, and the next start makes the rest:
    # keys before the certificates that are made of them, keyring.json when all is there.
    put_new(folder, "log.key", private_pem(Ed25519PrivateKey.generate()))
    for name in _PAIRS:
        put_new(folder, f"{name}.key", private_pem(generate_private_key(SECP256R1())))
    for name in SECRETS:
        put_new(folder, name, secrets.token_bytes(SECRET_SIZE))
    seal_root, seal = (demonstration_name(council, role) for role in _ROLES)
    _put_certificates(folder, "seal", make_seal_certificate, seal_root, seal, now)
    time_root, time = (make_name("Custos", name) for name in _TEST_NAMES)
    _put_certificates(folder, "tsa", make_time_certificate, time_root, time, now)
    about: JSON = {"v": 1, "council": council, "origin": origin, "demonstration": True}
    put_new(folder, ABOUT, canonical_json(about) + b"\n")


def _put_certificates(
    folder: Path,
    name: str,
    issue: _Issue,
    root_name: x509.Name,
    leaf_name: x509.Name,
    now: datetime,
) -> None:
    """Make the two certificates of a pair of keys, where they are not there yet."""
    root_key = read_p256(folder, f"{name}-root.key")
    key = read_p256(folder, f"{name}.key")
    serial = x509.random_serial_number
    made = make_root(root_name, root_key, now=now, serial=serial())
    put_new(folder, f"{name}-root.pem", format_chain([made]))
    # The one on disk counts: it may be from before a crash.
    root = read_certificate(folder, f"{name}-root.pem")
    leaf = issue(
        leaf_name, key.public_key(), root=root, root_key=root_key, now=now, serial=serial()
    )
    put_new(folder, f"{name}.pem", format_chain([leaf]))
