"""Adapter. A seal key of production: made where it is used, requested, and installed.

A request makes the key and says what certificate is wanted for it. The installation checks what
came back before anything is written, and writes what says that all is there last: so it may be
killed at any moment, and done again.
"""

import os
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from custody.check.certificate import check_path, check_seal_profile
from custody.errors import FormatError, KeyStoreError, ProofError
from custody.formats.canonical import JSON, canonical_json, format_time
from custody.formats.certificates import (
    MAX_CERTIFICATES,
    MAX_PEM_BYTES,
    SEAL_POLICY,
    SEAL_ROLE,
    Certificate,
    common_name,
    council_name,
    format_chain,
    is_demonstration,
    is_self_issued,
    is_test_authority,
    key_usage,
)
from custody.formats.note import require_name
from custody.keys.generations import (
    FIRST,
    begin,
    generations,
    is_made,
    next_stem,
    read_seal_key,
)
from custody.keys.hsm.records import is_held, make_held
from custody.keys.hsm.tokens import Curve, Opening
from custody.keys.hsm.uris import KeyPlace
from custody.keys.keyfiles import (
    ABOUT,
    SECRET_SIZE,
    SECRETS,
    check_folder,
    private_pem,
    put_new,
)
from custody.keys.keyring import Keyring, load
from custody.keys.roots import make_roots
from custody.keys.trustissues import revoked_at

SOON = timedelta(days=60)
"""So long before the certificate in use ends, a person is told to rotate."""
_LOG = "log"


def is_installed(folder: Path) -> bool:
    """Tell whether a first seal key was installed here."""
    return os.path.lexists(folder / ABOUT)


def request_seal(
    folder: Path, council: str, *, place: KeyPlace | None = None, opening: Opening | None = None
) -> bytes:
    """Make the next seal key, unless it was made already, and return its request (PEM).

    Raises:
        KeyStoreError: others can write to the folder, or the key cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(folder)
    stem = next_stem(folder)
    if is_made(folder, stem):
        # Of a request before, whose certificate has not come: the same key is asked for again.
        if place is not None and not is_held(folder, stem):
            raise KeyStoreError(
                f"{folder / stem}.key was made for a request before: move it away, if no "
                "certificate is to come for it, and ask again"
            )
    elif place is not None:
        make_held(folder, stem, place, Curve.P256, opening)
    else:
        put_new(folder, f"{stem}.key", private_pem(generate_private_key(SECP256R1())))
    key = read_seal_key(folder, stem)
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(council_name(council, SEAL_ROLE))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(commitment=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(SEAL_POLICY, None)]), critical=False
        )
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )


def read_certificates(pems: Sequence[bytes]) -> tuple[Certificate, ...]:
    """Read the certificates that an authority sent, whatever stands about them.

    Raises:
        KeyStoreError: there are none, too many, or one cannot be read.
    """
    found: list[Certificate] = []
    for pem in pems:
        try:
            found += x509.load_pem_x509_certificates(pem[:MAX_PEM_BYTES])
        except ValueError as error:
            raise KeyStoreError(
                "These are no certificates in PEM (-----BEGIN CERTIFICATE-----): ask whoever "
                "issued them for that form"
            ) from error
    if len(found) > MAX_CERTIFICATES:
        raise KeyStoreError(f"{len(found)} certificates were given; {MAX_CERTIFICATES} may be")
    return tuple(dict.fromkeys(found))


def chain_for(
    folder: Path, stem: str, certificates: Sequence[Certificate], *, now: datetime
) -> tuple[Certificate, ...]:
    """Return the way from the certificate of this seal key to its root, if all of it may be used.

    Raises:
        KeyStoreError: none is for this key, it is of another profile, a certificate between or the
            root is missing, one is out of its dates, or it is of a demonstration.
    """
    public = read_seal_key(folder, stem).public_key()
    own = [one for one in certificates if one.public_key() == public]
    if not own:
        raise KeyStoreError(
            f"No certificate given here is for the key in {folder} ({stem}): was it issued for "
            "another request?"
        )
    leaf = own[0]
    anchors = [one for one in certificates if is_self_issued(one) and one != leaf]
    if not anchors:
        raise KeyStoreError(
            "The root that issued the certificate is missing: give its file, too, after the "
            "certificate's"
        )
    try:
        check_seal_profile(leaf)
        chain = check_path(leaf, certificates, anchors, now)
        chain = tuple(_canonical(one) for one in chain)
    except (ProofError, FormatError) as error:
        raise KeyStoreError(f"The certificate cannot be used: {error}") from error
    if any(is_demonstration(one) or is_test_authority(one) for one in chain):
        raise KeyStoreError(
            f"The certificate of {common_name(leaf)} is that of a demonstration or a test: what it "
            "seals is no evidence"
        )
    return chain


def _canonical(certificate: Certificate) -> Certificate:
    if certificate.serial_number <= 0:
        raise FormatError("a certificate has no positive serial number (RFC 5280, 4.1.2.2)")
    return certificate


def install_first(
    folder: Path,
    chain: tuple[Certificate, ...],
    *,
    council: str,
    origin: str,
    now: datetime,
    log_place: KeyPlace | None = None,
    opening: Opening | None = None,
) -> Keyring:
    """Install the first seal certificate, and make every other key of a production.

    Raises:
        KeyStoreError: keys are installed already, another certificate was begun with, or a key
            cannot be made.
    """
    check_folder(folder)
    if is_installed(folder):
        raise KeyStoreError(f"The keys in {folder} are installed already: nothing was changed")
    try:
        require_name(origin)
    except FormatError as error:
        raise KeyStoreError(f"The log's origin cannot be used: {error}") from error
    if log_place is not None and not is_held(folder, _LOG):
        make_held(folder, _LOG, log_place, Curve.ED25519, opening)
    if not is_held(folder, _LOG):
        put_new(folder, f"{_LOG}.key", private_pem(Ed25519PrivateKey.generate()))
    for name in SECRETS:
        put_new(folder, name, secrets.token_bytes(SECRET_SIZE))
    make_roots(folder, now=now)
    _put_chain(folder, FIRST, chain)
    about: JSON = {"v": 1, "council": council, "origin": origin, "demonstration": False}
    put_new(folder, ABOUT, canonical_json(about) + b"\n")
    return load(folder)


def install_next(folder: Path, chain: tuple[Certificate, ...], *, now: datetime) -> Keyring:
    """Install the certificate of a seal key that follows; from ``now`` on it seals.

    Raises:
        KeyStoreError: another certificate was begun with, or a file is missing.
    """
    check_folder(folder)
    stem = next_stem(folder)
    _put_chain(folder, stem, chain)
    begin(folder, stem, at=now)
    return load(folder)


def waiting(folder: Path) -> str:
    """Return the name of the seal key that waits for its certificate; empty: none does.

    Raises:
        KeyStoreError: a file of the keys before is missing.
    """
    stem = next_stem(folder)
    return stem if is_made(folder, stem) else ""


def look_at_seal(folder: Path, keyring: Keyring, *, now: datetime) -> str:
    """Return what to do because the seal key was revoked, or ends soon; empty: nothing.

    Whoever seals asks the trust file before each seal: this is for people, and stops nothing else.

    Raises:
        KeyStoreError: the last trust file cannot be read.
    """
    certificate = keyring.seal_signer.certificate
    rotate = "run custos keys rotate seal (docs/keys.md)"
    if (at := revoked_at(folder, certificate)) is not None and at <= now:
        return (
            f"the seal key was revoked from {format_time(at)} on, and nothing is sealed: {rotate}"
        )
    end = min(one.not_valid_after_utc for one in keyring.seal_signer.chain)
    if now < end - SOON:
        return ""
    return (
        f"the seal certificate ends on {end:%d %B %Y}, and nothing is sealed from then on: {rotate}"
    )


def may_rotate(folder: Path) -> None:
    """Refuse another seal key where it would hide what these are.

    Raises:
        KeyStoreError: there are no keys yet, or they are of a demonstration.
    """
    if not is_installed(folder):
        raise KeyStoreError(
            f"There are no keys in {folder} yet: begin with custos keys request (docs/keys.md)"
        )
    if load(folder).demonstration:
        raise KeyStoreError(
            f"The keys in {folder} are of a demonstration, which ends with them: for production "
            "name another folder (CUSTOS_KEYS), and run custos keys request"
        )
    generations(folder)


def _put_chain(folder: Path, stem: str, chain: tuple[Certificate, ...]) -> None:
    """Put the certificates beside the key; the same ones as a run before that was killed."""
    for name, content in (
        (f"{stem}-root.pem", format_chain(chain[-1:])),
        (f"{stem}.pem", format_chain(chain[:-1])),
    ):
        put_new(folder, name, content)
        if (folder / name).read_bytes() != content:
            raise KeyStoreError(
                f"{folder / name} is from an installation that was cut short, of another "
                "certificate: install that one, or move the file away"
            )
