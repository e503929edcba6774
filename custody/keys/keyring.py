"""Adapter. The keys of one installation, each in a file of its own.

    keyring.json                    written last: council, log origin, whether a demonstration
    log.key                         Ed25519, signs checkpoints (PEM, as every key that has a pair);
                                    log.pkcs11 and seal.pkcs11 say where a key lies in an HSM
    seal-root.key   seal-root.pem   issues the seal certificate, and nothing else; the key in
                                    demonstrations only, a council's own lies offline
    seal.key        seal.pem        seals releases, until another follows (`generations`)
    tsa-root.key    tsa-root.pem    the test time authority's root; in demonstrations only
    tsa.key         tsa.pem         the test time authority; in demonstrations only
    event-hmac.key                  32 bytes: who may speak to the sequencer
    record-kek.key                  32 bytes: wraps the keys of the records, in the first epoch

Files are 0600 in a directory 0700. Nothing is ever overwritten: without its key a log cannot be
continued, and another key in its place would hide that it is gone. What protects pages and letters
lies beside them (`custody.keys.roots`), and what each is held against (`custody.keys.keychecks`).
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import parse_canonical
from custody.formats.certificates import Certificate, is_demonstration, spki_sha256
from custody.formats.note import Ed25519NoteSigner, NoteSigner, format_verifier_key, require_name
from custody.formats.trust import SealPin, Trust, pem_of, pin_certificate
from custody.keys.epochs import FIRST, Epochs, is_gone, read_epochs
from custody.keys.firstkeys import make_demonstration_keys
from custody.keys.generations import Generation, generations, hold_seal, read_seal_key
from custody.keys.hsm.held import HeldEd25519Key
from custody.keys.hsm.records import SUFFIX, is_held, public_of, read_held
from custody.keys.keychecks import hold, public_part
from custody.keys.keyfiles import (
    ABOUT,
    SECRETS,
    check_folder,
    read_certificate,
    read_ed25519,
    read_file,
    read_p256,
    read_secret,
)
from custody.keys.signing import FileSealSigner, SealSigner
from custody.keys.withheld import WithheldNoteSigner, WithheldSealSigner
from custody.stamping.testauthority import LocalTestAuthority

WITHHOLDABLE = frozenset(["log.key", "seal.key", "tsa.key", *SECRETS])
"""The files of the keyring that a process may do without."""
_SECOND = timedelta(seconds=1)
_STAMPING = ("tsa-root.pem", "tsa.pem", "tsa.key")


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
    """None: not a demonstration, or withheld from this process."""
    test_chain: tuple[Certificate, ...]
    """The test time authority's certificates, in demonstrations."""
    event_hmac: bytes = field(repr=False)
    record_kek: bytes = field(repr=False)
    """Of the first epoch; empty: withheld, or destroyed when that was over."""
    epochs: Epochs = field(repr=False)
    """What records' keys are wrapped with."""
    former: tuple[Generation, ...] = ()
    """The seal keys before the one in use, the first first: what was sealed by them counts."""

    def fingerprints(self) -> dict[str, str]:
        """Say what may be published, by name: what a verifier compares."""
        certificates = {
            "seal certificate": self.seal_signer.certificate,
            "seal root": self.seal_signer.chain[-1],
        }
        if self.test_chain:
            certificates["test time authority"] = self.test_chain[0]
            certificates["test time authority root"] = self.test_chain[-1]
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
            seals=(
                pin_certificate(self.seal_signer.certificate),
                *(_pin_former(one) for one in reversed(self.former)),
            ),
            roots=tuple(
                dict.fromkeys(
                    pem_of(chain[-1])
                    for chain in (self.seal_signer.chain, *(one.chain for one in self.former))
                )
            ),
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
    if not os.path.lexists(folder / ABOUT):
        make_demonstration_keys(folder, council=council, origin=origin, now=now)
    keyring = load(folder)
    if (keyring.council, keyring.origin) != (council, origin):
        raise KeyStoreError(
            f"The keys in {folder} are those of {keyring.council} with the log {keyring.origin}, "
            f"not of {council} with the log {origin}; use another directory for these"
        )
    return keyring


def load(folder: Path, *, withheld: Collection[str] = ()) -> Keyring:
    """Load the keys, all but the ``withheld`` ones of `WITHHOLDABLE`: those are not read.

    Where they are recorded (`custody.keys.keychecks`), each is held against that.

    Raises:
        KeyStoreError: a file is missing, not what it should be, not the one that is recorded, or
            others can read it.

    """
    check_folder(folder)
    council, origin, demonstration = _read_about(folder)
    log = f"log{SUFFIX}" if is_held(folder, "log") else "log.key"
    epochs = read_epochs(folder, withheld=withheld)
    withheld = {*withheld, *([FIRST] if is_gone(folder, 0) else [])}
    wanted = (ABOUT, log, *(_STAMPING if demonstration else ()), *SECRETS)
    hold(folder, [name for name in wanted if name not in withheld])
    *former, seal = generations(folder)
    for one in (*former, seal):
        hold_seal(folder, one.stem, key=one is seal and "seal.key" not in withheld)
    event_hmac, record_kek = (
        b"" if name in withheld else read_secret(folder / name) for name in SECRETS
    )
    return Keyring(
        council=council,
        origin=origin,
        # Demonstration keys stay what they are, whatever somebody wrote beside them.
        demonstration=demonstration or is_demonstration(seal.chain[0]),
        log_signer=_read_log(folder, origin, withheld),
        seal_signer=_read_seal(folder, seal, withheld),
        test_authority=(
            _read_test_authority(folder) if demonstration and "tsa.key" not in withheld else None
        ),
        test_chain=_read_test_chain(folder) if demonstration else (),
        event_hmac=event_hmac,
        record_kek=record_kek,
        epochs=epochs,
        former=tuple(former),
    )


def _read_log(folder: Path, origin: str, withheld: Collection[str]) -> NoteSigner:
    if is_held(folder, "log"):
        public = public_of(folder, "log")
        key = read_held(folder, "log")
        if not isinstance(key, HeldEd25519Key) or not isinstance(public, Ed25519PublicKey):
            raise KeyStoreError(f"{folder}/log{SUFFIX} tells of a key of another kind than Ed25519")
        if "log.key" in withheld:
            return WithheldNoteSigner(origin, public.public_bytes_raw())
        return Ed25519NoteSigner(origin, key)
    if "log.key" in withheld:
        return WithheldNoteSigner(origin, public_part(folder, "log.key"))
    return Ed25519NoteSigner(origin, read_ed25519(folder, "log.key"))


def _read_seal(folder: Path, seal: Generation, withheld: Collection[str]) -> SealSigner:
    if "seal.key" in withheld:
        return WithheldSealSigner(seal.chain)
    return FileSealSigner(read_seal_key(folder, seal.stem), seal.chain)


def _pin_former(former: Generation) -> SealPin:
    """Pin a key that another one followed: its seals count until shortly after that."""
    pin = pin_certificate(former.chain[0])
    assert former.ends is not None  # only the last one has no end
    return replace(pin, valid_to=min(pin.valid_to, max(former.ends, pin.valid_from + _SECOND)))


def _read_about(folder: Path) -> tuple[str, str, bool]:
    data = read_file(folder / ABOUT, secret=False)
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
        raise KeyStoreError(f"{folder / ABOUT} cannot be read: {error}") from error
    raise KeyStoreError(f"{folder / ABOUT} does not say council, origin and demonstration")


def _read_test_authority(folder: Path) -> TestAuthorityKeys:
    return TestAuthorityKeys(read_p256(folder, "tsa.key"), *_read_test_chain(folder))


def _read_test_chain(folder: Path) -> tuple[Certificate, Certificate]:
    return read_certificate(folder, "tsa.pem"), read_certificate(folder, "tsa-root.pem")
