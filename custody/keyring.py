"""Adapter. The keys of one installation, each in a file of its own.

    keyring.json                    written last: council, log origin, whether a demonstration
    log.key                         Ed25519, signs checkpoints (PEM, as every key that has a pair)
    seal-root.key   seal-root.pem   issues the seal certificate, and nothing else
    seal.key        seal.pem        seals releases
    tsa-root.key    tsa-root.pem    the test time authority's root; in demonstrations only
    tsa.key         tsa.pem         the test time authority; in demonstrations only
    event-hmac.key                  32 bytes: who may speak to the sequencer
    record-kek.key                  32 bytes: wraps the keys of the records

Files are 0600 in a directory 0700. Nothing is ever overwritten: without its key a log cannot be
continued, and another key in its place would hide that it is gone. What protects pages and letters
lies beside them (`custody.roots`).
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from custody.canonical import JSON, canonical_json, parse_canonical
from custody.certificates import (
    TEST_AUTHORITY_NAME,
    TEST_AUTHORITY_ROOT_NAME,
    Certificate,
    demonstration_name,
    format_chain,
    is_demonstration,
    make_name,
    make_root,
    make_seal_certificate,
    make_time_certificate,
    parse_chain,
    spki_sha256,
)
from custody.errors import FormatError, KeyStoreError
from custody.keyfiles import SECRET_SIZE, check_folder, put_new, read_file, read_secret
from custody.note import Ed25519NoteSigner, NoteSigner, format_verifier_key, require_name
from custody.signing import FileSealSigner, SealSigner
from custody.testauthority import LocalTestAuthority
from custody.trust import Trust, pem_of, pin_certificate

_ABOUT = "keyring.json"
_PAIRS = ("seal-root", "seal", "tsa-root", "tsa")
_ROLES = ("root for seals", "evidence seal")
_TEST_NAMES = (TEST_AUTHORITY_ROOT_NAME, TEST_AUTHORITY_NAME)
_SECRETS = ("event-hmac.key", "record-kek.key")

_Issue: TypeAlias = Callable[..., Certificate]


@dataclass(frozen=True, slots=True)
class TestAuthorityKeys:
    """What the test time authority signs with."""

    __test__ = False  # pytest: not a test, in spite of its name

    key: EllipticCurvePrivateKey = field(repr=False)
    certificate: Certificate
    root: Certificate

    def authority(self, clock: Callable[[], datetime]) -> LocalTestAuthority:
        """Make the authority that stamps with this clock."""
        return LocalTestAuthority(
            self.key, self.certificate, self.root, clock, x509.random_serial_number
        )


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys in memory; printing it shows none of them."""

    council: str
    origin: str
    demonstration: bool
    log_signer: NoteSigner = field(repr=False)
    seal_signer: SealSigner = field(repr=False)
    test_authority: TestAuthorityKeys | None = field(repr=False)
    event_hmac: bytes = field(repr=False)
    record_kek: bytes = field(repr=False)

    def fingerprints(self) -> dict[str, str]:
        """Say what may be published, by name: what a verifier compares."""
        certificates = {
            "seal certificate": self.seal_signer.certificate,
            "seal root": self.seal_signer.chain[-1],
        }
        if self.test_authority is not None:
            certificates["test time authority"] = self.test_authority.certificate
            certificates["test time authority root"] = self.test_authority.root
        lines = {"log verifier key": format_verifier_key(self.log_signer.key)}
        for name, certificate in certificates.items():
            lines[f"{name} SHA-256"] = certificate.fingerprint(hashes.SHA256()).hex()
            lines[f"{name} key SHA-256"] = spki_sha256(certificate).hex()
        return lines

    def trust(self, tsa_roots: tuple[Certificate, ...]) -> Trust:
        """Say what a verifier should be given, with the roots of the time authority in use."""
        return Trust(
            council=self.council,
            demonstration=self.demonstration,
            seals=(pin_certificate(self.seal_signer.certificate),),
            roots=(pem_of(self.seal_signer.chain[-1]),),
            tsa_roots=tuple(pem_of(root) for root in tsa_roots),
            logs=(format_verifier_key(self.log_signer.key),),
        )


def load_or_make_demonstration(
    folder: Path, *, council: str, origin: str, now: datetime
) -> Keyring:
    """Load the keys, or make demonstration keys where none were made yet.

    May be killed at any moment: the next call keeps what is there and makes what is missing. Once
    `keyring.json` is written, a missing file is a lost key, and is refused.

    Raises:
        KeyStoreError: a lost key, a key that others can read, or the keys of somebody else.

    """
    try:
        require_name(origin)
    except FormatError as error:
        raise KeyStoreError(f"The log's origin cannot be used: {error}") from error
    if not os.path.lexists(folder / _ABOUT):
        _make_demonstration(folder, council=council, origin=origin, now=now)
    keyring = load(folder)
    if (keyring.council, keyring.origin) != (council, origin):
        raise KeyStoreError(
            f"The keys in {folder} are those of {keyring.council} with the log {keyring.origin}, "
            f"not of {council} with the log {origin}; use another directory for these"
        )
    return keyring


def load(folder: Path) -> Keyring:
    """Load the keys.

    Raises:
        KeyStoreError: a file is missing, not what it should be, or others can read it.

    """
    check_folder(folder)
    council, origin, demonstration = _read_about(folder)
    seal = _read_certificate(folder, "seal.pem")
    signer = FileSealSigner(
        _read_p256(folder, "seal.key"),
        (seal, _read_certificate(folder, "seal-root.pem")),
    )
    log = Ed25519NoteSigner(origin, _read_ed25519(folder, "log.key"))
    event_hmac, record_kek = (read_secret(folder / name) for name in _SECRETS)
    return Keyring(
        council=council,
        origin=origin,
        # Demonstration keys stay what they are, whatever somebody wrote beside them.
        demonstration=demonstration or is_demonstration(seal),
        log_signer=log,
        seal_signer=signer,
        test_authority=_read_test_authority(folder) if demonstration else None,
        event_hmac=event_hmac,
        record_kek=record_kek,
    )


def _make_demonstration(folder: Path, *, council: str, origin: str, now: datetime) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(folder)
    # A crash between any two of these leaves the first ones, and the next start makes the rest:
    # keys before the certificates that are made of them, keyring.json when all is there.
    put_new(folder, "log.key", _pem(Ed25519PrivateKey.generate()))
    for name in _PAIRS:
        put_new(folder, f"{name}.key", _pem(generate_private_key(SECP256R1())))
    for name in _SECRETS:
        put_new(folder, name, secrets.token_bytes(SECRET_SIZE))
    seal_root, seal = (demonstration_name(council, role) for role in _ROLES)
    _put_certificates(folder, "seal", make_seal_certificate, seal_root, seal, now)
    time_root, time = (make_name("Custos", name) for name in _TEST_NAMES)
    _put_certificates(folder, "tsa", make_time_certificate, time_root, time, now)
    about: JSON = {"v": 1, "council": council, "origin": origin, "demonstration": True}
    put_new(folder, _ABOUT, canonical_json(about) + b"\n")


def _put_certificates(
    folder: Path,
    name: str,
    issue: _Issue,
    root_name: x509.Name,
    leaf_name: x509.Name,
    now: datetime,
) -> None:
    """Make the two certificates of a pair of keys, where they are not there yet."""
    root_key = _read_p256(folder, f"{name}-root.key")
    key = _read_p256(folder, f"{name}.key")
    serial = x509.random_serial_number
    made = make_root(root_name, root_key, now=now, serial=serial())
    put_new(folder, f"{name}-root.pem", format_chain([made]))
    # The one on disk counts: it may be from before a crash.
    root = _read_certificate(folder, f"{name}-root.pem")
    leaf = issue(
        leaf_name, key.public_key(), root=root, root_key=root_key, now=now, serial=serial()
    )
    put_new(folder, f"{name}.pem", format_chain([leaf]))


def _read_about(folder: Path) -> tuple[str, str, bool]:
    data = read_file(folder / _ABOUT, secret=False)
    try:
        match parse_canonical(data.removesuffix(b"\n")):
            case {
                "v": 1,
                "council": str(council),
                "origin": str(origin),
                "demonstration": bool(demonstration),
            }:
                return council, origin, demonstration
    except FormatError as error:
        raise KeyStoreError(f"{folder / _ABOUT} cannot be read: {error}") from error
    raise KeyStoreError(f"{folder / _ABOUT} does not say council, origin and demonstration")


def _read_p256(folder: Path, name: str) -> EllipticCurvePrivateKey:
    key = _read_key(folder / name)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise KeyStoreError(f"{folder / name} holds a key of another kind than EC P-256")
    return key


def _read_ed25519(folder: Path, name: str) -> Ed25519PrivateKey:
    key = _read_key(folder / name)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyStoreError(f"{folder / name} holds a key of another kind than Ed25519")
    return key


def _read_key(path: Path) -> object:
    try:
        return load_pem_private_key(read_file(path, secret=True), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyStoreError(f"{path} holds no private key in PEM without a password") from error


def _read_certificate(folder: Path, name: str) -> Certificate:
    try:
        (certificate,) = parse_chain(read_file(folder / name, secret=False))
    except (FormatError, ValueError) as error:
        raise KeyStoreError(f"{folder / name} is not one certificate in PEM") from error
    return certificate


def _read_test_authority(folder: Path) -> TestAuthorityKeys:
    return TestAuthorityKeys(
        _read_p256(folder, "tsa.key"),
        _read_certificate(folder, "tsa.pem"),
        _read_certificate(folder, "tsa-root.pem"),
    )


def _pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
